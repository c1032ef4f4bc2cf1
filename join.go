package duplex

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// DefaultLinger is how long a half-closed join waits for a silent survivor:
// one minute.
const DefaultLinger = time.Minute

// EndPolicy says what a join does with the end of one direction.
type EndPolicy uint8

const (
	// HalfClose passes the end on with CloseWrite and lets the other direction
	// go on until its own end. To a stream that cannot half-close nothing is
	// passed on, as with KeepOpen.
	HalfClose EndPolicy = iota
	// KeepOpen passes nothing on: the other direction goes on until its own
	// end, or until Joiner.Linger, or a shorter Joiner.Idle, has passed without
	// a byte, which is then no failure.
	KeepOpen
	// CloseBoth closes both streams at the first end, after what was read has
	// been written. What the other side still had to say is lost.
	CloseBoth
)

// Joiner says how to join two streams. The zero value is what [Join] uses. A
// Joiner may be used by many joins at once, except for its Traffic.
type Joiner struct {
	// Linger bounds a half-closed join: once one direction is over, the other
	// must move a byte at least this often. It never cuts a direction that is
	// flowing. Zero means DefaultLinger, a minute; negative means no bound.
	Linger time.Duration

	// Idle bounds the whole join: a byte must move in either direction at
	// least this often. Zero means no bound.
	Idle time.Duration

	// End says what happens at the end of one direction. Zero is HalfClose.
	End EndPolicy

	// Traffic, if set, counts the bytes while the join runs.
	Traffic *Traffic

	// Observer, if set, is told of the join, and may sample it.
	Observer Observer
	// Names is what Observer is told that the two streams are called.
	Names [2]string

	// Stop, if set, ends the join in order when it ends: nothing more is read,
	// what has been read is written, both writing sides are ended, and the
	// streams are closed once their peers have ended too, or two seconds later.
	// The directions that this stops are [Stopped], which is no failure. A peer
	// that does not take what is still to be written holds this up for as long
	// as Linger or the join's own context allows.
	//
	// A decoder that is stopped before its end may hold bytes that it could not
	// decode yet, so the join then fails with an error that matches
	// io.ErrUnexpectedEOF, in the same order. A stream whose reads no deadline
	// can end is closed once the opposite direction is over.
	Stop context.Context
}

// Join connects a and b: what is read from each is written to the other, in
// both directions at once, until both have ended. The end of one stream is
// passed on as the end of the other's writing side, while the opposite
// direction goes on; see [Joiner.Linger] for how long a silent one may.
//
// The two must not be one and the same: it would have two readers, each of which
// gets a part of its bytes. For an echo use a [Pipeline].
//
// Join owns both streams from the call on, their deadlines included, and has
// closed them when it returns; nothing it started is left running then. It
// relies on Close to unblock pending calls.
//
// The error is nil if both directions ended. Otherwise it is the first failure,
// and it is passed on as an abort, so that no side takes a cut for an end: the
// failure of a read, the end of ctx (the error is its cause), or [ErrIdle]. A
// failed write stops the reading of what it came from; the opposite direction
// goes on to its end first, since its peer may have answered before it hung up.
//
// Between two TCP connections, and between TCP and Unix sockets where Go can,
// bytes do not leave the kernel on Linux.
func Join(ctx context.Context, a, b Stream) (Result, error) {
	return Joiner{}.Join(ctx, a, b)
}

// Join connects a and b with these settings; see the function [Join].
func (j Joiner) Join(ctx context.Context, a, b Stream) (Result, error) {
	if j.Linger == 0 {
		j.Linger = DefaultLinger
	}
	m := &merge{Joiner: j}
	m.dirs[0].init(m, "a to b", a, b)
	m.dirs[1].init(m, "b to a", b, a)
	if j.Traffic != nil {
		j.Traffic.ab.Store(&m.dirs[0].transfer)
		j.Traffic.ba.Store(&m.dirs[1].transfer)
	}
	m.observe()
	result, err := m.run(ctx)
	m.closed()
	return result, err
}

// merge is a join under way.
type merge struct {
	Joiner
	watch idleWatch
	dirs  [2]direction

	observed *Observed // nil without an Observer

	mu     sync.Mutex // guards all below and the directions' results
	err    error      // the first failure
	gone   bool       // both streams have been given up
	halted bool       // Joiner.Stop has ended
	events sync.WaitGroup
}

