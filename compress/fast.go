package compress

import (
	"io"

	"github.com/duplex-go/duplex/deflate"
	"github.com/klauspost/compress/flate"
)

// fastWriters holds writers between streams, by level. Those with a dictionary
// are not kept.
var fastWriters pools[int, *flate.Writer]

// fastEngine compresses with klauspost/compress.
type fastEngine struct {
	wrapping
	options Options
	level   int
	w       io.Writer
	raw     *flate.Writer // nil before the first byte and after the end
	ended   bool
}

// newFastEngine returns the engine for options that have been checked.
func newFastEngine(f deflate.Format, o *Options) *fastEngine {
	level := int(o.Level)
	switch {
	case o.Strategy == deflate.HuffmanOnly:
		level = flate.HuffmanOnly
	case o.Level == deflate.Stored:
		level = flate.NoCompression
	case o.Level == deflate.DefaultLevel:
		level = 6
	}
	return &fastEngine{wrapping: newWrapping(f), options: *o, level: level}
}

func (e *fastEngine) reset(w io.Writer) {
	e.release()
	e.wrapping.reset()
	e.w, e.ended = w, false
}

// open gets a writer and writes the header at the first call of a stream.
func (e *fastEngine) open() error {
	if e.ended {
		return deflate.ErrClosed
	}
	if e.raw != nil {
		return nil
	}
	if err := e.begin(e.w, e.options.deflate(e.format)); err != nil {
		return err
	}
	if len(e.options.Dict) == 0 {
		if z, ok := fastWriters.get(e.level); ok {
			z.Reset(e.w)
			e.raw = z
			return nil
		}
	}
	var err error
	e.raw, err = flate.NewWriterDict(e.w, e.level, e.options.Dict)
	return err
}

func (e *fastEngine) Write(p []byte) (int, error) {
	if err := e.open(); err != nil {
		return 0, err
	}
	n, err := e.raw.Write(p)
	if err == nil {
		e.add(p)
	}
	return n, err
}

func (e *fastEngine) flush(k deflate.Flush) error {
	if k != deflate.SyncFlush {
		return errNoFlush
	}
	if err := e.open(); err != nil {
		return err
	}
	return e.raw.Flush()
}

func (e *fastEngine) params(deflate.Level, deflate.Strategy) error { return errNoParams }

func (e *fastEngine) Close() error {
	if e.ended {
		return nil
	}
	if err := e.open(); err != nil {
		return err
	}
	err := e.raw.Close()
	e.ended = true
	e.release()
	if err == nil {
		err = e.end(e.w)
	}
	return err
}

// release gives the writer back.
func (e *fastEngine) release() {
	if e.raw != nil && len(e.options.Dict) == 0 {
		e.raw.Reset(io.Discard) // it must not hold on to the stream
		fastWriters.put(e.level, e.raw)
	}
	e.raw = nil
}
