package duplex

import (
	"errors"
	"io"
	"net"
	"syscall"
	"time"
)

// Hooks says what a wrapper made by [Wrap] does itself. A nil function leaves
// that to the stream below.
type Hooks struct {
	Read       func(p []byte) (int, error)
	Write      func(p []byte) (int, error)
	CloseWrite func() error
	Close      func() error
}

// Wrap returns a stream that does some things differently and has the
// abilities of s for all others: half-close, abort, deadlines, addresses,
// SyscallConn. Where Read is not hooked the bytes of that direction still take
// the shortest way ([Join], io.Copy), past the wrapper; likewise Write.
//
// Hooks are called as the stream's methods would be: Read from one goroutine
// at a time, Write from one or more, the closing ones from any.
func Wrap(s Stream, h Hooks) *Wrapped { return &Wrapped{below: s, hooks: h} }

// Wrapped is a stream with hooks; see [Wrap].
type Wrapped struct {
	below Stream
	hooks Hooks
}

var (
	_ Stream   = (*Wrapped)(nil)
	_ net.Conn = (*Wrapped)(nil)
	_ passer   = (*Wrapped)(nil)
)

// Read calls the hook or reads from the stream below.
func (w *Wrapped) Read(p []byte) (int, error) {
	if w.hooks.Read != nil {
		return w.hooks.Read(p)
	}
	return w.below.Read(p)
}

// Write calls the hook or writes to the stream below.
func (w *Wrapped) Write(p []byte) (int, error) {
	if w.hooks.Write != nil {
		return w.hooks.Write(p)
	}
	return w.below.Write(p)
}

// CloseWrite calls the hook or ends the stream below.
func (w *Wrapped) CloseWrite() error {
	if w.hooks.CloseWrite != nil {
		return w.hooks.CloseWrite()
	}
	return w.below.CloseWrite()
}

// Close calls the hook or closes the stream below.
func (w *Wrapped) Close() error {
	if w.hooks.Close != nil {
		return w.hooks.Close()
	}
	return w.below.Close()
}

// Abort aborts the stream below and then calls the Close hook, which may hold
// something to be freed.
func (w *Wrapped) Abort(cause error) error {
	err := Abort(w.below, cause)
	if w.hooks.Close != nil {
		_ = w.hooks.Close()
	}
	return err
}

// Unwrap returns the stream below.
func (w *Wrapped) Unwrap() Stream { return w.below }

// CanCloseWrite reports whether the stream below can half-close; a hook for
// CloseWrite can.
func (w *Wrapped) CanCloseWrite() bool {
	return w.hooks.CloseWrite != nil || CanCloseWrite(w.below)
}

// SetDeadline sets the deadlines of the stream below. It fails with an error
// that matches os.ErrNoDeadline if that has none.
func (w *Wrapped) SetDeadline(t time.Time) error {
	return errors.Join(w.SetReadDeadline(t), w.SetWriteDeadline(t))
}

// SetReadDeadline sets the read deadline of the stream below.
func (w *Wrapped) SetReadDeadline(t time.Time) error { return setReadDeadline(w.below, t) }

// SetWriteDeadline sets the write deadline of the stream below.
func (w *Wrapped) SetWriteDeadline(t time.Time) error { return setWriteDeadline(w.below, t) }

// LocalAddr returns the local address of the stream below.
func (w *Wrapped) LocalAddr() net.Addr { return localAddr(w.below) }

// RemoteAddr returns the remote address of the stream below.
func (w *Wrapped) RemoteAddr() net.Addr { return remoteAddr(w.below) }

// SyscallConn returns the raw connection below, or an error that matches
// errors.ErrUnsupported.
func (w *Wrapped) SyscallConn() (syscall.RawConn, error) { return syscallConn(w.below) }

// WriteTo writes to dst what is read until the end, through the Read hook or
// by the shortest way there is.
func (w *Wrapped) WriteTo(dst io.Writer) (int64, error) {
	t := transfer{src: w, dst: dst}
	t.run()
	return t.moved.Load(), t.err
}

// ReadFrom writes what is read from src until its end, through the Write hook
// or by the shortest way there is.
func (w *Wrapped) ReadFrom(src io.Reader) (int64, error) {
	t := transfer{src: src, dst: w}
	t.run()
	return t.moved.Load(), t.err
}

// Flush flushes a stream below that buffers.
func (w *Wrapped) Flush() error {
	if f, ok := w.below.(flusher); ok {
		return f.Flush()
	}
	return nil
}

func (w *Wrapped) passRead() (Stream, []byte, meter, bool) {
	return w.below, nil, noMeter{}, w.hooks.Read == nil
}

func (w *Wrapped) passWrite() (Stream, writeMeter, bool) {
	return w.below, noMeter{}, w.hooks.Write == nil
}

type noMeter struct{}

func (noMeter) add(int64)            {}
func (noMeter) carry(*transfer)      {}
func (noMeter) over(err error) error { return err }

// bufferWriter returns the stream that a vectored write may go to directly:
// the one below wrappers that do not need the bytes.
func bufferWriter(s Stream) io.Writer {
	for {
		w, ok := s.(*Wrapped)
		if !ok || w.hooks.Write != nil {
			return s
		}
		s = w.below
	}
}
