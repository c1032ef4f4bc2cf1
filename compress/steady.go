package compress

import (
	"io"
	"sync"

	"github.com/duplex-go/duplex/deflate"
)

const (
	// steadyPiece is a multiple of every window, so that zlib's window is
	// filled and moved on where one large write would fill and move it.
	steadyPiece = 64 << 10
	// storedPiece is the longest stored block: level 0 makes one of each.
	storedPiece = 1<<16 - 1
	// parallelPiece is what makes work for one goroutine.
	parallelPiece = 1 << 20
)

var steadyBuffers = sync.Pool{New: func() any {
	b := make([]byte, 0, steadyPiece)
	return &b
}}

// steadyEngine hands its input on in pieces that do not depend on how it came.
// It holds a buffer only while something waits in it.
type steadyEngine struct {
	engine
	options *Options
	stored  bool
	buf     *[]byte
}

func newSteadyEngine(e engine, o *Options) *steadyEngine {
	return &steadyEngine{engine: e, options: o, stored: o.Level == deflate.Stored}
}

// piece returns how long a piece is.
func (e *steadyEngine) piece() int {
	switch {
	case e.stored:
		return storedPiece
	case e.options.Parallel > 1:
		return e.options.Parallel * parallelPiece
	}
	return steadyPiece
}

func (e *steadyEngine) Write(p []byte) (n int, err error) {
	size := e.piece()
	for len(p) > 0 {
		if e.buf == nil && len(p) >= size {
			m, err := e.engine.Write(p[:len(p)-len(p)%size])
			n += m
			if err != nil {
				return n, err
			}
			p = p[m:]
			continue
		}
		m := e.keep(p, size)
		n += m
		p = p[m:]
		if len(*e.buf) == size {
			if err := e.pass(); err != nil {
				return n, err
			}
		}
	}
	return n, nil
}

// keep puts the start of p into the buffer, which grows up to a piece.
func (e *steadyEngine) keep(p []byte, size int) int {
	if e.buf == nil {
		e.buf = steadyBuffers.Get().(*[]byte)
	}
	b := *e.buf
	m := min(len(p), size-len(b))
	if len(b)+m > cap(b) {
		larger := make([]byte, len(b), min(size, 2*(len(b)+m)))
		copy(larger, b)
		e.drop()
		b, e.buf = larger, &larger
	}
	*e.buf = append(b, p[:m]...)
	return m
}

// pass hands on what the buffer has.
func (e *steadyEngine) pass() error {
	if e.buf == nil {
		return nil
	}
	_, err := e.engine.Write(*e.buf)
	if cap(*e.buf) == steadyPiece || err != nil {
		e.drop()
	} else {
		*e.buf = (*e.buf)[:0] // a large one is not given up while data flows
	}
	return err
}

func (e *steadyEngine) drop() {
	if e.buf != nil && cap(*e.buf) == steadyPiece {
		*e.buf = (*e.buf)[:0]
		steadyBuffers.Put(e.buf)
	}
	e.buf = nil
}

func (e *steadyEngine) flush(k deflate.Flush) error {
	if err := e.pass(); err != nil {
		return err
	}
	e.drop()
	return e.engine.flush(k)
}

func (e *steadyEngine) params(l deflate.Level, s deflate.Strategy) error {
	if err := e.pass(); err != nil {
		return err
	}
	e.drop()
	err := e.engine.params(l, s)
	if err == nil {
		e.stored = l == deflate.Stored
	}
	return err
}

func (e *steadyEngine) reset(w io.Writer) {
	e.drop()
	e.stored = e.options.Level == deflate.Stored
	e.engine.reset(w)
}

func (e *steadyEngine) release() {
	e.drop()
	e.engine.release()
}

func (e *steadyEngine) Close() error {
	err := e.pass()
	e.drop()
	if cerr := e.engine.Close(); err == nil {
		err = cerr
	}
	return err
}
