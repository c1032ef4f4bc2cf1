package duplex

import "io"

// dress puts the transforms that lie on l on its ends: those up to the last
// decoder on the reader, the rest on the writer, so that none needs a
// goroutine. Every error on the way is noted with the stage it came from.
func (p *pipeline) dress(l *leg) (src io.Reader, dst io.Writer, done func()) {
	src, dst = l.src, l.dst
	if l.to == l.from+1 {
		return src, dst, func() {} // nothing stands between the ends
	}
	split := l.to
	for split > l.from+1 && !p.stages[split-1].(Transform).pulls() {
		split--
	}
	if split > l.from+1 {
		src = &notedReader{p, l.from, src}
	}
	var readers []*transformReader
	for i := l.from + 1; i < split; i++ {
		r := p.stages[i].(Transform).reader(src, i > 1)
		readers = append(readers, r)
		src = &notedReader{p, i, r}
	}
	closeReaders := func() {
		for _, r := range readers {
			_ = r.Close()
		}
	}
	if split == l.to {
		return src, dst, closeReaders
	}
	writer := &transformWriter{out: dst}
	writer.in = &notedWriter{p: p, index: l.to, Writer: dst}
	for i := l.to - 1; i >= split; i-- {
		w := &notedWriter{p: p, index: i}
		w.stage = p.stages[i].(Transform).writer(writer.in)
		w.stage.out = nil // the chain flushes its stages one by one
		w.Writer = w.stage
		writer.stages = append(writer.stages, w)
		writer.in = w
	}
	return src, writer, func() {
		closeReaders()
		writer.release(nil)
	}
}

// pulls reports whether t has a decoder in it, which is best read from.
func (t Transform) pulls() bool {
	for _, part := range t.parts() {
		if part.pull != nil {
			return true
		}
	}
	return false
}

// notedReader notes what comes out of a stage as that stage's error.
type notedReader struct {
	p     *pipeline
	index int
	io.Reader
}

func (r *notedReader) Read(b []byte) (int, error) {
	n, err := r.Reader.Read(b)
	if err != nil && err != io.EOF {
		err = r.p.note(r.index, err)
	}
	return n, err
}

// notedWriter is like notedReader; stage is set where the writer is a
// transform.
type notedWriter struct {
	p     *pipeline
	index int
	io.Writer
	stage *transformWriter
}

func (w *notedWriter) Write(b []byte) (int, error) {
	n, err := w.Writer.Write(b)
	n, err = wrote(n, len(b), err) // which an encoder may not look for
	return n, w.noted(err)
}

func (w *notedWriter) Flush() error { return w.noted(w.stage.Flush()) }
func (w *notedWriter) Close() error { return w.noted(w.stage.Close()) }

func (w *notedWriter) release(cause error) { w.stage.release(cause) }

func (w *notedWriter) noted(err error) error {
	if err == nil {
		return nil
	}
	return w.p.note(w.index, err)
}
