package duplex

import (
	"context"
	"errors"
	"io"
	"runtime/debug"
)

// program is a Handler at work on a Conn.
type program struct {
	c    *Conn
	h    *Handler
	over func(error) // called last, with what the stream failed with; may be nil

	opened  bool
	calling bool // a call of Data is under way
	given   int  // how much the last one got

	poller *poller // nil if waiting takes a goroutine
	place  place   // where poller has it
}

// errExited is what a stream fails with whose callback has called
// runtime.Goexit, as testing.T.FailNow does.
var errExited = errors.New("duplex: a callback has ended its goroutine")

// run runs the callbacks until the stream is over, or until it is left to the
// poller, which calls run again.
func (p *program) run() {
	parked, err := false, errExited
	defer func() {
		if !parked {
			p.finish(err)
		}
	}()
	parked, err = p.serve()
}

// finish ends the stream, which err has ended unless it is nil.
func (p *program) finish(err error) {
	if err != nil {
		_ = p.c.Abort(err)
	} else {
		_ = p.c.Close()
	}
	p.c.over(&p.c.opened, nil) // where Open has not returned
	if p.poller != nil {
		p.poller.remove(p)
	}
	failed := errExited // if a last callback ends its goroutine
	if p.over != nil {
		defer func() { p.over(failed) }()
	}
	failed = p.last(err)
}

// last makes the last calls, those of Error and Close, and returns what the
// stream has failed with.
func (p *program) last(err error) (failed error) {
	c, h := p.c, p.h
	// One turn for both, so that nothing comes between them or after.
	c.serial.enter()
	defer c.serial.leave()
	defer c.over(&c.pumped, nil)
	if failed = err; failed == nil {
		failed = c.panicked()
	}
	defer func() {
		if h.Close == nil {
			return
		}
		if perr := protect(func() error { h.Close(c); return nil }); failed == nil {
			failed = perr
		}
	}()
	if failed != nil && h.Error != nil {
		_ = protect(func() error { h.Error(c, failed); return nil })
	}
	return failed
}

// serve runs the callbacks up to the end of both sides. The error is nil if
// both ended, or if this side closed the stream.
func (p *program) serve() (parked bool, err error) {
	c, h := p.c, p.h
	if !p.opened {
		p.opened = true
		err := c.turn(func() {
			if h.Open != nil {
				h.Open(c)
			}
		})
		c.over(&c.opened, nil)
		if err != nil {
			return false, err
		}
		if p.poller != nil {
			p.poller.add(p)
		}
	}
	for {
		err := p.readAll()
		if err == nil {
			break
		}
		if p.poller != nil && isTimeout(err) {
			parked, again := p.poller.park(p) // then p may be somebody else's already
			if parked {
				return true, nil
			}
			if again {
				continue
			}
		}
		return false, c.why(err)
	}
	err = c.turn(func() {
		if h.End != nil {
			h.End(c)
		}
	})
	if err != nil {
		return false, err
	}
	if h.HalfOpen {
		err = c.WaitWrite(context.Background())
	} else if err = c.CloseWrite(); errors.Is(err, ErrNoCloseWrite) {
		err = nil // the close that follows is all that it can do
	}
	return false, c.why(err)
}

// readAll hands what arrives to h.Data. It returns nil at the peer's end.
func (p *program) readAll() (err error) {
	c := p.c
	in := newFiller(c.below)
	in.hold = p.poller
	defer in.close()
	defer func() {
		if !p.calling {
			return // what panics, if anything does, is not the handler
		}
		if v := recover(); v != nil {
			err = &PanicError{Value: v, Stack: debug.Stack()}
		}
		p.calling = false
		c.serial.leave()
	}()
	for {
		if n := len(c.unread); n > 0 && (p.given == 0 || n < p.given) {
			p.given = n
			if err := p.data(c.reread(nil)); err != nil {
				return err
			}
			continue
		}
		buf, err := in.next()
		if buf != nil {
			c.read.Add(int64(buf.len()))
			b := buf.bytes()
			if len(c.unread) > 0 {
				b = c.reread(b)
			}
			p.given = len(b)
			derr := p.data(b)
			in.reuse(buf)
			if derr != nil {
				return derr
			}
		}
		if err != nil {
			if err = c.readOver(err); err == io.EOF {
				return nil
			}
			return err
		}
	}
}

// reread takes what was given back, and p behind it.
func (c *Conn) reread(p []byte) []byte {
	c.read.Add(int64(len(c.unread)))
	p = append(c.unread, p...)
	c.unread = nil
	return p
}

// data calls h.Data and returns what must end the stream: the error of a write
// that h may not have looked at. A panic is left to readAll, so that a call
// costs as little as can be.
func (p *program) data(b []byte) error {
	if p.h.Data == nil {
		return nil
	}
	c := p.c
	c.serial.enter()
	p.calling = true
	p.h.Data(c, b)
	p.calling = false
	c.serial.leave()
	if !c.broken.Load() {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.writeEnd.err
}