// direction is one direction of a merge.
type direction struct {
	transfer
	name     string
	src, dst Stream
	reset    bool // dst was reset under a write: its read side is no end then
	deaf     bool // no deadline ends a read of src
	shut     bool // src was ended and closed for that
	result   Direction
	reason   atomic.Uint32 // why it is over, once an Observer has been told
}

func (d *direction) init(m *merge, name string, src, dst Stream) {
	d.name, d.src, d.dst = name, src, dst
	d.transfer.src, d.transfer.dst = src, dst
	d.tick, d.live = m.tick(), true
	d.touched = m.watch.touch
}

// tick returns how often zero-copy transfers come up to count: four times a
// second, and often enough for the idle bounds.
func (m *merge) tick() time.Duration {
	tick := 250 * time.Millisecond
	for _, bound := range []time.Duration{m.Linger, m.Idle} {
		if bound > 0 {
			tick = min(tick, max(bound/4, time.Millisecond))
		}
	}
	return tick
}

func (m *merge) run(ctx context.Context) (Result, error) {
	m.watch.start(m.Idle, m.progress, func() { m.fail(Idle, ErrIdle) })
	m.events.Add(1)
	stop := context.AfterFunc(ctx, func() {
		defer m.events.Done()
		m.fail(Canceled, context.Cause(ctx))
	})

	if ctx.Err() != nil { // do not leave it to chance who comes first
		m.fail(Canceled, context.Cause(ctx))
	}
	unhalt := m.haltAtStop()
	var other sync.WaitGroup
	other.Go(func() { m.flow(&m.dirs[1], &m.dirs[0]) })
	m.flow(&m.dirs[0], &m.dirs[1])
	other.Wait()

	if stop() {
		m.events.Done()
	}
	if unhalt() {
		m.events.Done()
	}
	m.events.Wait()
	m.watch.stop()
	return m.finish(ctx)
}

// flow carries one direction to its end.
func (m *merge) flow(d, opposite *direction) {
	d.run()
	if d.err == nil && m.cut(d, opposite) {
		d.failed, d.err = reading, errReset
	}
	switch {
	case d.failed == reading && m.halting(d):
		m.ended(d, opposite, Stopped)
	case d.failed == reading:
		m.stopped(d, ReadFailed)
	case d.failed == writing:
		m.stopped(d, WriteFailed)
	default:
		m.ended(d, opposite, Ended)
	}
	m.over(d)
	m.closeDeaf()
}

// ended passes on the end of d's source, or of the reading from it if why is
// Stopped.
func (m *merge) ended(d, opposite *direction, why Reason) {
	if (m.End != KeepOpen || why == Stopped) && CanCloseWrite(d.dst) && !m.isShut(opposite) {
		if err := d.dst.CloseWrite(); err != nil {
			if notConnected(err) { // any more, and nobody has ended that but the peer
				err = fmt.Errorf("%w: %w", syscall.ECONNRESET, err)
			}
			d.err, d.failed = err, writing
			m.stopped(d, WriteFailed)
			return
		}
	}
	m.mu.Lock()
	if d.result.Reason == Dropped && d.result.Err == nil {
		d.result.Reason = why // the opposite end came at the same time
	}
	m.settle(d, why, d.undecoded(why))
	m.mu.Unlock()
	if m.End == CloseBoth && why == Ended {
		m.hangUp(d, opposite)
		return
	}
	m.linger()
}

// hangUp stops the opposite direction once d has ended. The source of d has
// nothing unread and is closed. Its destination is left to finish, which reads
// what it still sends before it closes it; where a read cannot be stopped
// otherwise, it is closed here.
func (m *merge) hangUp(d, opposite *direction) {
	m.mu.Lock()
	if opposite.result.Reason == Running {
		opposite.result.Reason = Dropped
	}
	m.mu.Unlock()
	opposite.quit.Store(true)
	if r, ok := d.dst.(readDeadliner); !ok || r.SetReadDeadline(past) != nil {
		_ = d.dst.Close()
	}
	_ = d.src.Close()
}

// past is a deadline that ends a pending call.
var past = time.Unix(1, 0)

// stopped ends d with its error, unless a failure has ended it already.
func (m *merge) stopped(d *direction, why Reason) {
	if why == WriteFailed {
		m.mu.Lock()
		d.reset = errors.Is(d.err, syscall.ECONNRESET)
		first := m.settle(d, why, d.err)
		m.mu.Unlock()
		if first {
			closeRead(d.src) // who writes to d must not wait for ever
		}
		m.linger()
		return
	}
	m.mu.Lock()
	first := m.settle(d, why, d.err)
	m.mu.Unlock()
	if first {
		m.drop(d.err)
	}
}

