// Package load puts servers and joins under load, and tells what they give and
// what they take. It serves "duplex bench" and the comparisons of bench/.
package load

import (
	"fmt"
	"io"
	"net"
	"sync"
	"time"
)

// Serve listens on loopback, serves every connection with f and returns the port.
// stop waits for those that are served. What f returns is for the other end of
// the connection to find out.
func Serve(f func(c *net.TCPConn) error) (port string, stop func(), err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
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
				_ = f(c.(*net.TCPConn))
			})
		}
	})
	_, port, _ = net.SplitHostPort(l.Addr().String())
	return port, func() {
		_ = l.Close()
		serving.Wait()
	}, nil
}

// Bare is the echo server that every Go program can have without a library: a
// goroutine reads from each connection, and another one beats if it is to.
type Bare struct {
	Buffer int           // bytes a read takes at most; 0 is 64 KiB
	Beat   time.Duration // how often to send a byte besides; 0 is never
}

// Serve serves the connections of l until it fails.
func (b Bare) Serve(l net.Listener) error {
	for {
		c, err := l.Accept()
		if err != nil {
			return err
		}
		go b.serve(c)
	}
}

func (b Bare) serve(c net.Conn) {
	defer c.Close()
	if b.Beat > 0 {
		done := make(chan struct{})
		defer close(done)
		go b.beat(c, done)
	}
	size := b.Buffer
	if size == 0 {
		size = 64 << 10
	}
	buf := make([]byte, size)
	for {
		n, err := c.Read(buf)
		if err != nil {
			return
		}
		if _, err := c.Write(buf[:n]); err != nil {
			return
		}
	}
}

func (b Bare) beat(c net.Conn, done <-chan struct{}) {
	t := time.NewTicker(b.Beat)
	defer t.Stop()
	for {
		select {
		case <-t.C:
			_, _ = io.WriteString(c, "b")
		case <-done:
			return
		}
	}
}

// Connect connects to a program that may have just started.
func Connect(addr string) (*net.TCPConn, error) {
	var err error
	for range 100 {
		var c net.Conn
		if c, err = net.Dial("tcp", addr); err == nil {
			return c.(*net.TCPConn), nil
		}
		time.Sleep(20 * time.Millisecond)
	}
	return nil, fmt.Errorf("nobody listens: %w", err)
}

// firstOf returns the first error there is: that of one connection says enough.
func firstOf(errs []error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
