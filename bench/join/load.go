package main

import (
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"slices"
	"sync"
	"time"
)

// backend listens, serves every connection with f and returns its port.
func backend(f func(c *net.TCPConn) error) (port string, stop func()) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			serving.Go(func() {
				defer c.Close()
				_ = f(c.(*net.TCPConn)) // the client finds out what fails
			})
		}
	})
	_, port, _ = net.SplitHostPort(l.Addr().String())
	return port, func() {
		_ = l.Close()
		serving.Wait()
	}
}

func connect(addr string) *net.TCPConn {
	for range 100 {
		c, err := net.Dial("tcp", addr)
		if err == nil {
			return c.(*net.TCPConn)
		}
		time.Sleep(20 * time.Millisecond) // a program that has just started
	}
	log.Fatalf("nobody listens on %s", addr)
	return nil
}

// chunk is what bulk sends and reads at once.
const chunk = 256 << 10

// bulk sends size bytes through p, and as many back at once if both is set, and
// returns how many MB a second went each way.
func (p proxy) bulk(size int64, both bool) (rate float64) {
	port, stop := backend(func(c *net.TCPConn) error {
		back := make(chan error, 1)
		go func() {
			if !both {
				back <- nil
				return
			}
			back <- send(c, size)
		}()
		err := take(c, size)
		return errors.Join(err, <-back, c.CloseWrite()) // the end says that all has arrived
	})
	defer stop()
	p.run(port, func(addr string, _ int) {
		c := connect(addr)
		defer c.Close()
		began := time.Now()
		sent := make(chan error, 1)
		go func() { sent <- errors.Join(send(c, size), c.CloseWrite()) }()
		want := int64(0)
		if both {
			want = size
		}
		err := take(c, want)
		if err := errors.Join(err, <-sent); err != nil {
			log.Fatalf("%s: %v", p.name, err)
		}
		rate = float64(size) / 1e6 / time.Since(began).Seconds()
	})
	return rate
}

func send(c net.Conn, size int64) error {
	p := make([]byte, chunk)
	for size > 0 {
		n, err := c.Write(p[:min(size, chunk)])
		if err != nil {
			return err
		}
		size -= int64(n)
	}
	return nil
}

// take reads to the end, before which size bytes must have come.
func take(c net.Conn, size int64) error {
	p := make([]byte, chunk)
	var got int64
	for {
		n, err := c.Read(p)
		got += int64(n)
		if err == io.EOF && got == size {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%d of %d bytes: %w", got, size, err)
		}
	}
}

// pingPong sends messages to and fro on each of conns connections, and returns
// the median of how long one took and what 99 of 100 took at most, in µs.
func (p proxy) pingPong(size, conns, trips int) (half, most float64) {
	port, stop := backend(func(c *net.TCPConn) error {
		p := make([]byte, size)
		for {
			if _, err := io.ReadFull(c, p); err != nil {
				return err
			}
			if _, err := c.Write(p); err != nil {
				return err
			}
		}
	})
	defer stop()
	p.run(port, func(addr string, _ int) {
		var mu sync.Mutex
		var all []float64
		var clients sync.WaitGroup
		for range conns {
			clients.Go(func() {
				c := connect(addr)
				defer c.Close()
				buf := make([]byte, size)
				var took []float64
				for i := range trips/conns + 20 {
					began := time.Now()
					if _, err := c.Write(buf); err != nil {
						log.Fatalf("%s: %v", p.name, err)
					}
					if _, err := io.ReadFull(c, buf); err != nil {
						log.Fatalf("%s: %v", p.name, err)
					}
					if i >= 20 { // the first ones find everything cold
						took = append(took, float64(time.Since(began).Nanoseconds())/1e3)
					}
				}
				mu.Lock()
				all = append(all, took...)
				mu.Unlock()
			})
		}
		clients.Wait()
		slices.Sort(all)
		half, most = all[len(all)/2], all[len(all)*99/100]
	})
	return half, most
}

// idle opens pairs, moves a byte on each and returns what one costs the proxy
// in memory then, in KiB.
func (p proxy) idle(pairs int) (each float64) {
	port, stop := backend(func(c *net.TCPConn) error {
		_, err := io.Copy(c, c)
		return err
	})
	defer stop()
	p.run(port, func(addr string, pid int) {
		first := connect(addr)
		exchange(first)
		_ = first.Close()
		before := memory(pid)
		var conns []net.Conn
		for range pairs {
			c := connect(addr)
			defer c.Close()
			exchange(c)
			conns = append(conns, c)
		}
		time.Sleep(500 * time.Millisecond) // what is only on its way goes
		each = float64(memory(pid)-before) / float64(len(conns))
	})
	return each
}

func exchange(c net.Conn) {
	var b [1]byte
	if _, err := c.Write(b[:]); err != nil {
		log.Fatal(err)
	}
	if _, err := io.ReadFull(c, b[:]); err != nil {
		log.Fatal(err)
	}
}
