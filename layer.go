package duplex

import (
	"errors"
	"io"
	"net"
	"os"
	"sync/atomic"
	"time"
)

// Codec is a transform and its inverse.
type Codec struct {
	Encode Transform
	Decode Transform
}

// Inverse returns the codec that decodes where c encodes.
func (c Codec) Inverse() Codec { return Codec{Encode: c.Decode, Decode: c.Encode} }

// Layer puts a codec on a stream: what is written is encoded on its way to s,
// and what s gives is decoded. It does nothing before the first byte.
func Layer(s Stream, c Codec) *Layered {
	l := &Layered{below: s, codec: c, writing: make(gate, 1), reading: make(gate, 1)}
	var w io.Writer = &l.out
	if c.Encode.pulls() {
		w = sentMeter{s, &l.sent} // written to from the decoder's own goroutine
	}
	l.enc = c.Encode.writer(w)
	l.dec = c.Decode.reader(&receivedMeter{s, &l.received}, false)
	return l
}

// Layered is a stream with a codec on it; see [Layer]. It is also what a
// transform alone is; see [Transform.Stream].
//
// An encoder may hold bytes back until [Layered.Flush] or CloseWrite; with
// AutoFlush it does not. What a call makes it give goes to the stream below in
// one write. CloseWrite writes the encoder's trailer and then ends the stream
// below. Read returns io.EOF only where the decoder accepts the end, so that a
// cut is an error.
//
// Deadlines are those of the stream below. A write that one ends has been
// encoded as far as it says, and the next call goes on with what could not be
// sent. Whether reads go on after a deadline is up to the decoder: those of the
// standard library do not.
//
// One goroutine may read while others write or flush.
type Layered struct {
	// AutoFlush flushes after every write. Set it before the first one.
	AutoFlush bool

	below Stream
	codec Codec
	limit atomic.Pointer[time.Time] // the write deadline
	gone  atomic.Pointer[error]     // set by Close and Abort: what calls return then
	shut  onceError

	sent, received atomic.Int64 // encoded, to and from the stream below

	writing gate // guards enc, out, ended, passed and werr
	enc     *transformWriter
	out     waitingBytes // encoded, on its way to the stream below
	ended   bool         // the trailer has been encoded
	passed  bool         // the stream below has been ended
	werr    error        // the first failed write

	reading gate // guards dec
	dec     *transformReader
}

var _ Stream = (*Layered)(nil)

// gate is a lock that testing/synctest sees waiting.
type gate chan struct{}

func (g gate) lock()   { g <- struct{}{} }
func (g gate) unlock() { <-g }

// try takes the lock if it is free.
func (g gate) try() bool {
	select {
	case g <- struct{}{}:
		return true
	default:
		return false
	}
}

// Read reads decoded bytes.
func (l *Layered) Read(p []byte) (int, error) {
	l.reading.lock()
	defer l.leave(l.reading, l.freeDecoder)
	if gone := l.gone.Load(); gone != nil {
		return 0, *gone
	}
	n, err := l.dec.Read(p)
	if err == nil {
		return n, nil
	}
	if gone := l.gone.Load(); gone != nil {
		return n, *gone
	}
	if alone, ok := l.below.(*loop); ok && !isTimeout(err) {
		// Nobody will read on: who writes to this transform must hear of it, or
		// not wait.
		if err == io.EOF {
			alone.discard()
		} else {
			alone.stopRead(err)
		}
	}
	return n, err
}

// BytesEncoded returns how many bytes have been written to the stream below and
// read from it: beside what was written and read here, what the codec made of it.
func (l *Layered) BytesEncoded() (written, read int64) { return l.sent.Load(), l.received.Load() }

// encodeStep is how much is encoded before it is sent, which bounds what waits
// here.
const encodeStep = 64 << 10

// Write encodes p.
func (l *Layered) Write(p []byte) (n int, err error) {
	l.writing.lock()
	defer l.leave(l.writing, l.freeEncoder)
	if err := l.writable(); err != nil {
		return 0, err
	}
	if t := l.limit.Load(); t != nil && !t.IsZero() && !time.Now().Before(*t) {
		return 0, os.ErrDeadlineExceeded // before p is encoded for good
	}
	if err := l.send(); err != nil {
		return 0, err // still held up by an earlier write's deadline
	}
	for {
		step := min(len(p)-n, encodeStep)
		m, err := l.enc.Write(p[n : n+step])
		n += m
		if err == nil && n == len(p) && l.AutoFlush {
			err = l.enc.Flush()
		}
		if err := l.failed(err); err != nil {
			return n, err
		}
		if err := l.send(); err != nil || n == len(p) {
			return n, err
		}
	}
}

// send writes to the stream below what has been encoded; l.writing is held.
func (l *Layered) send() error {
	for l.out.r < len(l.out.b) {
		waiting := l.out.b[l.out.r:]
		n, err := l.below.Write(waiting)
		n, err = wrote(n, len(waiting), err)
		l.out.skip(n)
		l.sent.Add(int64(n))
		if err != nil {
			if isTimeout(err) {
				return err
			}
			return l.failed(err)
		}
	}
	return nil
}

// writable returns why nothing more can be written; l.writing is held.
func (l *Layered) writable() error {
	if gone := l.gone.Load(); gone != nil {
		return *gone
	}
	if l.ended {
		return ErrEnded
	}
	return l.werr
}

