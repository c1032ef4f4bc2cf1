package duplextest

import (
	"io"
	"sync/atomic"
	"time"

	"github.com/duplex-go/duplex"
)

// call is a call under way in a goroutine of its own.
type call struct {
	what string
	done chan struct{}
	n    int64 // what it returned; read after done
	err  error
}

func (t *trial) start(what string, f func() (int64, error)) *call {
	c := &call{what: what, done: make(chan struct{})}
	go func() {
		defer close(c.done)
		c.n, c.err = f()
	}()
	return c
}

// offer starts one Write of the first size bytes of f. It waits for it to be
// done or to block: how much a stream takes without a reader is its own affair.
func (t *trial) offer(s duplex.Stream, f *flow, size int) *call {
	c := t.start("Write", func() (int64, error) {
		n, err := s.Write(f.next(size))
		return int64(n), err
	})
	settle(c)
	return c
}

// read starts a Read of s.
func (t *trial) read(s duplex.Stream) *call {
	return t.start("Read", func() (int64, error) {
		n, err := s.Read(make([]byte, 512))
		return int64(n), err
	})
}

// write starts a Write of one byte.
func (t *trial) write(s duplex.Stream) *call {
	return t.start("Write", func() (int64, error) {
		n, err := s.Write([]byte{'x'})
		return int64(n), err
	})
}

// inTime waits for c and reports whether it returned while patience lasted.
func (t *trial) inTime(c *call) bool {
	timer := time.NewTimer(t.Patience)
	defer timer.Stop()
	select {
	case <-c.done:
		return true
	case <-timer.C:
		return false
	}
}

// returns waits for c, which has to return because of what why says.
func (t *trial) returns(c *call, r rule, why string) {
	t.Helper()
	if !t.inTime(c) {
		t.fatal(r, "%s did not return within %v %s", c.what, t.Patience, why)
	}
}

// succeed waits for calls that have to return without an error. It reports the
// first that does not; the others may wait for that one.
func (t *trial) succeed(r rule, calls ...*call) {
	t.Helper()
	first := make(chan *call, len(calls))
	for _, c := range calls {
		go func() {
			<-c.done
			first <- c
		}()
	}
	timer := time.NewTimer(t.Patience)
	defer timer.Stop()
	for range calls {
		select {
		case c := <-first:
			if c.err != nil {
				t.fatal(r, "%s: %v", c.what, c.err)
			}
		case <-timer.C:
			for _, c := range calls {
				select {
				case <-c.done:
				default:
					t.broken(r, "%s was not done within %v", c.what, t.Patience)
				}
			}
			t.FailNow()
		}
	}
}

// lull is how long a call must make no progress to count as blocked, and longLull
// is that where it matters most. If it is too short now and then, a check looks
// less closely; it never fails for it.
const (
	lull     = 3 * time.Millisecond
	longLull = 30 * time.Millisecond
)

// blocks gives c the time to block, and fails if it returns in place of that.
func (t *trial) blocks(c *call, r rule) {
	t.Helper()
	timer := time.NewTimer(lull)
	defer timer.Stop()
	select {
	case <-c.done:
		t.fatal(r, "%s returned %d, %v where it had to wait", c.what, c.n, c.err)
	case <-timer.C:
	}
}

// settle waits for calls, each of which either returns or blocks.
func settle(calls ...*call) {
	timer := time.NewTimer(lull)
	defer timer.Stop()
	for _, c := range calls {
		select {
		case <-c.done:
		case <-timer.C:
			return
		}
	}
}

// flood is a goroutine that writes until a Write fails.
type flood struct {
	*call
	total *atomic.Int64 // what Writes say they took
}

// flood starts to write to s and returns when the peer, which reads nothing,
// has made it wait.
func (t *trial) flood(s duplex.Stream, f *flow) flood {
	t.Helper()
	return t.floodFor(s, f, lull)
}

// floodFor is flood with the time without progress that counts as blocked.
func (t *trial) floodFor(s duplex.Stream, f *flow, lull time.Duration) flood {
	t.Helper()
	total := new(atomic.Int64)
	c := t.start("a Write to a peer that does not read", func() (int64, error) {
		for {
			n, err := s.Write(f.next(30_011))
			f.back(30_011 - n)
			total.Add(int64(n))
			if err == nil && n < 30_011 {
				err = io.ErrShortWrite
			}
			if err != nil {
				return total.Load(), err
			}
		}
	})
	ticker := time.NewTicker(lull)
	defer ticker.Stop()
	for last := int64(-1); ; {
		select {
		case <-c.done:
			t.fatal(bounded, "Write failed while the peer did not read: %v", c.err)
		case <-ticker.C:
		}
		now := total.Load()
		if now > t.MaxBuffered {
			t.fatal(bounded, "Write took %d bytes that the peer has not read; MaxBuffered is %d", now, t.MaxBuffered)
		}
		if now == last {
			return flood{c, total}
		}
		last = now
	}
}
