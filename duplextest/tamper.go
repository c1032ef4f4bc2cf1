package duplextest

import (
	"errors"
	"fmt"
	"math"
	"net"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/duplex-go/duplex"
)

// ErrInjected is matched by every error that [Chaos] and [Fault] make up, but
// not by those of a [Fault] with an Err of its own.
var ErrInjected = errors.New("duplextest: injected failure")

// Op is a kind of call on a stream.
type Op uint8

const (
	AnyOp         Op = iota // any of the following
	OpRead                  // Read
	OpWrite                 // Write
	OpCloseWrite            // CloseWrite
	OpClose                 // Close and Abort
	OpSetDeadline           // SetDeadline, SetReadDeadline and SetWriteDeadline
	ops
)

var opText = [ops]string{"any call", "Read", "Write", "CloseWrite", "Close", "SetDeadline"}

// String returns the name of the call.
func (o Op) String() string {
	if o < ops {
		return opText[o]
	}
	return fmt.Sprintf("Op(%d)", uint8(o))
}

// Tampered is a stream that [Chaos] or [Fault] has been put on. It half-closes,
// aborts and keeps deadlines as the stream below does; a deadline, and Close,
// also end whatever it makes a call wait for. Like that of any stream, its
// first error in a direction is kept: the calls after it fail alike.
//
// Join and io.Copy do not look through it: every byte passes its Read and
// Write.
type Tampered struct {
	below duplex.Stream
	plan  plan

	writing        chan struct{} // held by the Write whose pieces are on their way
	rlimit, wlimit limit
	gone           chan struct{} // closed by Close
	shut           sync.Once

	mu         sync.Mutex // guards plan and all below; never held while waiting
	calls      [ops]int
	injected   int
	rerr, werr error // made up for good
}

var (
	_ duplex.Stream  = (*Tampered)(nil)
	_ duplex.Aborter = (*Tampered)(nil)
	_ net.Conn       = (*Tampered)(nil)
)

// plan says what happens at a call.
type plan interface {
	// next is asked once for every call, and for every piece of a Write that
	// it has split. n is how many calls of this kind, and all how many calls
	// of any kind there have been, this one included.
	next(op Op, n, all int) step
}

// step is what happens at a call. The zero step is nothing.
type step struct {
	wait  time.Duration // before anything else
	stall bool          // wait until a deadline or Close
	still bool          // the stall is one that has been counted
	split float64       // how much less to move at once, between 0 and 1; 0 is all
	fail  failure
	err   error // for fail
}

// failure is how a call goes wrong.
type failure uint8

const (
	none    failure = iota
	refuse          // nothing done, and an error
	partial         // something done, and an error
	short           // less done than asked for, and no error
	reset           // the stream aborted, and an error
)

func tamper(s duplex.Stream, p plan) *Tampered {
	return &Tampered{below: s, plan: p, writing: make(chan struct{}, 1), gone: make(chan struct{})}
}

// Injected returns how many failures there have been: of a Fault 0 or 1. A
// delay or a split is none.
func (t *Tampered) Injected() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.injected
}

// Calls returns how many calls of a kind there have been.
func (t *Tampered) Calls(op Op) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.calls[op]
}

// next counts a call and returns what happens at it. again says that it is the
// same Write still.
func (t *Tampered) next(op Op, again bool) step {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !again {
		t.calls[op]++
		t.calls[AnyOp]++
	}
	s := t.plan.next(op, t.calls[op], t.calls[AnyOp])
	if s.fail != none || s.stall && !s.still {
		t.injected++
	}
	return s
}

// hold waits as s says. It returns the error of a deadline that ended the
// waiting. Close ends it without one: the stream below then knows what to say.
func (t *Tampered) hold(s step, l *limit) error {
	var timer <-chan time.Time
	switch {
	case s.stall:
	case s.wait > 0:
		wait := time.NewTimer(s.wait)
		defer wait.Stop()
		timer = wait.C
	default:
		return nil
	}
	select {
	case <-timer:
		return nil
	case <-l.wait():
		return os.ErrDeadlineExceeded
	case <-t.gone:
		return nil
	}
}

// meet counts a call, waits as long as the plan has it wait, and returns what
// else is to happen: nothing, once the stream is closed.
func (t *Tampered) meet(op Op, again bool, l *limit) (step, error) {
	s := t.next(op, again)
	if err := t.hold(s, l); err != nil {
		return step{}, err
	}
	if t.isGone() {
		return step{}, nil
	}
	return s, nil
}

func (t *Tampered) isGone() bool {
	select {
	case <-t.gone:
		return true
	default:
		return false
	}
}

// keep makes *kept, the error of a direction, err, unless there is one already,
// and returns what it is then.
func (t *Tampered) keep(kept *error, err error) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if *kept == nil {
		*kept = err
	}
	return *kept
}

