package duplex

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"sync/atomic"
	"time"
)

// Stream is a full-duplex byte stream whose two directions end separately.
//
// CloseWrite ends the writing direction after everything written has been
// sent; the peer reads io.EOF after the last byte, and the reading direction
// goes on. Close gives up both directions and unblocks pending calls.
//
// One goroutine may read while another writes; CloseWrite and Close may be
// called from any goroutine at any time.
type Stream interface {
	io.Reader
	io.Writer
	CloseWrite() error
	Close() error
}

// The connections of the standard library are streams as they are.
var (
	_ Stream = (*net.TCPConn)(nil)
	_ Stream = (*net.UnixConn)(nil)
	_ Stream = (*tls.Conn)(nil)
)

// Aborter is a stream that can pass on why it was given up. After
// Abort(cause) the peer of a local stream gets an error that wraps cause, and
// the stream's own calls return one that wraps both net.ErrClosed and cause.
// A nil cause means [ErrAborted].
type Aborter interface {
	Abort(cause error) error
}

// Abort gives up s so that its peer sees an error and not an end.
//
// A stream with an Abort method gets the cause. A TCP connection is reset: its
// peer's calls fail with ECONNRESET. A TLS connection is cut without
// close_notify. A layer or wrapper hands the abort to the stream below. Any
// other stream is only closed: a Unix socket's peer, for example, sees a reset
// when bytes of its own were left unread, and an end otherwise.
func Abort(s Stream, cause error) error {
	switch s := s.(type) {
	case Aborter:
		return s.Abort(cause)
	case *net.TCPConn:
		return reset(s)
	case *tls.Conn:
		// Closing below TLS sends no close_notify, the mark of a clean end.
		if c, ok := s.NetConn().(*net.TCPConn); ok {
			return reset(c)
		}
		return s.NetConn().Close()
	case interface{ Unwrap() Stream }:
		return Abort(s.Unwrap(), cause)
	}
	return s.Close()
}

// reset closes c so that the kernel sends a reset in place of an end.
func reset(c *net.TCPConn) error {
	_ = c.SetLinger(0) // fails on a closed connection only, as Close then does
	return c.Close()
}

// CanCloseWrite reports whether s can end one direction and keep the other.
// It is true for every stream that does not say otherwise: the adapter that
// [FromConn] puts on a connection without CloseWrite does, and so may any
// stream with a method CanCloseWrite() bool.
func CanCloseWrite(s Stream) bool {
	switch s := s.(type) {
	case interface{ CanCloseWrite() bool }:
		return s.CanCloseWrite()
	case interface{ Unwrap() Stream }:
		return CanCloseWrite(s.Unwrap())
	}
	return true
}

// FromConn returns c as a stream. A connection that has CloseWrite is returned
// as it is. Any other is adapted: its CloseWrite fails with
// [ErrNoCloseWrite], and [CanCloseWrite] reports false for it.
func FromConn(c net.Conn) Stream {
	if s, ok := c.(Stream); ok {
		return s
	}
	return wholeConn{c}
}

// wholeConn is a connection whose directions end together or not at all.
type wholeConn struct{ net.Conn }

func (c wholeConn) CloseWrite() error {
	return fmt.Errorf("%w: %T", ErrNoCloseWrite, c.Conn)
}

func (wholeConn) CanCloseWrite() bool { return false }

// Combine makes one stream of a reader and a writer, such as standard input
// and output. CloseWrite closes w and Close closes both, each if it is an
// io.Closer; a writer without Close cannot carry an end, so that CloseWrite
// fails with [ErrNoCloseWrite]. Deadlines work if r and w have them.
func Combine(r io.Reader, w io.Writer) Stream {
	return &combined{r: r, w: w}
}

type combined struct {
	r      io.Reader
	w      io.Writer
	ended  onceError
	shut   onceError
	closed atomic.Bool
}

func (c *combined) Read(p []byte) (int, error) {
	if c.closed.Load() {
		return 0, ErrClosed
	}
	n, err := c.r.Read(p)
	return n, c.why(err)
}

func (c *combined) Write(p []byte) (int, error) {
	if c.closed.Load() {
		return 0, ErrClosed
	}
	n, err := c.w.Write(p)
	return n, c.why(err)
}

// why returns the error of a call that Close has ended as ErrClosed: files and
// pipes say it in words of their own.
func (c *combined) why(err error) error {
	if err != nil && c.closed.Load() {
		return ErrClosed
	}
	return err
}

func (c *combined) CloseWrite() error {
	w, ok := c.w.(io.Closer)
	if !ok {
		return fmt.Errorf("%w: %T", ErrNoCloseWrite, c.w)
	}
	return c.ended.do(w.Close)
}

func (c *combined) CanCloseWrite() bool {
	_, ok := c.w.(io.Closer)
	return ok
}

func (c *combined) Close() error {
	c.closed.Store(true)
	return c.shut.do(func() error {
		var errs []error
		if _, ok := c.w.(io.Closer); ok {
			errs = append(errs, c.CloseWrite())
		}
		if r, ok := c.r.(io.Closer); ok {
			errs = append(errs, r.Close())
		}
		return errors.Join(errs...)
	})
}

func (c *combined) SetReadDeadline(t time.Time) error {
	if r, ok := c.r.(readDeadliner); ok {
		return c.why(r.SetReadDeadline(t))
	}
	return errNoDeadline
}

func (c *combined) SetWriteDeadline(t time.Time) error {
	if w, ok := c.w.(writeDeadliner); ok {
		return c.why(w.SetWriteDeadline(t))
	}
	return errNoDeadline
}

func (c *combined) SetDeadline(t time.Time) error {
	return errors.Join(c.SetReadDeadline(t), c.SetWriteDeadline(t))
}

type (
	readDeadliner  interface{ SetReadDeadline(time.Time) error }
	writeDeadliner interface{ SetWriteDeadline(time.Time) error }
)

// bare returns the stream below all wrappers and layers of s.
func bare(s Stream) Stream {
	for {
		u, ok := s.(interface{ Unwrap() Stream })
		if !ok {
			return s
		}
		s = u.Unwrap()
	}
}
