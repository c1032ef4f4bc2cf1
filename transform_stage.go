package duplex

import (
	"io"
)

func newStageWriter(t Transform, w io.Writer) writeStage {
	if t.push != nil {
		return &pushWriter{make: t.push, w: w}
	}
	return newPullWriter(t.pull, w)
}

// newStageReader returns t as a reader of r; whole says that r is to be read to
// its end, see pullReader.
func newStageReader(t Transform, r io.Reader, whole bool) io.ReadCloser {
	if t.pull != nil {
		return &pullReader{make: t.pull, r: r, whole: whole}
	}
	return &pushReader{make: t.push, r: r}
}

// pushWriter is an encoder used as what it is.
type pushWriter struct {
	make func(io.Writer) (io.WriteCloser, error)
	w    io.Writer
	enc  io.WriteCloser
	sent bool  // flushed, and nothing written since
	err  error // the first failure, or ErrEnded
}

// open makes the encoder; an encoder that writes when it is made does so now.
func (s *pushWriter) open() error {
	if s.err == nil && s.enc == nil {
		enc, err := s.make(s.w)
		if err != nil {
			s.err = err // what came with it may be a nil pointer, and no encoder
			return err
		}
		s.enc = enc
	}
	return s.err
}

func (s *pushWriter) Write(p []byte) (int, error) {
	if err := s.open(); err != nil {
		return 0, err
	}
	s.sent = s.sent && len(p) == 0
	n, err := s.enc.Write(p)
	n, err = wrote(n, len(p), err)
	s.err = err
	return n, err
}

// Flush flushes the encoder, unless there is nothing to flush: most encoders
// mark every flush with bytes of their own.
func (s *pushWriter) Flush() error {
	if err := s.open(); err != nil {
		return err
	}
	if f, ok := s.enc.(flusher); ok && !s.sent {
		s.err = f.Flush()
		s.sent = s.err == nil
	}
	return s.err
}

func (s *pushWriter) Close() error {
	if s.err == ErrEnded {
		return nil
	}
	if err := s.open(); err != nil {
		return err
	}
	if err := s.enc.Close(); err != nil {
		s.err = err
		return err
	}
	s.err = ErrEnded
	return nil
}

// release frees an encoder that will not write its trailer.
func (s *pushWriter) release(error) {
	if r, ok := s.enc.(releaser); ok && s.err != ErrEnded {
		r.Release()
	}
	s.enc = nil // once
	if s.err == nil {
		s.err = ErrClosed
	}
}

// releaser is an encoder or decoder that holds something to be given back
// although its stream did not end.
type releaser interface{ Release() }

// pullReader is a decoder used as what it is, made at the first read.
type pullReader struct {
	make func(io.Reader) (io.Reader, error)
	r    io.Reader
	dec  io.Reader
	err  error

	// whole reads r to its end before that of the decoder is told. Many decoders
	// stop at a mark of their own; where r is what another one makes, the trailer
	// of that is behind it, and unread it would pass for a good one.
	whole bool
	ended bool // the decoder has; what is left is the rest of r
}

func (s *pullReader) Read(p []byte) (int, error) {
	if s.err != nil {
		return 0, s.err
	}
	if len(p) == 0 {
		return 0, nil
	}
	if s.dec == nil {
		dec, err := s.make(s.r)
		if err != nil {
			s.err = err // what came with it may be a nil pointer, and no decoder
			return 0, err
		}
		s.dec = dec
	}
	var n int
	var err error
	if !s.ended {
		n, err = s.dec.Read(p)
		if n < 0 || n > len(p) {
			n, err = 0, errBadRead
		}
		s.ended = err == io.EOF
	}
	if s.ended && s.whole {
		if n > 0 {
			return n, nil
		}
		err = drain(s.r)
	}
	if err != nil && !isTimeout(err) {
		s.err = err
	}
	return n, err
}

// drain reads and drops what r still gives, and returns why that is all.
func drain(r io.Reader) error {
	in := newFiller(r)
	for {
		c, err := in.next()
		if c != nil {
			c.free()
		}
		if err != nil {
			return err
		}
	}
}

