package duplex

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// Conn is a stream with what a program wants beside reading and writing:
// counters, [Conn.Unread], [Conn.Cork], [Conn.Wait], timers bound to the stream
// ([Conn.Every]). It is what a [Handler] gets. [NewConn] makes one of any
// stream.
//
// It keeps the abilities of the stream below: deadlines, addresses,
// SyscallConn, and the zero-copy paths of io.Copy, [Join] and [Pipeline]. It is
// a net.Conn. One goroutine may read while any number of others do anything
// else.
type Conn struct {
	below  Stream
	sender sender // of below, once there is a timer

	// What every message needs stands together.
	read, written atomic.Int64
	unread        []byte       // only the reader touches it
	writes        atomic.Int32 // calls under way, see trueEnd
	broken        atomic.Bool  // writeEnd.err is set
	timed         atomic.Bool  // one of its timers calls
	cork          cork
	serial        serial

	carrier atomic.Pointer[transfer] // what writes to below past this Conn
	parking *program                 // nil if its poller is; does not change

	mu       sync.Mutex
	readEnd  latch // guarded by mu, as all below
	writeEnd latch
	first    error // what readEnd or writeEnd was first set with, if not nil
	opened   latch // a handler's first callback has returned
	pumped   latch // and its last one
	handled  bool
	isShut   bool      // closed by this side
	observer Observer  // see Conn.Observe; nil mostly
	observed *Observed // what observer was told of
	crashed  error     // the first panic of a callback
	timers   *timer    // the first of its timers
	clock    *clock    // of the timers; does not change once it is set
}

var (
	_ Stream        = (*Conn)(nil)
	_ net.Conn      = (*Conn)(nil)
	_ Aborter       = (*Conn)(nil)
	_ syscall.Conn  = (*Conn)(nil)
	_ io.ReaderFrom = (*Conn)(nil)
	_ io.WriterTo   = (*Conn)(nil)
	_ passer        = (*Conn)(nil)
)

// NewConn returns s as a Conn; s itself, if it is one.
func NewConn(s Stream) *Conn {
	if c, ok := s.(*Conn); ok {
		return c
	}
	return &Conn{below: s}
}

// latch is set once, with the error that ended something, and can be waited
// for.
type latch struct {
	set bool
	err error
	ch  chan struct{} // made by the first who waits
}

// over sets l, unless it is set; a nil error is an orderly end.
func (c *Conn) over(l *latch, err error) {
	c.mu.Lock()
	c.setLatch(l, err)
	obs, o := c.observer, c.observed
	c.mu.Unlock()
	if obs != nil {
		c.tell(obs, o)
	}
}

func (c *Conn) setLatch(l *latch, err error) {
	if l.set {
		return
	}
	l.set, l.err = true, err
	if c.first == nil && (l == &c.readEnd || l == &c.writeEnd) {
		c.first = err
	}
	if l == &c.writeEnd && err != nil {
		c.broken.Store(true)
	}
	if l.ch != nil {
		close(l.ch)
	}
}

// await waits for l and returns its error, or the cause of the end of ctx.
func (c *Conn) await(ctx context.Context, l *latch) error {
	if !c.reached(ctx, l) {
		return context.Cause(ctx)
	}
	return l.err
}

// reached waits for l, after which that does not change any more, and reports
// false if the end of ctx came first.
func (c *Conn) reached(ctx context.Context, l *latch) bool {
	c.mu.Lock()
	if l.set {
		defer c.mu.Unlock()
		return true
	}
	if l.ch == nil {
		l.ch = make(chan struct{})
	}
	ch := l.ch
	c.mu.Unlock()
	select {
	case <-ch:
		return true
	case <-ctx.Done():
		return false
	}
}

// Read reads from the stream, first what [Conn.Unread] gave back.
func (c *Conn) Read(p []byte) (int, error) {
	if len(c.unread) > 0 && !c.shutHere() {
		n := copy(p, c.unread)
		c.unread = c.unread[n:]
		c.read.Add(int64(n))
		return n, nil
	}
	n, err := c.below.Read(p)
	for err != nil && n == 0 && c.calledIn(err) {
		n, err = c.below.Read(p)
	}
	c.read.Add(int64(max(n, 0)))
	if err != nil {
		err = c.readOver(err)
	}
	return n, err
}

