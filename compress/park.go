package compress

import (
	"io"

	"github.com/duplex-go/duplex/deflate"
)

// maxPark is as far back as deflate can refer.
const maxPark = 32 << 10

// parkEngine is an encoder that gives its memory back between flushes: where a
// flush has led to a byte boundary one raw writer may leave off and another go
// on, with the last bytes as its dictionary. The decoder sees one stream.
type parkEngine struct {
	wrapping
	options Options
	w       io.Writer
	level   deflate.Level
	strat   deflate.Strategy
	raw     *deflate.Writer
	dict    []byte // what raw was made with
	fits    bool   // raw was made for level and strat
	live    bool   // raw holds memory
	begun   bool   // the header was written
	ended   bool
	tail    []byte // the last bytes, up to options.Park
}

// newParkEngine returns the engine for options that have been checked.
func newParkEngine(f deflate.Format, o *Options) *parkEngine {
	return &parkEngine{wrapping: newWrapping(f), options: *o}
}

func (e *parkEngine) reset(w io.Writer) {
	e.release()
	e.w, e.raw, e.begun, e.ended = w, nil, false, false
	e.level, e.strat = e.options.Level, e.options.Strategy
	e.wrapping.reset()
	e.tail = e.tail[:0]
	e.remember(e.options.Dict)
}

// resume makes sure that there is a writer to go on with.
func (e *parkEngine) resume() error {
	switch {
	case e.ended:
		return deflate.ErrClosed
	case e.live:
		return nil
	}
	o := e.options.deflate(e.format)
	o.Level, o.Strategy = e.level, e.strat
	if e.begun {
		o.Dict = e.tail
	} else if err := e.begin(e.w, o); err != nil {
		return err
	}
	e.begun, e.live = true, true
	if e.raw != nil && e.fits && same(e.dict, o.Dict) {
		e.raw.Reset(e.w)
		return nil
	}
	o.Format = deflate.Raw
	if o.WindowBits == 8 {
		o.WindowBits = 9 // as for zlib
	}
	var err error
	e.raw, err = deflate.NewWriter(e.w, o)
	e.dict, e.fits = o.Dict, true
	return err
}

// same reports whether a and b are the same memory. A tail that has reached
// its full length stays where it is while its bytes change.
func same(a, b []byte) bool {
	return len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0])
}

func (e *parkEngine) Write(p []byte) (int, error) {
	if err := e.resume(); err != nil {
		return 0, err
	}
	n, err := e.raw.Write(p)
	if err != nil {
		return n, err
	}
	e.add(p)
	e.remember(p)
	return n, nil
}

// remember moves the end of p into the tail.
func (e *parkEngine) remember(p []byte) {
	room := e.options.Park - len(p)
	switch {
	case room <= 0:
		e.tail = append(e.tail[:0], p[-room:]...)
		return
	case len(e.tail) > room:
		e.tail = e.tail[:copy(e.tail, e.tail[len(e.tail)-room:])]
	}
	e.tail = append(e.tail, p...)
}

func (e *parkEngine) flush(k deflate.Flush) error {
	if e.begun && !e.live {
		if k == deflate.FullFlush {
			e.tail = e.tail[:0]
		}
		return nil // nothing was written since the flush that parked it
	}
	if err := e.resume(); err != nil {
		return err
	}
	if err := e.raw.Flush(k); err != nil {
		return err
	}
	switch k {
	case deflate.FullFlush:
		e.tail = e.tail[:0]
		e.release()
	case deflate.SyncFlush:
		e.release()
	}
	return nil // the others do not lead to a byte boundary
}

func (e *parkEngine) params(l deflate.Level, s deflate.Strategy) error {
	z := e.raw
	if !e.live {
		z, _ = deflate.NewWriter(io.Discard, deflate.Options{}) // to judge l and s
	}
	if err := z.Params(l, s); err != nil {
		return err
	}
	e.level, e.strat, e.fits = l, s, false
	return nil
}

func (e *parkEngine) Close() error {
	if e.ended {
		return nil
	}
	if err := e.resume(); err != nil {
		return err
	}
	e.ended, e.live = true, false
	if err := e.raw.Close(); err != nil {
		return err
	}
	return e.end(e.w)
}

// release gives the memory back. What was flushed stays.
func (e *parkEngine) release() {
	if e.live {
		e.live = false
		e.raw.Reset(io.Discard)
	}
}