func (s *pullReader) Close() error {
	dec := s.dec
	if s.err == nil {
		s.err = ErrClosed
	}
	s.dec = nil
	if c, ok := dec.(io.Closer); ok {
		return c.Close()
	}
	return nil
}

// pushReader is an encoder used as a reader: it is fed from r until something
// comes out. What it has made of one piece of input waits here.
type pushReader struct {
	make func(io.Writer) (io.WriteCloser, error)
	r    io.Reader
	enc  pushWriter
	in   *filler
	out  waitingBytes
	err  error // why nothing more comes
}

// waitingBytes is a buffer that is emptied before it is filled again.
type waitingBytes struct {
	b []byte
	r int
}

func (w *waitingBytes) Write(p []byte) (int, error) {
	w.b = append(w.b, p...)
	return len(p), nil
}

func (w *waitingBytes) take(p []byte) int {
	n := copy(p, w.b[w.r:])
	w.skip(n)
	return n
}

func (w *waitingBytes) skip(n int) {
	if w.r += n; w.r == len(w.b) {
		w.b, w.r = w.b[:0], 0
	}
}

func (s *pushReader) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for s.out.r == len(s.out.b) {
		if s.err != nil {
			return 0, s.err
		}
		if err := s.feed(); err != nil {
			return 0, err
		}
	}
	return s.out.take(p), nil
}

// feed gives the encoder the next piece of input. A source that has no more at
// once may pause, so that the encoder is flushed. The error is one that a later
// call may get over; any other is s.err.
func (s *pushReader) feed() error {
	if s.in == nil {
		s.in = newFiller(s.r)
		s.enc = pushWriter{make: s.make, w: &s.out}
	}
	c, err := s.in.next()
	if c != nil {
		_, werr := s.enc.Write(c.bytes())
		c.free()
		if werr == nil && err == nil && !s.in.more() {
			werr = s.enc.Flush()
		}
		if werr != nil {
			s.err = werr
			return nil
		}
	}
	switch {
	case isTimeout(err):
		return err
	case err == io.EOF:
		if s.err = s.enc.Close(); s.err == nil {
			s.err = io.EOF
		}
	default:
		s.err = err
	}
	return nil
}

func (s *pushReader) Close() error {
	s.enc.release(nil)
	if s.err == nil {
		s.err = ErrClosed
	}
	return nil
}

// pullWriter is a decoder used as a writer. A decoder asks for its input when
// it wants it, so it needs a goroutine of its own, from the first byte to
// Close. What is written behind the decoder's end is dropped.
type pullWriter struct {
	make    func(io.Reader) (io.Reader, error)
	w       io.Writer
	in      *loop
	done    chan struct{}
	started bool
	err     error // how the decoder ended; read after done
}

func newPullWriter(make_ func(io.Reader) (io.Reader, error), w io.Writer) *pullWriter {
	return &pullWriter{make: make_, w: w, in: newLoop(), done: make(chan struct{})}
}

// start starts the decoder's goroutine; one goroutine writes at a time.
func (s *pullWriter) start() {
	if !s.started {
		s.started = true
		go s.decode()
	}
}

func (s *pullWriter) decode() {
	defer close(s.done)
	dec := &pullReader{make: s.make, r: s.in, whole: true}
	defer dec.Close()
	t := transfer{src: dec, dst: s.w, live: true}
	t.run()
	s.err = t.err
	if s.err == nil {
		s.in.q.closeReader(ErrClosed, ErrPeerClosed)
		return
	}
	s.in.q.closeReader(s.err, s.err)
}

func (s *pullWriter) Write(p []byte) (int, error) {
	s.start()
	return s.in.Write(p)
}

// Flush cannot hurry a decoder: what it can decode comes out without it.
func (s *pullWriter) Flush() error { return nil }

func (s *pullWriter) Close() error {
	s.start()
	_ = s.in.CloseWrite()
	<-s.done
	return s.err
}

// release ends the goroutine. With a cause the decoder first makes of its input
// what it can, as one does that reads: the cause is how that input ended.
func (s *pullWriter) release(cause error) {
	if !s.started {
		return
	}
	select {
	case <-s.done: // its error is what calls go on to return
		return
	default:
	}
	if cause != nil {
		s.in.stopWrite(cause)
	} else {
		_ = s.in.Close()
	}
	<-s.done
}