// calledIn reports whether a read must be tried again because err is only how
// the poller called in a read that it took for that of the handler's program.
func (c *Conn) calledIn(err error) bool {
	return c.parking != nil && isTimeout(err) && c.parking.poller.mistaken(c.parking)
}

// readOver notes the end or the failure of the reading direction, and returns
// which of them it is.
func (c *Conn) readOver(err error) error {
	err = c.trueEnd(err)
	switch {
	case err == io.EOF:
		c.over(&c.readEnd, nil)
	case !isTimeout(err):
		c.over(&c.readEnd, err)
	}
	return err
}

// writeOver notes the failure of the writing direction.
func (c *Conn) writeOver(err error) {
	if err != nil && !isTimeout(err) {
		c.over(&c.writeEnd, err)
	}
}

// Unread gives p back: the next reads return it before anything else. It keeps
// a copy. The bytes count as not read. Only the goroutine that reads may call
// it.
func (c *Conn) Unread(p []byte) {
	c.read.Add(-int64(len(p)))
	c.unread = append(append(make([]byte, 0, len(p)+len(c.unread)), p...), c.unread...)
}

// Write writes p to the stream, or adds it to what [Conn.Cork] holds back.
func (c *Conn) Write(p []byte) (int, error) {
	if c.cork.holds() {
		return c.writeCorked(p)
	}
	c.writes.Add(1)
	var n int
	var err error
	if c.timed.Load() && c.sender.takes(p) {
		n, err = c.sender.send(c.below, p)
	} else {
		n, err = c.below.Write(p)
	}
	c.written.Add(int64(max(n, 0)))
	if err != nil {
		c.writeOver(err)
	}
	c.writes.Add(-1)
	return n, err
}

// CloseWrite writes what a cork holds back and ends the writing direction.
// Calling it again is harmless.
func (c *Conn) CloseWrite() error {
	if err := c.pull(); err != nil {
		return err
	}
	if err := c.below.CloseWrite(); err != nil && !(notConnected(err) && c.hasEnded()) {
		if !errors.Is(err, ErrNoCloseWrite) {
			c.writeOver(err)
		}
		return err
	}
	c.over(&c.writeEnd, nil)
	c.stopTimers(true)
	return nil
}

// hasEnded reports whether the writing direction has ended in order.
func (c *Conn) hasEnded() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.writeEnd.set && c.writeEnd.err == nil
}

// Close gives up both directions and stops the timers.
func (c *Conn) Close() error {
	c.shut(ErrClosed)
	err := c.below.Close()
	c.wake()
	return err
}

// Abort gives up both directions for a reason; see the function [Abort]. A
// handler gets cause as its error.
func (c *Conn) Abort(cause error) error {
	if cause == nil {
		cause = ErrAborted
	}
	c.shut(closedError(cause))
	err := Abort(c.below, cause)
	c.wake()
	return err
}

// wake lets a program that waits without a goroutine see that c is closed.
func (c *Conn) wake() {
	if c.parking != nil {
		c.parking.poller.closed(c.parking)
	}
}

// expose is called before somebody gets at the stream below: a program that may
// not be the only one there needs its goroutine.
func (c *Conn) expose() {
	if c.parking != nil {
		c.parking.poller.leave(c.parking)
	}
}

// shut marks what has not ended as closed.
func (c *Conn) shut(err error) {
	c.mu.Lock()
	c.setLatch(&c.readEnd, err)
	c.setLatch(&c.writeEnd, err)
	c.isShut = true
	obs, o := c.observer, c.observed
	c.mu.Unlock()
	if obs != nil {
		c.tell(obs, o)
	}
	c.stopTimers(false)
}

// shutHere reports whether this side has closed c.
func (c *Conn) shutHere() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.isShut
}

// Flush flushes a stream below that buffers, such as a [Layered].
func (c *Conn) Flush() error {
	if err := c.flushCork(); err != nil {
		return err
	}
	if f, ok := c.below.(flusher); ok {
		return f.Flush()
	}
	return nil
}

