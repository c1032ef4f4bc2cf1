package duplex

import (
	"context"
	"errors"
	"net"
)

// Handler is a stream's program as callbacks. All are optional, and all of one
// stream's run one at a time, so that a handler needs no lock. While a callback
// runs nothing more is read: a callback that takes its time, or waits in a
// write for a slow peer, slows its own peer down and nobody else.
//
// A callback that panics aborts its stream with a [PanicError].
type Handler struct {
	// Open is called first.
	Open func(c *Conn)

	// Data is called with whatever has arrived, between 1 byte and 64 KiB. It
	// must not keep p after it returns. What it gives back with Conn.Unread
	// comes again: at once if it took some of p, otherwise in front of what
	// arrives next. Without Data, what arrives is dropped.
	Data func(c *Conn, p []byte)

	// End is called when the peer has ended. When it returns, this side ends
	// too, unless HalfOpen is set.
	End func(c *Conn)

	// Error is called when the stream fails, at most once and after it no
	// other callback but Close.
	Error func(c *Conn, err error)

	// Close is called last, exactly once, with the stream closed.
	Close func(c *Conn)

	// Shutdown is called when the server of the stream begins to shut down. A
	// CloseWrite here asks the peer to come to its end.
	Shutdown func(c *Conn)

	// HalfOpen keeps this side open after the peer's end, until it calls
	// CloseWrite or Close itself.
	HalfOpen bool
}

// Handle runs h on s and returns s as a [Conn]. It reads in a goroutine of its
// own, which ends with the stream: when both sides have ended, when the stream
// fails, and when anybody closes or aborts it. [Conn.Wait] waits for that.
//
// A stream has one handler; Handle panics on a Conn that has one already.
func Handle(s Stream, h Handler) *Conn {
	c := NewConn(s)
	c.claim()
	go (&program{c: c, h: &h}).run()
	return c
}

// claim marks c as handled.
func (c *Conn) claim() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.handled {
		panic("duplex: stream has a handler already")
	}
	c.handled = true
}

// crash ends c because a callback has panicked. The panic is kept: it is to be
// reported even if the callback had closed c before.
func (c *Conn) crash(err error) {
	c.mu.Lock()
	if c.crashed == nil {
		c.crashed = err
	}
	c.mu.Unlock()
	_ = c.Abort(err)
}

func (c *Conn) panicked() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.crashed
}

// turn calls f in the stream's turn and returns its panic as an error.
func (c *Conn) turn(f func()) error {
	c.serial.enter()
	defer c.serial.leave()
	return protect(func() error { f(); return nil })
}

// offer calls f in the stream's turn, after Open and unless the last callback
// has been.
func (c *Conn) offer(f func()) {
	_ = c.await(context.Background(), &c.opened)
	c.serial.offer(callFunc(func() {
		c.mu.Lock()
		over := c.pumped.set
		c.mu.Unlock()
		if over {
			return
		}
		err := errExited
		defer func() {
			if err != nil {
				c.crash(err)
			}
		}()
		err = protect(func() error { f(); return nil })
	}))
}

// why returns what ended c: nothing to report if this side closed it without a
// reason.
func (c *Conn) why(err error) error {
	if _, ok := err.(*PanicError); ok || err == nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, l := range []*latch{&c.writeEnd, &c.readEnd} {
		if l.set && errors.Is(l.err, net.ErrClosed) {
			err = l.err
		}
	}
	return closeCause(err)
}
