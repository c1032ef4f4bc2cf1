package compress

import (
	"io"
	"sync"
)

// gathered is how much of one call's output is brought together at most.
const gathered = 32 << 10

// gatherBuffers holds buffers between the calls that need them, so that an idle
// stream has none.
var gatherBuffers = sync.Pool{New: func() any {
	b := make([]byte, 0, gathered)
	return &b
}}

// sink is what an engine writes to: it counts, and gathers what one call gives.
type sink struct {
	w   io.Writer
	n   int64
	buf *[]byte // nil while nothing has been gathered
	err error
}

func (s *sink) Write(p []byte) (int, error) {
	if s.err != nil {
		return 0, s.err
	}
	s.n += int64(len(p))
	if s.buf == nil {
		s.buf = gatherBuffers.Get().(*[]byte)
	}
	for rest := p; ; {
		b := *s.buf
		n := min(len(rest), cap(b)-len(b))
		*s.buf = append(b, rest[:n]...)
		if rest = rest[n:]; len(rest) == 0 {
			return len(p), nil
		}
		if s.put(); s.err != nil {
			return 0, s.err
		}
	}
}

// put writes what was gathered and keeps the first error.
func (s *sink) put() {
	b := *s.buf
	*s.buf = b[:0]
	if s.err != nil {
		return
	}
	n, err := s.w.Write(b)
	if err == nil && n < len(b) {
		err = io.ErrShortWrite
	}
	s.err = err
}

// deliver ends a call of the engine, which returned err: what it gave goes out.
func (s *sink) deliver(err error) error {
	if s.buf == nil {
		return err
	}
	s.put()
	s.drop()
	if err == nil {
		err = s.err
	}
	return err
}

// drop gives the buffer back.
func (s *sink) drop() {
	if s.buf != nil {
		*s.buf = (*s.buf)[:0]
		gatherBuffers.Put(s.buf)
		s.buf = nil
	}
}