// Wait waits until both directions are over and returns nil if both ended in
// order. Otherwise it returns what went wrong first: the error of a call, or one
// that matches net.ErrClosed after a close. If the stream has a
// handler, its callbacks have returned too. The end of ctx ends only the
// waiting; Wait then returns its cause.
//
// A direction's end is seen by a call that meets it: somebody must read.
func (c *Conn) Wait(ctx context.Context) error {
	c.mu.Lock()
	handled := c.handled
	c.mu.Unlock()
	for _, l := range []*latch{&c.readEnd, &c.writeEnd, &c.pumped} {
		if l == &c.pumped && !handled {
			continue
		}
		if !c.reached(ctx, l) {
			return context.Cause(ctx)
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.first
}

// WaitRead is like Wait for the reading direction alone.
func (c *Conn) WaitRead(ctx context.Context) error { return c.await(ctx, &c.readEnd) }

// WaitWrite is like Wait for the writing direction alone.
func (c *Conn) WaitWrite(ctx context.Context) error { return c.await(ctx, &c.writeEnd) }

// BytesRead returns how many bytes have been read from the stream.
func (c *Conn) BytesRead() int64 { return c.read.Load() }

// BytesWritten returns how many bytes the stream has taken.
func (c *Conn) BytesWritten() int64 { return c.written.Load() }

// Unwrap returns the stream below.
func (c *Conn) Unwrap() Stream {
	c.expose()
	return c.below
}

// CanCloseWrite reports whether the stream below can half-close.
func (c *Conn) CanCloseWrite() bool { return CanCloseWrite(c.below) }

// SetDeadline sets the deadlines of the stream below. It fails with an error
// that matches os.ErrNoDeadline if that has none.
func (c *Conn) SetDeadline(t time.Time) error {
	return errors.Join(c.SetReadDeadline(t), c.SetWriteDeadline(t))
}

// SetReadDeadline sets the read deadline of the stream below.
func (c *Conn) SetReadDeadline(t time.Time) error {
	if c.parking != nil {
		return c.parking.poller.setDeadline(c.parking, t)
	}
	return setReadDeadline(c.below, t)
}

// SetWriteDeadline sets the write deadline of the stream below.
func (c *Conn) SetWriteDeadline(t time.Time) error { return setWriteDeadline(c.below, t) }

// LocalAddr returns the local address of the stream below, or one that says
// nothing.
func (c *Conn) LocalAddr() net.Addr { return localAddr(c.below) }

// RemoteAddr returns the remote address of the stream below, or one that says
// nothing.
func (c *Conn) RemoteAddr() net.Addr { return remoteAddr(c.below) }

// SyscallConn returns the raw connection below. It fails with an error that
// matches errors.ErrUnsupported if there is none. What is done there escapes
// the counters.
func (c *Conn) SyscallConn() (syscall.RawConn, error) {
	c.expose()
	return syscallConn(c.below)
}

func syscallConn(s Stream) (syscall.RawConn, error) {
	if c, ok := s.(syscall.Conn); ok {
		return c.SyscallConn()
	}
	return nil, fmt.Errorf("duplex: %T has no raw connection: %w", s, errors.ErrUnsupported)
}

// WriteTo writes to w what is read from the stream until its end, by the
// shortest way there is.
func (c *Conn) WriteTo(w io.Writer) (int64, error) {
	t := transfer{src: c, dst: w}
	t.run()
	return t.moved.Load(), t.err
}

// ReadFrom writes to the stream what is read from r until its end, by the
// shortest way there is. It does not end the writing direction.
func (c *Conn) ReadFrom(r io.Reader) (int64, error) {
	t := transfer{src: r, dst: c}
	t.run()
	return t.moved.Load(), t.err
}

func (c *Conn) passRead() (Stream, []byte, meter, bool) {
	c.expose()
	waiting := c.unread
	c.unread = nil
	return c.below, waiting, readMeter{c}, true
}

func (c *Conn) passWrite() (Stream, writeMeter, bool) {
	return c.below, writtenMeter{c}, !c.cork.holds()
}

// readMeter and writtenMeter keep a Conn's account while a transfer looks
// through it.
type (
	readMeter    struct{ *Conn }
	writtenMeter struct{ *Conn }
)

func (m readMeter) add(n int64)             { m.read.Add(n) }
func (m readMeter) over(err error) error    { return m.readOver(err) }
func (m writtenMeter) add(n int64)          { m.written.Add(n) }
func (m writtenMeter) carry(t *transfer)    { m.carrier.Store(t) }
func (m writtenMeter) over(err error) error { m.writeOver(err); return err }
