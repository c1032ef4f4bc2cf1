// Package tap looks at the bytes of a stream while they pass: it copies them to
// a file, dumps them for reading, or records them with their times so that a
// session can be played again.
package tap

import (
	"io"
	"sync"

	"github.com/duplex-go/duplex"
)

// Direction is which way bytes pass a tapped stream.
type Direction uint8

const (
	// Out is what is read from the stream: it goes out to the other side of a
	// join.
	Out Direction = iota
	// Back is what is written to the stream.
	Back
)

// Tap is told what passes a stream. Its methods are not called concurrently,
// and must not keep p. An error fails the call that carried the bytes.
type Tap interface {
	// Passed is called with bytes that have been read or written.
	Passed(d Direction, p []byte) error
	// Ended is called when a direction is over: err is nil at its end.
	Ended(d Direction, err error) error
}

// On returns s with taps on it. They see what a caller reads before it does,
// and what it writes once the stream has taken it, in the order in which both
// happen; while one of them is at work neither direction moves on. Closing the
// stream does not close them.
func On(s duplex.Stream, taps ...Tap) duplex.Stream {
	if len(taps) == 0 {
		return s
	}
	t := &tapped{s: s, taps: taps}
	return duplex.Wrap(s, duplex.Hooks{Read: t.read, Write: t.write, CloseWrite: t.closeWrite})
}

type tapped struct {
	s    duplex.Stream
	taps []Tap

	mu   sync.Mutex // held while the taps are told
	over [2]bool    // guarded by mu
}

func (t *tapped) read(p []byte) (int, error) {
	n, err := t.s.Read(p)
	if n > 0 {
		if terr := t.passed(Out, p[:n]); terr != nil {
			return n, terr
		}
	}
	switch {
	case err == io.EOF:
		if terr := t.ended(Out, nil); terr != nil {
			return n, terr
		}
	case err != nil:
		_ = t.ended(Out, err) // there is a first error already
	}
	return n, err
}

func (t *tapped) write(p []byte) (int, error) {
	n, err := t.s.Write(p)
	if n > 0 {
		if terr := t.passed(Back, p[:n]); terr != nil && err == nil {
			err = terr
		}
	}
	if err != nil {
		_ = t.ended(Back, err)
	}
	return n, err
}

func (t *tapped) closeWrite() error {
	err := t.s.CloseWrite()
	if terr := t.ended(Back, err); err == nil {
		err = terr
	}
	return err
}

func (t *tapped) passed(d Direction, p []byte) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, tap := range t.taps {
		if err := tap.Passed(d, p); err != nil {
			return err
		}
	}
	return nil
}

func (t *tapped) ended(d Direction, err error) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.over[d] {
		return nil
	}
	t.over[d] = true
	for _, tap := range t.taps {
		if terr := tap.Ended(d, err); terr != nil {
			return terr
		}
	}
	return nil
}

// Tee returns a tap that copies one direction to w.
func Tee(d Direction, w io.Writer) Tap { return &tee{d, w} }

type tee struct {
	d Direction
	w io.Writer
}

func (t *tee) Passed(d Direction, p []byte) error {
	if d != t.d {
		return nil
	}
	_, err := t.w.Write(p)
	return err
}

func (t *tee) Ended(Direction, error) error { return nil }
