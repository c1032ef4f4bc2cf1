package duplex

import (
	"errors"
	"io"
	"net"
	"os"
	"slices"
	"sync/atomic"
	"syscall"
	"time"
)

// side is the side of a transfer that an error belongs to.
type side uint8

const (
	neither side = iota
	reading
	writing
)

// transfer moves the bytes of one direction: from src to dst until src ends
// or one of them fails. It ends and closes nothing.
//
// Wrappers that do not need the bytes are looked through, so that sockets meet
// without a copy and in-memory streams hand over their buffers.
type transfer struct {
	src io.Reader
	dst io.Writer

	// tick is how often a transfer inside the kernel comes up to count; it may
	// then set read deadlines on src. Zero leaves deadlines alone.
	tick time.Duration
	// live flushes a destination that buffers whenever the source has no more
	// for the moment.
	live bool
	// touched, if set, is called after bytes have moved.
	touched func()

	quit    atomic.Bool  // set by whoever then ends a pending read with a deadline
	moved   atomic.Int64 // bytes that dst has taken, live
	holding atomic.Bool  // bytes have been read that dst has not taken yet
	inside  atomic.Bool  // the kernel may be moving bytes to dst
	err     error        // why the transfer stopped; nil at the end of src
	failed  side         // whose error it is

	from  []meter      // of the wrappers around src
	to    []writeMeter // of those around dst
	flush func() error // set when live and dst buffers
}

// meter is a wrapper's own account of the bytes that pass by it.
type meter interface {
	add(n int64)
	// over says that the direction is over: io.EOF, or what went wrong. It
	// returns the same, or what it knows better.
	over(err error) error
}

// writeMeter is a meter of what is written.
type writeMeter interface {
	meter
	// carry names the transfer that moves the bytes; nil at its end.
	carry(t *transfer)
}

// passer is a wrapper that lets a transfer take the stream below it, because
// it needs no more than the count of the bytes. ok is false where it needs
// the bytes themselves.
type passer interface {
	passRead() (below Stream, waiting []byte, m meter, ok bool)
	passWrite() (below Stream, m writeMeter, ok bool)
}

// run does the transfer and returns when it is over.
func (t *transfer) run() {
	defer t.report()
	if !t.look() {
		return
	}
	if f, ok := t.dst.(flusher); ok && t.live {
		t.flush = f.Flush
	}
	src, _ := t.src.(*PairEnd)
	dst, _ := t.dst.(*PairEnd)
	switch {
	case src != nil:
		t.fromPair(src, dst)
	case t.spliced(), t.sendfile():
	default:
		t.copy(dst)
	}
}

// busy reports whether a write to dst may be under way. It stays true when one
// has failed: whoever sees it false knows that no failure is on its way to be
// recorded.
func (t *transfer) busy() bool { return t.holding.Load() || t.inside.Load() }

// report tells the wrappers how their side of the transfer ended.
func (t *transfer) report() {
	for _, m := range t.to {
		if t.failed == writing {
			_ = m.over(t.err)
		}
		m.carry(nil)
	}
	if t.failed != writing {
		err := t.err
		if err == nil {
			err = io.EOF
		}
		for _, m := range slices.Backward(t.from) { // the innermost knows its stream best
			err = m.over(err)
		}
		t.stop(reading, err)
	}
}

// look replaces src and dst by the streams below their wrappers and moves
// first what wrappers hold ready. It reports false if that failed.
func (t *transfer) look() bool {
	for {
		p, ok := t.dst.(passer)
		if !ok {
			break
		}
		below, m, ok := p.passWrite()
		if !ok {
			break
		}
		t.dst = below
		t.to = append(t.to, m)
		m.carry(t)
	}
	for {
		p, ok := t.src.(passer)
		if !ok {
			break
		}
		below, waiting, m, ok := p.passRead()
		if !ok {
			break
		}
		t.src = below
		t.from = append(t.from, m)
		if len(waiting) > 0 && !t.write(waiting) {
			return false
		}
	}
	return true
}