// closeRead tells the peer of s that nobody reads on, if s or a stream below it
// can do so. A socket cannot: its peer would be reset, and lose what it has not
// read yet.
func closeRead(s Stream) {
	for streamSocket(s) == nil {
		if c, ok := s.(interface{ CloseRead() error }); ok {
			_ = c.CloseRead()
			return
		}
		u, ok := s.(interface{ Unwrap() Stream })
		if !ok {
			return
		}
		s = u.Unwrap()
	}
}

// settle records how d stopped and reports whether this was the first word on
// it; m.mu is held.
func (m *merge) settle(d *direction, why Reason, err error) bool {
	if d.result.Reason != Running {
		return false
	}
	d.result.Reason = why
	if err != nil {
		d.result.Err = fmt.Errorf("duplex: join: %s: %v: %w", d.name, why, err)
		if m.err == nil {
			m.err = d.result.Err
		}
	}
	return true
}

// fail ends both directions for a reason outside of them.
func (m *merge) fail(why Reason, cause error) {
	m.mu.Lock()
	for i := range m.dirs {
		d := &m.dirs[i]
		// Without an end to pass on, silence is how the survivor ends; but not
		// while its own destination is what keeps it silent.
		if why == Idle && m.quiet() && !d.holding.Load() {
			m.settle(d, Ended, nil)
			continue
		}
		m.settle(d, why, cause)
	}
	cause = m.err
	m.mu.Unlock()
	m.drop(cause)
}

// quiet reports whether one direction has ended without being passed on, so
// that the other one's silence is as good as an end; m.mu is held.
func (m *merge) quiet() bool {
	for i := range m.dirs {
		d := &m.dirs[i]
		if d.result.Reason == Ended && (m.End == KeepOpen || !CanCloseWrite(d.dst)) {
			return true
		}
	}
	return false
}

// linger bounds the survivor after one direction is over.
func (m *merge) linger() {
	if m.Linger > 0 {
		m.watch.tighten(m.Linger)
	}
}

// drop gives up both streams, as an abort if there is a cause; the direction
// that still runs stops then.
func (m *merge) drop(cause error) {
	m.mu.Lock()
	gone := m.gone
	m.gone = true
	for i := range m.dirs {
		if d := &m.dirs[i]; d.result.Reason == Running {
			d.result.Reason = Dropped
			d.result.Err = cause
		}
	}
	m.mu.Unlock()
	if gone {
		return
	}
	for i := range m.dirs {
		if src := m.dirs[i].src; cause != nil {
			_ = Abort(src, cause)
		} else {
			_ = src.Close()
		}
	}
}

// finish closes what is still open and returns the result. The end of ctx no
// longer fails the join, but cuts the closing short.
func (m *merge) finish(ctx context.Context) (Result, error) {
	if !m.gone {
		m.closeBoth(ctx)
	}
	for i := range m.dirs {
		m.dirs[i].result.Bytes = m.dirs[i].moved.Load()
	}
	return Result{AB: m.dirs[0].result, BA: m.dirs[1].result}, m.err
}

// drainTime bounds how long a join that has lost one side goes on reading from
// the other, only so that closing it sends no reset ahead of its last bytes.
const drainTime = 2 * time.Second

// close closes d's source, as an abort if writing to it failed. If d stopped
// early but the source got its end, it may still be sending: a close now would
// reset it and could destroy what it has not read yet.
func (m *merge) close(ctx context.Context, d, opposite *direction) {
	if opposite.result.Reason == WriteFailed {
		// The peer has not got everything, and must not take this for its end.
		_ = Abort(d.src, opposite.result.Err)
		return
	}
	r := d.result.Reason
	if r == Stopped {
		closeStopped(ctx, d.src)
		return
	}
	if (r == WriteFailed || r == Dropped) && (opposite.result.Reason == Ended || opposite.result.Reason == Stopped) {
		if s, ok := d.src.(readDeadliner); ok {
			_ = s.SetReadDeadline(time.Time{})
		}
		ctx, cancel := context.WithTimeout(ctx, drainTime)
		defer cancel()
		_ = Shutdown(ctx, d.src)
		return
	}
	_ = d.src.Close()
}
