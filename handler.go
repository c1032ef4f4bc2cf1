package duplex

import (
	"context"
	"errors"
	"io"
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
	// must not keep p after it returns. Without it, what arrives is dropped.
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
	go c.pump(&h)
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

// pump runs h on c until c is over.
func (c *Conn) pump(h *Handler) error {
	err := c.serve(h)
	if err != nil {
		_ = c.Abort(err)
		c.turn(func() {
			if h.Error != nil {
				h.Error(c, err)
			}
		})
	} else {
		_ = c.Close()
	}
	perr := c.turn(func() {
		defer c.over(&c.pumped, nil) // in this turn, so that it is the last one
		if h.Close != nil {
			h.Close(c)
		}
	})
	if err == nil {
		err = perr
	}
	return err
}

// turn calls f in the stream's turn and returns its panic as an error.
func (c *Conn) turn(f func()) error {
	c.serial.enter()
	defer c.serial.leave()
	return protect(func() error { f(); return nil })
}

// offer calls f in the stream's turn, unless the last callback has been.
func (c *Conn) offer(f func()) {
	c.serial.offer(func() {
		c.mu.Lock()
		over := c.pumped.set
		c.mu.Unlock()
		if over {
			return
		}
		if err := protect(func() error { f(); return nil }); err != nil {
			_ = c.Abort(err)
		}
	})
}

// serve runs the callbacks up to the end of both sides. It returns nil if
// both ended, or if this side closed the stream.
func (c *Conn) serve(h *Handler) error {
	if h.Open != nil {
		if err := c.turn(func() { h.Open(c) }); err != nil {
			return err
		}
	}
	if err := c.readAll(h); err != nil {
		return c.why(err)
	}
	err := c.turn(func() {
		if h.End != nil {
			h.End(c)
		}
	})
	if err != nil {
		return err
	}
	if h.HalfOpen {
		err = c.WaitWrite(context.Background())
	} else if err = c.CloseWrite(); errors.Is(err, ErrNoCloseWrite) {
		err = nil // the close that follows is all that it can do
	}
	return c.why(err)
}

// why returns what ended c: nothing to report if this side closed it without a
// reason.
func (c *Conn) why(err error) error {
	if err == nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, l := range []*latch{&c.writeEnd, &c.readEnd} {
		if l.set && errors.Is(l.err, net.ErrClosed) {
			err = l.err
		}
	}
	if err == ErrClosed {
		return nil
	}
	var cause interface{ Unwrap() []error }
	if errors.Is(err, ErrClosed) && errors.As(err, &cause) {
		return cause.Unwrap()[1] // what Abort was called with; see closedError
	}
	return err
}

// readAll hands what arrives to h.Data until the peer's end.
func (c *Conn) readAll(h *Handler) error {
	for len(c.unread) > 0 {
		p := c.unread
		c.unread = nil
		c.read.Add(int64(len(p)))
		if err := c.data(h, p); err != nil {
			return err
		}
	}
	in := newFiller(c.below)
	for {
		buf, err := in.next()
		if buf != nil {
			c.read.Add(int64(buf.len()))
			derr := c.data(h, buf.bytes())
			buf.free()
			if derr != nil {
				return derr
			}
		}
		if err != nil {
			c.readOver(err)
			if err == io.EOF {
				return nil
			}
			return err
		}
	}
}

// data calls h.Data and returns what must end the stream: a panic, or the
// error of a write that h may not have looked at.
func (c *Conn) data(h *Handler, p []byte) (err error) {
	if h.Data == nil {
		return nil
	}
	c.serial.enter()
	defer c.serial.leave()
	if err := protect(func() error { h.Data(c, p); return nil }); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.writeEnd.err
}
