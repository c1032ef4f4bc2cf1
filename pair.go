package duplex

import (
	"errors"
	"io"
	"net"
	"sync"
	"time"
)

// PairConfig says how a pair buffers. The zero value is ready to use.
type PairConfig struct {
	// HighWaterMark is how many bytes may wait in each direction before its
	// writer waits. Zero means DefaultHighWaterMark, 64 KiB.
	HighWaterMark int
}

// Pair returns the two ends of an in-memory stream: what is written to one is
// read from the other, in both directions at once. Each direction buffers up
// to [DefaultHighWaterMark] bytes; a pair holds no buffer while nothing waits.
//
// It stands where io.Pipe and net.Pipe do, which have no buffer and cannot
// half-close. It works inside testing/synctest.
func Pair() (a, b *PairEnd) { return PairConfig{}.Pair() }

// Pair returns the two ends of an in-memory stream with this configuration.
func (c PairConfig) Pair() (a, b *PairEnd) {
	p := new(struct{ ab, ba queue })
	p.ab.init(c.HighWaterMark)
	p.ba.init(c.HighWaterMark)
	return &PairEnd{in: &p.ba, out: &p.ab}, &PairEnd{in: &p.ab, out: &p.ba}
}

// PairEnd is one end of a [Pair]. It is a [Stream] and a net.Conn, and its
// methods may be called from any goroutine.
//
// Calls that a deadline ends return os.ErrDeadlineExceeded; a write then says
// how many bytes the peer will still read. After Close or Abort every call
// returns [ErrClosed].
type PairEnd struct {
	in, out *queue
	shut    sync.Once // both directions are given up in one, for one reason
}

var (
	_ Stream        = (*PairEnd)(nil)
	_ net.Conn      = (*PairEnd)(nil)
	_ Aborter       = (*PairEnd)(nil)
	_ io.WriterTo   = (*PairEnd)(nil)
	_ io.ReaderFrom = (*PairEnd)(nil)
)

// Read reads what waits, at most len(p) bytes, and blocks only while nothing
// does. It returns io.EOF once the peer has ended or closed and everything has
// been read, and an [AbortError] in its place if the peer aborted.
func (e *PairEnd) Read(p []byte) (int, error) { return e.in.read(p) }

// Write returns when all of p waits for the peer or has been read. It fails
// with [ErrEnded] after CloseWrite and with [ErrPeerClosed] when the peer has
// closed.
func (e *PairEnd) Write(p []byte) (int, error) { return e.out.write(p) }

// CloseWrite ends the writing direction: the peer reads io.EOF after the last
// byte.
func (e *PairEnd) CloseWrite() error { return e.out.end() }

// CloseRead gives up the reading direction: what waits is dropped and the
// peer's writes fail with [ErrPeerClosed].
func (e *PairEnd) CloseRead() error {
	e.in.closeReader(ErrClosed, ErrPeerClosed)
	return nil
}

// Close gives up both directions. The peer still reads what was written and
// then io.EOF; its writes fail with [ErrPeerClosed].
func (e *PairEnd) Close() error {
	e.giveUp(ErrClosed, nil, ErrPeerClosed)
	return nil
}

// giveUp gives up both directions. own is what this end's calls return, and the
// peer gets failed after the last byte, or the end if that is nil, and gone when
// it writes.
func (e *PairEnd) giveUp(own, failed, gone error) {
	e.shut.Do(func() {
		e.out.closeWriter(own, failed)
		e.in.closeReader(own, gone)
	})
}

// Abort gives up both directions for a reason that the peer sees: it still
// reads what was written, and then its calls return an [AbortError] that wraps
// cause, unless this end had ended its writing already. Abort after Close does
// nothing.
func (e *PairEnd) Abort(cause error) error {
	peer := abortError(cause)
	e.giveUp(closedError(cause), peer, peer)
	return nil
}

// SetDeadline sets the limits of reads and writes. A zero t means none.
func (e *PairEnd) SetDeadline(t time.Time) error {
	return errors.Join(e.SetReadDeadline(t), e.SetWriteDeadline(t))
}

// SetReadDeadline sets the limit of pending and later reads.
func (e *PairEnd) SetReadDeadline(t time.Time) error {
	return e.in.setReadDeadline(t)
}

// SetWriteDeadline sets the limit of pending and later writes.
func (e *PairEnd) SetWriteDeadline(t time.Time) error {
	return e.out.setWriteDeadline(t)
}

// Waiting returns how many bytes wait to be read from this end and how many
// it has written that the peer has not read.
func (e *PairEnd) Waiting() (in, out int) { return e.in.level(), e.out.level() }

// LocalAddr returns an address of the network "pair"; it says nothing more.
func (e *PairEnd) LocalAddr() net.Addr { return pairAddr{} }

// RemoteAddr is like LocalAddr.
func (e *PairEnd) RemoteAddr() net.Addr { return pairAddr{} }

type pairAddr struct{}

func (pairAddr) Network() string { return "pair" }
func (pairAddr) String() string  { return "pair" }

// WriteTo writes to w whatever the peer writes, until its end. Waiting buffers
// are handed to w as they are, and to another pair without a copy.
func (e *PairEnd) WriteTo(w io.Writer) (int64, error) {
	t := transfer{src: e, dst: w}
	t.run()
	return t.moved.Load(), t.err
}

// ReadFrom writes to the peer whatever r gives, until its end. It does not end
// the writing direction.
func (e *PairEnd) ReadFrom(r io.Reader) (int64, error) {
	t := transfer{src: r, dst: e}
	t.run()
	return t.moved.Load(), t.err
}
