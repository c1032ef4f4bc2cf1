package duplex

import (
	"errors"
	"io"
	"slices"
)

// Transform turns the bytes of one direction into others: it compresses,
// encrypts, encodes, or the opposite. The zero value passes bytes on as they
// are.
//
// Go's codecs have two shapes, and a Transform is made of either: [Encoder]
// takes one that is written to, [Decoder] one that is read from. Whichever it
// was made of, it can stand alone as a stream ([Transform.Stream]), work on
// what is written to a writer or read from a reader ([Transform.Writer],
// [Transform.Reader]), be a layer on a stream ([Layer]) or a stage of a
// [Pipeline].
//
// A Transform holds no state: every use makes a codec of its own, at its first
// byte, so that nothing blocks before there is something to do.
type Transform struct {
	name string
	push func(io.Writer) (io.WriteCloser, error)
	pull func(io.Reader) (io.Reader, error)
	then []Transform // Compose: these, one after the other
}

// Encoder makes a transform of a function that returns an encoder writing to
// w, such as gzip.NewWriter. The encoder's Close must write its trailer; its
// Flush() error, if it has one, is what a flush of the transform calls. It runs
// in the goroutine of whoever writes.
func Encoder[W io.WriteCloser](f func(w io.Writer) W) Transform {
	return Transform{push: func(w io.Writer) (io.WriteCloser, error) { return f(w), nil }}
}

// TryEncoder is like [Encoder] for a function that can fail.
func TryEncoder[W io.WriteCloser](f func(w io.Writer) (W, error)) Transform {
	return Transform{push: func(w io.Writer) (io.WriteCloser, error) { return f(w) }}
}

// Decoder makes a transform of a function that returns a decoder reading from
// r, such as flate.NewReader. It runs in the goroutine of whoever reads. A
// decoder with a Close method is closed when its use ends.
func Decoder[R io.Reader](f func(r io.Reader) R) Transform {
	return Transform{pull: func(r io.Reader) (io.Reader, error) { return f(r), nil }}
}

// TryDecoder is like [Decoder] for a function that can fail, such as
// gzip.NewReader, which also reads. It is called at the first read. If it
// returns io.EOF, the input ended before it began: that is
// io.ErrUnexpectedEOF here.
func TryDecoder[R io.Reader](f func(r io.Reader) (R, error)) Transform {
	return Transform{pull: func(r io.Reader) (io.Reader, error) {
		d, err := f(r)
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return d, err
	}}
}

// Map makes a transform of a function on bytes that needs no memory from one
// call to the next, such as bytes.ToUpper. It is called with whatever has
// arrived, must not keep p, and may return p, changed in place.
func Map(f func(p []byte) []byte) Transform {
	return Encoder(func(w io.Writer) *mapper { return &mapper{w: w, f: f} })
}

type mapper struct {
	w io.Writer
	f func([]byte) []byte
	b []byte
}

func (m *mapper) Write(p []byte) (int, error) {
	m.b = append(m.b[:0], p...) // f may change its argument, a writer may not
	out := m.f(m.b)
	n, err := m.w.Write(out)
	if _, err = wrote(n, len(out), err); err != nil {
		return 0, err
	}
	return len(p), nil
}

func (m *mapper) Close() error { return nil }

// Compose returns the transform that does one after the other: what goes in
// passes the first one first. A decoder that stops at an end mark of its own
// ends there only once all before it have come to theirs, so that an outer
// trailer that is wrong or missing is an error.
func Compose(transforms ...Transform) Transform {
	return Transform{then: transforms}
}

// Named returns t with a name for its errors.
func (t Transform) Named(name string) Transform {
	t.name = name
	return t
}

// String returns the name, or "transform" if there is none.
func (t Transform) String() string {
	if t.name == "" {
		return "transform"
	}
	return t.name
}

// parts returns the transforms that t is composed of.
func (t Transform) parts() []Transform {
	if t.push != nil || t.pull != nil {
		return []Transform{t}
	}
	var parts []Transform
	for _, u := range t.then {
		parts = append(parts, u.parts()...)
	}
	return parts
}

