package ws

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"

	"github.com/coder/websocket"
)

// receive reads messages until the peer ends or fails, or this side closes.
func (s *stream) receive() {
	defer s.tasks.Done()
	err := s.messages()
	s.mu.Lock()
	if s.over == nil {
		s.over = err
	}
	s.mu.Unlock()
	_ = s.in.CloseWrite() // what stands behind the last byte is whyOver
}

// messages passes on what messages carry, and returns why there are no more.
func (s *stream) messages() error {
	for {
		kind, r, err := s.conn.Reader(context.Background())
		if err != nil {
			return s.whyRead(err, false)
		}
		m := &message{s: s, r: r}
		n, err := s.in.ReadFrom(m)
		s.holding.Store(false)
		switch {
		case m.err != nil && m.err != io.EOF:
			return s.whyRead(m.err, true)
		case err != nil: // this side has closed: what still comes is dropped
			if _, err := io.Copy(io.Discard, r); err != nil {
				return s.whyRead(err, true)
			}
		case s.hasEnded():
			_ = s.conn.CloseNow()
			return errors.New("the peer broke the protocol: a message came after its end")
		case n == 0 && kind == websocket.MessageBinary && s.agreed:
			_ = s.in.CloseWrite()
			s.note(&s.gotEnd)
		}
	}
}

// hasEnded reports whether the peer has sent the end of its direction.
func (s *stream) hasEnded() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.gotEnd
}

// message is a message that is being read. It notes when whoever reads it does
// something else, which is to wait for room.
type message struct {
	s   *stream
	r   io.Reader
	err error
}

func (m *message) Read(p []byte) (int, error) {
	m.s.holding.Store(false)
	n, err := m.r.Read(p)
	m.s.holding.Store(true)
	if err != nil {
		m.err = err
		if err != io.EOF {
			n = 0 // what the library got of a frame that is cut is still masked
		}
	}
	return n, err
}

// CloseError is the error of a stream whose peer has closed the WebSocket in a
// way that is no end. It matches io.ErrUnexpectedEOF.
type CloseError struct {
	Code   int    // the status, of RFC 6455, section 7.4
	Reason string // in the peer's words
	Within bool   // it came within a message
}

func (e *CloseError) Error() string {
	text := fmt.Sprintf("the peer closed the WebSocket with status %d", e.Code)
	if e.Within {
		text += " within a message"
	}
	if e.Reason != "" {
		text += fmt.Sprintf(" (%q)", e.Reason)
	}
	return text
}

func (e *CloseError) Unwrap() error { return io.ErrUnexpectedEOF }

// whyRead says in our words why reading failed, within a message or between
// two.
func (s *stream) whyRead(err error, within bool) error {
	var status websocket.CloseError
	below := s.wire.failed()
	switch {
	case errors.As(err, &status):
		switch status.Code {
		case websocket.StatusNormalClosure, websocket.StatusGoingAway, websocket.StatusNoStatusRcvd:
			if !within {
				return io.EOF
			}
		}
		return &CloseError{int(status.Code), status.Reason, within}
	case errors.Is(err, websocket.ErrMessageTooBig):
		return fmt.Errorf("the peer sent a message of more than %d bytes, which option max-message allows: %w", s.most, websocket.ErrMessageTooBig)
	case below == nil && errors.Is(err, net.ErrClosed): // the library gave it up
		return fmt.Errorf("the WebSocket failed within a control frame: %w", io.ErrUnexpectedEOF)
	case below == nil:
		_ = s.conn.CloseNow()
		return fmt.Errorf("the peer broke the WebSocket protocol: %w", innermost(err))
	case below == io.EOF, errors.Is(below, io.ErrUnexpectedEOF), errors.Is(below, net.ErrClosed):
		return fmt.Errorf("the connection was cut without a Close frame: %w", io.ErrUnexpectedEOF)
	}
	return fmt.Errorf("the connection was cut without a Close frame: %w: %w", io.ErrUnexpectedEOF, innermost(below))
}
