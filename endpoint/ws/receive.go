package ws

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
)

// Read reads what the peer's messages carry. It returns io.EOF after the peer's
// end, or its Close frame with status 1000, 1001 or none; a [CloseError] after
// one with another status; and an error that matches io.ErrUnexpectedEOF when
// the connection is cut.
func (s *stream) Read(p []byte) (int, error) {
	if closed := s.isClosed(); closed != nil {
		return 0, closed
	}
	s.turn.take()
	n, err := s.read(p)
	s.turn.give()
	s.rest.begin()
	return n, err
}

// read reads; the right to is held.
func (s *stream) read(p []byte) (int, error) {
	if err := s.turn.begin(user); err != nil {
		return 0, s.whyNot(err)
	}
	defer s.turn.finish()
	s.full.Store(false)
	for {
		if n := s.ahead.take(p); n > 0 {
			return n, nil
		}
		switch {
		case s.hasEnded():
			return 0, s.whyOver()
		case len(p) == 0:
			return 0, nil
		case len(p) < usual:
			n, err := s.hear(s.ahead.room())
			if s.ahead.grow(n); n == 0 && err != nil {
				return 0, s.whyNot(err)
			}
		default:
			if n, err := s.hear(p); n > 0 {
				return n, nil
			} else if err != nil {
				return 0, s.whyNot(err)
			}
		}
	}
}

// whyNot returns why a Read brings nothing.
func (s *stream) whyNot(err error) error {
	switch closed := s.isClosed(); {
	case closed != nil:
		return closed
	case errors.Is(err, os.ErrDeadlineExceeded):
		return os.ErrDeadlineExceeded
	}
	return s.whyOver()
}

// hear reads once from the connection to b, and leaves the payload of messages
// at its front. What else comes it sees to. Whoever calls it has the right to
// read. There may be payload with an error, which is of the deadline on the
// connection or means that nothing more comes.
func (s *stream) hear(b []byte) (int, error) {
	n, err := s.wire.Read(b)
	if n > 0 {
		return s.heard(b[:n])
	}
	if err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		return 0, err
	}
	err = whyCut(err)
	s.lose(err)
	return 0, err
}

// heard takes apart what has come.
func (s *stream) heard(b []byte) (int, error) {
	before := s.frames.ended
	n, err := s.frames.payload(b)
	if s.frames.ended && !before {
		s.note(&s.gotEnd)
	}
	if err != nil {
		s.lose(err)
	}
	return n, err
}

// lose notes why nothing more comes, and has a peer that is still there told.
func (s *stream) lose(why error) {
	answer, ok := reply(why)
	var status *CloseError
	if errors.As(why, &status) && status.isEnd() {
		why = io.EOF
	}
	s.mu.Lock()
	if s.over == nil {
		s.over = why
	}
	s.mu.Unlock()
	if ok {
		s.expire()
		s.wire.oweClose(answer)
	}
}

// whyCut says in our words why the connection brings no more.
func whyCut(err error) error {
	switch {
	case err == io.EOF, errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed):
		return fmt.Errorf("the connection was cut without a Close frame: %w", io.ErrUnexpectedEOF)
	}
	return fmt.Errorf("the connection was cut without a Close frame: %w: %w", io.ErrUnexpectedEOF, innermost(err))
}

// hasEnded reports whether nothing more is to be read from the connection for a
// Read.
func (s *stream) hasEnded() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.gotEnd || s.over != nil
}

// whyOver returns what stands behind the last byte.
func (s *stream) whyOver() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closed != nil:
		return s.closed
	case s.gotEnd || s.over == nil:
		return io.EOF
	}
	return s.over
}