// Writer returns t as a writer: what is written to it comes out on w. Close
// writes the rest and any trailer, and does not close w. Flush() error makes
// everything written so far come out, as far as the codec can, and flushes w
// if that has a Flush.
//
// A transform made of a [Decoder] runs in a goroutine here, which Close ends.
// What is written behind the decoder's end is dropped.
func (t Transform) Writer(w io.Writer) io.WriteCloser { return t.writer(w) }

func (t Transform) writer(w io.Writer) *transformWriter {
	parts := t.parts()
	tw := &transformWriter{out: w}
	for i := len(parts) - 1; i >= 0; i-- {
		if parts[i].pull != nil && len(tw.stages) > 0 {
			// Its goroutine flushes the whole rest, which nobody else may
			// touch then.
			w = &transformWriter{in: w, out: tw.out, stages: slices.Clone(tw.stages)}
		}
		s := newStageWriter(parts[i], w)
		tw.stages = append(tw.stages, s)
		w = s
	}
	tw.in = w
	return tw
}

// Reader returns t as a reader of what r gives. It reads from r no more than
// the transform asks for, and not before the first Read. At the end of r it
// returns what the codec makes of it: a truncated input is an error. Close
// releases the codec and does not close r. It starts no goroutine.
func (t Transform) Reader(r io.Reader) io.ReadCloser { return t.reader(r, false) }

// reader is Reader; whole says that r is to be read to its end, whatever the
// first decoder makes of it.
func (t Transform) reader(r io.Reader, whole bool) *transformReader {
	tr := &transformReader{}
	for i, part := range t.parts() {
		s := newStageReader(part, r, whole || i > 0)
		tr.stages = append(tr.stages, s)
		r = s
	}
	tr.out = r
	return tr
}

// Stream returns t alone as a stream: write in, read out. It buffers up to
// DefaultHighWaterMark bytes of what the reader has not taken; a writer waits
// beyond that. CloseWrite ends the input; the reader then gets the rest and
// io.EOF. What is written behind the end of a decoder is dropped. The zero
// Transform gives a plain buffer between a writer and a reader.
//
// A failure of the transform is what both sides get.
func (t Transform) Stream() *Layered {
	// Encoders run in the writer as far as they come first, the rest in the
	// reader; the bytes wait between them, and no goroutine is needed.
	parts := t.parts()
	split := 0
	for split < len(parts) && parts[split].push != nil {
		split++
	}
	return Layer(newLoop(), Codec{
		Encode: Compose(parts[:split]...),
		Decode: Compose(parts[split:]...),
	})
}

// flusher is a writer that holds bytes back until it is told.
type flusher interface{ Flush() error }

// transformWriter is a chain of stages that is written to.
type transformWriter struct {
	in     io.Writer    // the first stage
	out    io.Writer    // what the last one writes to
	stages []writeStage // the last one first
}

// writeStage is one transform as a writer.
type writeStage interface {
	io.WriteCloser
	flusher
	// release frees the stage without writing what it holds. The cause, if
	// any, is the failure of a stage before it.
	release(cause error)
}

func (w *transformWriter) Write(p []byte) (int, error) { return w.in.Write(p) }

func (w *transformWriter) Flush() error {
	for i := len(w.stages) - 1; i >= 0; i-- {
		if err := w.stages[i].Flush(); err != nil {
			return err
		}
		if _, ok := w.stages[i].(*pullWriter); ok {
			return nil // the decoder's goroutine writes to the rest, and flushes it
		}
	}
	if f, ok := w.out.(flusher); ok {
		return f.Flush()
	}
	return nil
}

func (w *transformWriter) Close() error {
	for i := len(w.stages) - 1; i >= 0; i-- {
		if err := w.stages[i].Close(); err != nil {
			// A later trailer would make what is cut look whole.
			w.release(err)
			return err
		}
	}
	return nil
}

// release frees the stages without writing what they hold: the first stage
// first, since a decoder's goroutine uses those after it.
func (w *transformWriter) release(cause error) {
	for _, s := range slices.Backward(w.stages) {
		s.release(cause)
	}
}

// transformReader is a chain of stages that is read from.
type transformReader struct {
	out    io.Reader
	stages []io.ReadCloser
}

func (r *transformReader) Read(p []byte) (int, error) { return r.out.Read(p) }

func (r *transformReader) Close() error {
	var errs []error
	for _, s := range r.stages {
		errs = append(errs, s.Close())
	}
	return errors.Join(errs...)
}