// failed keeps the first error of the writing side; l.writing is held.
func (l *Layered) failed(err error) error {
	if err == nil {
		return nil
	}
	if gone := l.gone.Load(); gone != nil {
		err = *gone
	}
	l.werr = err
	if s, ok := l.below.(interface{ stopWrite(error) }); ok {
		s.stopWrite(err)
	}
	return err
}

// Flush sends everything written so far, in a form that the peer can decode at
// once if the encoder has one.
func (l *Layered) Flush() error {
	l.writing.lock()
	defer l.leave(l.writing, l.freeEncoder)
	if err := l.writable(); err != nil {
		return err
	}
	if err := l.failed(l.enc.Flush()); err != nil {
		return err
	}
	if err := l.send(); err != nil {
		return err
	}
	if f, ok := l.below.(flusher); ok {
		return l.failed(f.Flush())
	}
	return nil
}

// CloseWrite writes what the encoder holds and its trailer, and ends the
// writing direction of the stream below. Calling it again is harmless; after a
// deadline it goes on.
func (l *Layered) CloseWrite() error {
	l.writing.lock()
	defer l.leave(l.writing, l.freeEncoder)
	if err := l.writable(); err != nil && err != ErrEnded {
		return err
	}
	if !l.ended {
		if err := l.failed(l.enc.Close()); err != nil {
			return err
		}
		l.ended = true
	}
	if err := l.send(); err != nil {
		return err
	}
	if err := l.below.CloseWrite(); err != nil && !(notConnected(err) && l.passed) {
		return err
	}
	l.passed = true
	return nil
}

// Close gives up both directions and closes the stream below. What the encoder
// still held is lost; the peer's decoder sees that something is missing.
func (l *Layered) Close() error {
	return l.giveUp(ErrClosed, l.below.Close)
}

// Abort gives up both directions and aborts the stream below.
func (l *Layered) Abort(cause error) error {
	return l.giveUp(closedError(cause), func() error { return Abort(l.below, cause) })
}

// giveUp closes the stream below and frees the codec.
func (l *Layered) giveUp(gone error, closeBelow func() error) error {
	return l.shut.do(func() error {
		l.gone.Store(&gone)
		err := closeBelow()
		l.free(l.writing, l.freeEncoder)
		l.free(l.reading, l.freeDecoder)
		return err
	})
}

// free calls f unless a call is using what it frees; that call then does so
// when it leaves, which the close of the stream below makes it do.
func (l *Layered) free(g gate, f func()) {
	if g.try() {
		f()
		g.unlock()
	}
}

// leave gives g back after a call.
func (l *Layered) leave(g gate, free func()) {
	g.unlock()
	if l.gone.Load() != nil {
		l.free(g, free)
	}
}

func (l *Layered) freeEncoder() {
	l.enc.release(nil)
	l.out = waitingBytes{}
}

func (l *Layered) freeDecoder() { _ = l.dec.Close() }

// Unwrap returns the stream below.
func (l *Layered) Unwrap() Stream { return l.below }

// CanCloseWrite reports whether the stream below can half-close.
func (l *Layered) CanCloseWrite() bool { return CanCloseWrite(l.below) }

// SetReadDeadline sets the read deadline of the stream below. It fails with an
// error that matches os.ErrNoDeadline if that has none.
func (l *Layered) SetReadDeadline(t time.Time) error { return setReadDeadline(l.below, t) }

// SetWriteDeadline sets the write deadline of the stream below.
func (l *Layered) SetWriteDeadline(t time.Time) error {
	err := setWriteDeadline(l.below, t)
	if err == nil {
		l.limit.Store(&t)
	}
	return err
}

// SetDeadline sets both deadlines of the stream below.
func (l *Layered) SetDeadline(t time.Time) error {
	return errors.Join(l.SetReadDeadline(t), l.SetWriteDeadline(t))
}

// LocalAddr returns the local address of the stream below, or one that says
// nothing.
func (l *Layered) LocalAddr() net.Addr { return localAddr(l.below) }

// RemoteAddr returns the remote address of the stream below, or one that says
// nothing.
func (l *Layered) RemoteAddr() net.Addr { return remoteAddr(l.below) }

func setReadDeadline(s Stream, t time.Time) error {
	if d, ok := s.(readDeadliner); ok {
		return d.SetReadDeadline(t)
	}
	return errNoDeadline
}

func setWriteDeadline(s Stream, t time.Time) error {
	if d, ok := s.(writeDeadliner); ok {
		return d.SetWriteDeadline(t)
	}
	return errNoDeadline
}

func localAddr(s Stream) net.Addr {
	if a, ok := s.(interface{ LocalAddr() net.Addr }); ok {
		return a.LocalAddr()
	}
	return unknownAddr{}
}

func remoteAddr(s Stream) net.Addr {
	if a, ok := s.(interface{ RemoteAddr() net.Addr }); ok {
		return a.RemoteAddr()
	}
	return unknownAddr{}
}

// unknownAddr stands where a stream has no address.
type unknownAddr struct{}

func (unknownAddr) Network() string { return "stream" }
func (unknownAddr) String() string  { return "stream" }

// isTimeout reports whether err is a deadline that has passed, after which a
// call may be tried again.
func isTimeout(err error) bool { return errors.Is(err, os.ErrDeadlineExceeded) }