// kept returns the error of a direction. After Close the stream below knows
// better.
func (t *Tampered) kept(err *error) error {
	if t.isGone() {
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return *err
}

// fails returns the error of a call that has been made below: that of a failure
// with something done, or else err.
func (t *Tampered) fails(s step, kept *error, err error) error {
	if s.fail != partial || t.isGone() {
		return err
	}
	return t.keep(kept, s.err)
}

// cut aborts the stream below.
func (t *Tampered) cut(err error) error {
	_ = t.keep(&t.rerr, err)
	_ = t.keep(&t.werr, err)
	_ = duplex.Abort(t.below, err)
	return err
}

// Read reads from the stream below.
func (t *Tampered) Read(p []byte) (int, error) {
	if err := t.kept(&t.rerr); err != nil {
		return 0, err
	}
	s, err := t.meet(OpRead, false, &t.rlimit)
	if err != nil {
		return 0, err
	}
	switch s.fail {
	case refuse:
		return 0, t.keep(&t.rerr, s.err)
	case reset:
		return 0, t.cut(s.err)
	case short:
		p = p[:min(len(p), 1)]
	}
	n, err := t.below.Read(p[:s.share(len(p))])
	return n, t.fails(s, &t.rerr, err)
}

// share returns how many of n bytes are to be moved at once: as often fewer than
// the square root of n as more.
func (s step) share(n int) int {
	if s.split <= 0 || n == 0 {
		return n
	}
	return min(n, int(math.Pow(float64(n), s.split)))
}

// Write writes to the stream below, in pieces if it is split.
func (t *Tampered) Write(p []byte) (n int, err error) {
	t.writing <- struct{}{}
	defer func() { <-t.writing }()
	for {
		if err := t.kept(&t.werr); err != nil {
			return n, err
		}
		s, err := t.meet(OpWrite, n > 0, &t.wlimit)
		if err != nil {
			return n, err
		}
		m, err := t.writePiece(s, p[n:])
		n += m
		if err != nil || n == len(p) || s.fail == short {
			return n, err
		}
	}
}

func (t *Tampered) writePiece(s step, p []byte) (n int, err error) {
	switch s.fail {
	case refuse:
		return 0, t.keep(&t.werr, s.err)
	case reset:
		return 0, t.cut(s.err)
	case partial:
		p = p[:(len(p)+1)/2]
	case short:
		p = p[:len(p)/2]
	}
	n, err = t.below.Write(p[:s.share(len(p))])
	return n, t.fails(s, &t.werr, err)
}

// CloseWrite ends the stream below.
func (t *Tampered) CloseWrite() error {
	if err := t.kept(&t.werr); err != nil {
		return err
	}
	s, err := t.meet(OpCloseWrite, false, &t.wlimit)
	if err != nil {
		return err
	}
	switch s.fail {
	case refuse:
		return t.keep(&t.werr, s.err)
	case reset:
		return t.cut(s.err)
	}
	return t.fails(s, &t.werr, t.below.CloseWrite())
}

// Close closes the stream below, and is never held up.
func (t *Tampered) Close() error {
	return t.giveUp(t.below.Close)
}

// Abort aborts the stream below, as duplex.Abort does.
func (t *Tampered) Abort(cause error) error {
	return t.giveUp(func() error { return duplex.Abort(t.below, cause) })
}

// giveUp closes the stream below and then ends what waits here, so that those
// calls find it closed.
func (t *Tampered) giveUp(f func() error) error {
	s := t.next(OpClose, false)
	if s.fail == reset {
		f = func() error { return duplex.Abort(t.below, s.err) }
	}
	err := f()
	t.shut.Do(func() { close(t.gone) })
	if s.fail == refuse || s.fail == partial || s.fail == reset {
		err = s.err
	}
	return err
}

// SetDeadline sets the deadlines of the stream below.
func (t *Tampered) SetDeadline(at time.Time) error {
	return t.setDeadline(at, &t.rlimit, &t.wlimit, func() error {
		if d, ok := t.below.(deadliner); ok {
			return d.SetDeadline(at)
		}
		return errNoDeadline
	})
}

// SetReadDeadline sets the read deadline of the stream below.
func (t *Tampered) SetReadDeadline(at time.Time) error {
	return t.setDeadline(at, &t.rlimit, nil, func() error {
		if d, ok := t.below.(interface{ SetReadDeadline(time.Time) error }); ok {
			return d.SetReadDeadline(at)
		}
		return errNoDeadline
	})
}

// SetWriteDeadline sets the write deadline of the stream below.
func (t *Tampered) SetWriteDeadline(at time.Time) error {
	return t.setDeadline(at, nil, &t.wlimit, func() error {
		if d, ok := t.below.(interface{ SetWriteDeadline(time.Time) error }); ok {
			return d.SetWriteDeadline(at)
		}
		return errNoDeadline
	})
}

var errNoDeadline = fmt.Errorf("duplextest: the stream below has no deadlines: %w", os.ErrNoDeadline)

func (t *Tampered) setDeadline(at time.Time, r, w *limit, below func() error) error {
	s := t.next(OpSetDeadline, false)
	switch s.fail {
	case refuse, partial:
		return s.err
	case reset:
		return t.cut(s.err)
	}
	if err := below(); err != nil {
		return err
	}
	for _, l := range []*limit{r, w} {
		if l != nil {
			l.set(at)
		}
	}
	return nil
}

// Unwrap returns the stream below.
func (t *Tampered) Unwrap() duplex.Stream { return t.below }

// CanCloseWrite reports whether the stream below can half-close.
func (t *Tampered) CanCloseWrite() bool { return duplex.CanCloseWrite(t.below) }

// LocalAddr returns the local address of the stream below, or one that says
// nothing.
func (t *Tampered) LocalAddr() net.Addr { return duplex.Wrap(t.below, duplex.Hooks{}).LocalAddr() }

// RemoteAddr returns the remote address of the stream below, or one that says
// nothing.
func (t *Tampered) RemoteAddr() net.Addr { return duplex.Wrap(t.below, duplex.Hooks{}).RemoteAddr() }

// errCut is what a reset by Chaos says.
var errCut = fmt.Errorf("%w: cut: %w", ErrInjected, syscall.ECONNRESET)
