package compress

import "io"

// source is what a decoder reads from. It gives either bytes or an error, and
// nothing else: not both, and not neither.
type source struct {
	r   io.Reader
	n   int64 // bytes given
	err error // comes next
}

func (s *source) Read(p []byte) (int, error) {
	for range 100 {
		if err := s.err; err != nil {
			if err != io.EOF {
				s.err = nil // the next call tries again
			}
			return 0, err
		}
		var n int
		n, s.err = s.r.Read(p)
		if n > 0 {
			s.n += int64(n)
			return n, nil
		}
	}
	return 0, io.ErrNoProgress
}

// passOver reads what is left of the source and drops it. It returns io.EOF at
// the end.
func passOver(s *source) error {
	buf := zstdBlocks.Get().(*[zstdMaxBlock]byte)
	defer zstdBlocks.Put(buf)
	for {
		if _, err := s.Read(buf[:]); err != nil {
			return err
		}
	}
}
