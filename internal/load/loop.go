package load

import (
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// Loop is a number of connections to a server that echoes, each of which sends
// so many bytes, waits for them and goes on so: a closed loop. One goroutine may
// use it.
type Loop struct {
	Trips int64         // round trips that were timed
	All   int64         // round trips, those included that only warm up and end a turn
	Busy  time.Duration // how long the timed ones took

	conns []net.Conn
	size  int
}

// NewLoop connects to addr. The caller closes it.
func NewLoop(addr string, conns, size int) (*Loop, error) {
	l := &Loop{size: size}
	for range conns {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			l.Close()
			return nil, err
		}
		l.conns = append(l.conns, c)
	}
	return l, nil
}

// Close closes the connections.
func (l *Loop) Close() {
	for _, c := range l.conns {
		_ = c.Close()
	}
}

// Begin forgets what has been counted.
func (l *Loop) Begin() { l.Trips, l.All, l.Busy = 0, 0, 0 }

// Rate returns the round trips a second since Begin.
func (l *Loop) Rate() float64 { return float64(l.Trips) / l.Busy.Seconds() }

// Run keeps all connections busy for the given time, after a round trip on each
// that is not timed: the server then has the connection, and whatever it wakes is
// awake.
func (l *Loop) Run(length time.Duration) error {
	var trips atomic.Int64
	var stop atomic.Bool
	var ready, done sync.WaitGroup
	start := make(chan struct{})
	failed := make([]error, len(l.conns))
	for i, c := range l.conns {
		ready.Add(1)
		done.Go(func() {
			out, in := make([]byte, l.size), make([]byte, l.size)
			err := trip(c, out, in)
			ready.Done()
			<-start
			for err == nil && !stop.Load() {
				if err = trip(c, out, in); err == nil {
					trips.Add(1)
				}
			}
			failed[i] = err
		})
	}
	ready.Wait()
	began := time.Now()
	close(start)
	time.Sleep(length)
	stop.Store(true)
	n := trips.Load()
	l.Trips += n
	l.Busy += time.Since(began)
	done.Wait()
	l.All += trips.Load() + int64(len(l.conns))
	return firstOf(failed)
}

// trip sends out and waits until as much has come back.
func trip(c net.Conn, out, in []byte) error {
	if _, err := c.Write(out); err != nil {
		return fmt.Errorf("sending a message: %w", err)
	}
	if _, err := io.ReadFull(c, in); err != nil {
		return fmt.Errorf("waiting for its echo: %w", err)
	}
	return nil
}
