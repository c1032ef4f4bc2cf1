package main

import (
	"io"
	"log"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// load is a number of connections to a server, each of which sends so many
// bytes, waits for their echo and goes on so. What it counts is of one round.
type load struct {
	conns   []net.Conn
	size    int
	counted int64         // round trips that were timed
	all     int64         // round trips, those included that only warm up and end a turn
	busy    time.Duration // how long the timed ones took
	began   time.Duration // the server's processor time when the round began
}

func newLoad(addr string, conns, size int) *load {
	l := &load{size: size}
	for range conns {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			log.Fatal(err)
		}
		l.conns = append(l.conns, c)
	}
	return l
}

func (l *load) close() {
	for _, c := range l.conns {
		_ = c.Close()
	}
}

// run keeps all connections busy for the given time, after a round trip on each
// that is not timed.
func (l *load) run(length time.Duration) {
	var trips atomic.Int64
	var ready, done sync.WaitGroup
	start := make(chan struct{})
	var stop atomic.Bool
	for _, c := range l.conns {
		ready.Add(1)
		done.Go(func() {
			out, in := make([]byte, l.size), make([]byte, l.size)
			trip := func() {
				if _, err := c.Write(out); err != nil {
					log.Fatal(err)
				}
				if _, err := io.ReadFull(c, in); err != nil {
					log.Fatal(err)
				}
			}
			trip() // the server has the connection, and whatever it wakes is awake
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
	l.counted += trips.Load()
	l.busy += time.Since(began)
	done.Wait()
	l.all += trips.Load() + int64(len(l.conns))
}
