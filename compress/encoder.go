package compress

import (
	"errors"
	"io"

	"github.com/duplex-go/duplex/deflate"
)

// engine is one way to compress. It holds its memory from its first write to
// its close or release.
type engine interface {
	io.WriteCloser
	flush(k deflate.Flush) error
	params(l deflate.Level, s deflate.Strategy) error
	reset(w io.Writer) // begins anew on w; it is called first of all
	release()          // gives the memory back without an end
}

// encoder is what the encoding transforms of this package are made of.
type encoder struct {
	engine engine
	out    sink
	kind   deflate.Flush // of a flush that does not say which
	in     int64
	dirty  bool // something was written since the last flush
	closed bool
}

func (e *encoder) Write(p []byte) (int, error) {
	n, err := e.engine.Write(p)
	e.in += int64(n)
	e.dirty = e.dirty || n > 0
	return n, e.out.deliver(err)
}

// Flush makes everything written come out. Where there is nothing, it writes
// nothing.
func (e *encoder) Flush() error {
	if !e.dirty {
		return nil
	}
	return e.flush(e.kind)
}

// flush flushes in the manner of k, as the engine sees fit.
func (e *encoder) flush(k deflate.Flush) error {
	err := e.engine.flush(k)
	if err == nil && k != deflate.BlockFlush {
		e.dirty = false // not by a kind that the engine does not have
	}
	return e.out.deliver(err)
}

func (e *encoder) params(l deflate.Level, s deflate.Strategy) error {
	return e.out.deliver(e.engine.params(l, s))
}

// reset abandons the stream; what is written next begins a new one.
func (e *encoder) reset() {
	e.engine.reset(&e.out)
	e.in, e.dirty = 0, false
	e.out.n = 0
}

// Close writes the end of the stream and gives the memory back.
func (e *encoder) Close() error {
	if e.closed {
		return nil
	}
	e.closed, e.dirty = true, false
	return e.out.deliver(e.engine.Close())
}

// Release gives the memory back without an end.
func (e *encoder) Release() {
	if !e.closed {
		e.closed = true
		e.engine.release()
	}
	e.out.drop()
}

// errNoFlush is a kind of flush that an engine does not have.
var errNoFlush = noSuch("compress: the encoder has no such flush")

// errNoParams is a change that an engine does not have.
var errNoParams = noSuch("compress: the encoder has no level and strategy to change")

// noSuch is an error that matches errors.ErrUnsupported.
func noSuch(text string) error { return unsupported(text) }

type unsupported string

func (e unsupported) Error() string        { return string(e) }
func (e unsupported) Is(target error) bool { return target == errors.ErrUnsupported }
