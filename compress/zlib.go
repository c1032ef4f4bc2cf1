package compress

import (
	"io"

	"github.com/duplex-go/duplex/deflate"
)

// zlibEngine writes zlib's bytes. Package deflate pools its memory.
type zlibEngine struct {
	*deflate.Writer
}

// newZlibEngine returns the engine for options that have been checked.
func newZlibEngine(f deflate.Format, o *Options) *zlibEngine {
	z, err := deflate.NewWriter(io.Discard, o.deflate(f))
	if err != nil {
		panic(err)
	}
	return &zlibEngine{z}
}

func (e *zlibEngine) flush(k deflate.Flush) error { return e.Flush(k) }

func (e *zlibEngine) params(l deflate.Level, s deflate.Strategy) error { return e.Params(l, s) }

func (e *zlibEngine) reset(w io.Writer) { e.Reset(w) }

func (e *zlibEngine) release() { e.Reset(io.Discard) }