// progress accounts for n bytes that dst has taken.
func (t *transfer) progress(n int64) {
	if n == 0 {
		return
	}
	t.moved.Add(n)
	for _, m := range t.from {
		m.add(n)
	}
	for _, m := range t.to {
		m.add(n)
	}
	if t.touched != nil {
		t.touched()
	}
}

// stop records the error that ends the transfer.
func (t *transfer) stop(s side, err error) {
	if err == io.EOF && s == reading {
		return
	}
	t.err, t.failed = err, s
}

// write writes p to dst and reports whether the transfer goes on.
func (t *transfer) write(p []byte) bool {
	t.holding.Store(true)
	n, err := t.dst.Write(p)
	n, err = wrote(n, len(p), err)
	t.progress(int64(n))
	if err != nil {
		t.stop(writing, err)
		return false
	}
	t.holding.Store(false)
	return true
}

// flushed flushes dst, whose reader may wait for what the source has sent so
// far, and reports whether the transfer goes on.
func (t *transfer) flushed() bool {
	t.holding.Store(true)
	if err := t.flush(); err != nil {
		t.stop(writing, err)
		return false
	}
	t.holding.Store(false)
	return true
}

// fromPair hands on the buffers that wait in src; dst is t.dst if that is an
// in-memory stream too.
func (t *transfer) fromPair(src, dst *PairEnd) {
	for {
		c, err := src.in.take()
		if err != nil {
			t.stop(reading, err)
			return
		}
		if dst != nil {
			if !t.adopt(c, dst) {
				return
			}
			continue
		}
		ok := t.write(c.bytes())
		c.free()
		if !ok || t.flush != nil && src.in.level() == 0 && !t.flushed() {
			return
		}
	}
}

// adopt hands c over to dst and reports whether the transfer goes on.
func (t *transfer) adopt(c *chunk, dst *PairEnd) bool {
	t.holding.Store(true)
	n, err := dst.out.adopt(c)
	t.holding.Store(false)
	t.progress(int64(n))
	if err != nil {
		t.stop(writing, err)
	}
	return err == nil
}

// copy moves bytes through pooled buffers; dst is t.dst if that is an
// in-memory stream.
func (t *transfer) copy(dst *PairEnd) {
	in := newFiller(t.src)
	for {
		c, rerr := in.next()
		if c != nil && !t.deliver(c, dst) {
			return
		}
		if t.flush != nil && rerr == nil && !in.more() && !t.flushed() {
			return
		}
		if rerr != nil {
			t.stop(reading, rerr)
			return
		}
	}
}

// deliver writes c, frees it and reports whether the transfer goes on.
func (t *transfer) deliver(c *chunk, dst *PairEnd) bool {
	if dst != nil {
		return t.adopt(c, dst)
	}
	ok := t.write(c.bytes())
	c.free()
	return ok
}

// sendfileStep is how much of a file goes into the kernel at once, so that
// counters stay live.
const sendfileStep = 4 << 20

// sendfile moves a regular file to a TCP connection inside the kernel. It
// reports false if that is not what is asked for.
func (t *transfer) sendfile() bool {
	file, ok := t.src.(*os.File)
	if !ok {
		return false
	}
	dst, ok := t.dst.(*net.TCPConn)
	if !ok {
		return false
	}
	if info, err := file.Stat(); err != nil || !info.Mode().IsRegular() {
		return false
	}
	t.inside.Store(true)
	for !t.quit.Load() {
		n, err := dst.ReadFrom(&io.LimitedReader{R: file, N: sendfileStep})
		t.progress(n)
		switch {
		case err != nil:
			t.stop(t.blame(err), err)
			return true
		case n < sendfileStep:
			return true
		}
	}
	t.stop(reading, os.ErrDeadlineExceeded)
	return true
}

// blame tells whose error came out of a call that both reads and writes.
func (t *transfer) blame(err error) side {
	if errors.Is(err, syscall.EPIPE) {
		return writing
	}
	// A connection that can still be written to did not fail; the kernel
	// checks its state on a write of no bytes too.
	if _, werr := t.dst.Write(nil); werr != nil {
		return writing
	}
	return reading
}
