package duplex

import (
	"io"
	"iter"
)

// FromSeq returns a reader of what seq yields, piece by piece: the inverse of
// [Chunks], and the way to write a [Source] as a loop. seq runs in the reading
// goroutine and gets no further than what is read; a piece must stay as it is
// until the next one is asked for. The first error that seq yields is what the
// reader gets from then on; without one it gets io.EOF after the last piece.
//
// Close makes seq's yield return false, so that its cleanup runs; it waits for
// a Read under way. A [Pipeline] closes its source in any case. A reader that is
// neither read to its end nor closed leaks seq.
func FromSeq(seq iter.Seq2[[]byte, error]) io.ReadCloser {
	r := &seqReader{turn: make(gate, 1)}
	r.next, r.stop = iter.Pull2(seq)
	return r
}

type seqReader struct {
	turn gate // guards all below
	next func() ([]byte, error, bool)
	stop func()
	rest []byte // of the last piece
	err  error
}

func (r *seqReader) Read(p []byte) (int, error) {
	r.turn.lock()
	defer r.turn.unlock()
	if len(p) == 0 {
		return 0, nil
	}
	for len(r.rest) == 0 {
		if r.err != nil {
			r.stop() // no more is asked for, and the last piece has been read
			return 0, r.err
		}
		piece, err, more := r.next()
		switch {
		case !more:
			r.err = io.EOF
		case err != nil:
			r.err = err
		}
		r.rest = piece
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

func (r *seqReader) Close() error {
	r.turn.lock()
	defer r.turn.unlock()
	if r.err == nil {
		r.err = ErrClosed
	}
	r.rest = nil
	r.stop()
	return nil
}
