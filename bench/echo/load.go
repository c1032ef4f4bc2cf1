package main

import (
	"io"
	"log"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// load sends size bytes on each of conns connections, waits for their echo and
// goes on so for the given time. It returns the round trips a second, and how
// many there were in all.
func load(addr string, conns, size int, length time.Duration) (rate float64, all int64) {
	var trips atomic.Int64
	var ready, done sync.WaitGroup
	start := make(chan struct{})
	var stop atomic.Bool
	for range conns {
		ready.Add(1)
		done.Go(func() {
			c, err := net.Dial("tcp", addr)
			if err != nil {
				log.Fatal(err)
			}
			defer c.Close()
			out, in := make([]byte, size), make([]byte, size)
			trip := func() {
				if _, err := c.Write(out); err != nil {
					log.Fatal(err)
				}
				if _, err := io.ReadFull(c, in); err != nil {
					log.Fatal(err)
				}
			}
			trip() // the server has accepted
			ready.Done()
			<-start
			for !stop.Load() {
				trip()
				trips.Add(1)
			}
		})
	}
	ready.Wait()
	began := time.Now()
	close(start)
	time.Sleep(length)
	stop.Store(true)
	n, took := trips.Load(), time.Since(began)
	done.Wait()
	return float64(n) / took.Seconds(), trips.Load() + int64(conns)
}
