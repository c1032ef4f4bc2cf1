package ws

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/endpoint"
)

// stream is a WebSocket as a stream and a net.Conn.
//
// A Read reads the connection itself, so a deadline ends it and nothing else.
// While nobody reads a goroutine does, up to a mark: see watch. A write goes
// out as it is called; a message that a write deadline cuts off counts as
// written, and its rest goes out before anything else does.
type stream struct {
	wire   *wire
	below  duplex.Stream
	agreed bool // an empty binary message ends a direction
	kind   byte // of the messages that are sent
	split  int

	turn   turn
	frames frames // what comes; the right to read is held
	ahead  ahead  // the right to read is held
	rest   rest
	full   atomic.Bool // so much is unread that nobody reads on

	writers   atomic.Int32 // Writes and CloseWrites under way
	writing   sync.Mutex   // the right to write
	limit     limit
	runes     runes // writing is held
	ended     bool  // writing is held
	endDue    bool  // a deadline has cut off the end; writing is held
	sentClose bool  // writing is held
	broken    error // of the first write that failed; writing is held

	mu       sync.Mutex
	sentEnd  bool
	gotEnd   bool
	over     error // why nothing comes any more; io.EOF is an end
	closed   error // what calls return after Close or Abort
	late     *time.Timer
	gone     chan struct{}
	tasks    sync.WaitGroup
	shut     sync.Once
	finished error // of shut
}

var (
	_ net.Conn       = (*stream)(nil)
	_ duplex.Stream  = (*stream)(nil)
	_ duplex.Aborter = (*stream)(nil)
)

// newStream makes a stream of a connection on which the handshake is over, with
// what has come behind it.
func newStream(w *wire, below duplex.Stream, protocol string, first []byte, spec *endpoint.Spec) *stream {
	s := &stream{
		wire: w, below: below,
		agreed: protocol == Protocol,
		kind:   binaryFrame,
		split:  int(spec.Options.Bytes("split", splitSize)),
		gone:   make(chan struct{}),
	}
	if spec.Options.Flag("text", false) {
		s.kind = textFrame
	}
	s.frames = frames{ofClient: !w.client, halves: s.agreed, most: spec.Options.Bytes("max-message", maxMessage), ping: w.oweAnswer}
	s.turn.wire = w
	s.rest.timer = time.AfterFunc(time.Hour, s.watch)
	if len(first) > 0 {
		s.ahead.buf = first
		n, _ := s.heard(first)
		s.ahead.buf = first[:n]
	}
	s.rest.begin()
	s.tasks.Add(1)
	go s.keep(spec.Options.Duration("ping", pingTime))
	return s
}

// Write sends p as a message, or several of at most the option split's size.
func (s *stream) Write(p []byte) (n int, err error) {
	s.writers.Add(1)
	defer s.writers.Add(-1)
	s.writing.Lock()
	defer s.release()
	if err := s.writable(); err != nil {
		return 0, err
	}
	for n < len(p) {
		if err := s.begin(); err != nil {
			return n, err
		}
		piece := len(p) - n
		if s.split > 0 {
			piece = min(piece, s.split)
		}
		message := p[n : n+piece]
		if s.kind == textFrame {
			if message, piece, err = s.runes.next(p[n:], piece); err != nil {
				s.limit.finish(s.wire)
				return n, err
			}
		}
		if len(message) == 0 { // a character has begun
			s.limit.finish(s.wire)
		} else {
			err = s.send(s.kind, message)
		}
		if s.broken == nil {
			n += piece
		}
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

// writable returns why nothing can be written; the right to write is held.
func (s *stream) writable() error {
	switch closed, over := s.isClosed(), s.isOver(); {
	case closed != nil:
		return closed
	case s.ended:
		return duplex.ErrEnded
	case s.broken != nil:
		return s.broken
	case over == io.EOF:
		return duplex.ErrPeerClosed
	default:
		return over
	}
}

// begin waits until nothing is kept of a message before. If it returns nil, send
// or s.limit.finish ends what it has begun; the right to write is held.
func (s *stream) begin() error {
	if !s.limit.begin(s.wire) {
		return os.ErrDeadlineExceeded
	}
	err := s.wire.flush()
	if err != nil {
		s.limit.finish(s.wire)
	}
	return s.failed(err)
}

// send sends one message, after begin. Unless s.broken is set then, it counts as
// sent, whatever the error.
func (s *stream) send(kind byte, message []byte) error {
	defer s.limit.finish(s.wire)
	return s.failed(s.wire.send(kind, message))
}

// failed returns why a write failed, and breaks the stream if that was not for its
// deadline; the right to write is held.
func (s *stream) failed(err error) error {
	if err == nil {
		return nil
	}
	why := s.whyWrite(err)
	if !errors.Is(err, os.ErrDeadlineExceeded) {
		s.broken = why
	}
	return why
}

// whyWrite returns why a write failed.
func (s *stream) whyWrite(err error) error {
	switch closed, over := s.isClosed(), s.isOver(); {
	case closed != nil:
		return closed
	case errors.Is(err, os.ErrDeadlineExceeded):
		return os.ErrDeadlineExceeded
	case over != nil && over != io.EOF:
		return over
	case over == io.EOF && errors.Is(err, net.ErrClosed): // by us, for the peer's Close frame
		return duplex.ErrPeerClosed
	}
	return innermost(err)
}

// CloseWrite ends the writing, if the peer speaks duplex.v1 too. Otherwise it
// returns an error that matches duplex.ErrNoCloseWrite and nothing happens.
func (s *stream) CloseWrite() error {
	if !s.agreed {
		if closed := s.isClosed(); closed != nil {
			return closed
		}
		return fmt.Errorf("%w: the peer of this WebSocket does not speak %s", duplex.ErrNoCloseWrite, Protocol)
	}
	s.writers.Add(1)
	defer s.writers.Add(-1)
	s.writing.Lock()
	defer s.release()
	switch err := s.writable(); {
	case s.ended && s.isClosed() == nil:
		if !s.endDue {
			return nil
		}
		if err := s.begin(); err != nil {
			return err
		}
		s.limit.finish(s.wire)
	case err == duplex.ErrPeerClosed: // it has closed, so it needs no end
		s.ended = true
		return nil
	case err != nil:
		return err
	default:
		if err := s.end(); err != nil {
			return err
		}
	}
	s.endDue = false
	s.note(&s.sentEnd)
	return nil
}

// end sends the end of the writing; the right to write is held.
func (s *stream) end() error {
	if len(s.runes.begun) > 0 {
		return errHalf
	}
	if err := s.begin(); err != nil {
		return err
	}
	err := s.send(binaryFrame, nil)
	s.ended, s.endDue = s.broken == nil, err != nil
	return err
}

// CanCloseWrite reports whether the peer speaks duplex.v1 too.
func (s *stream) CanCloseWrite() bool { return s.agreed }

// isClosed returns what calls return since Close or Abort, or nil before.
func (s *stream) isClosed() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed
}

// isOver returns why nothing more can be said to the peer, io.EOF if it has
// closed in order, or nil.
func (s *stream) isOver() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.over
}

func (s *stream) LocalAddr() net.Addr  { return s.wire.LocalAddr() }
func (s *stream) RemoteAddr() net.Addr { return s.wire.RemoteAddr() }

// SetDeadline sets the limits of reads and writes.
func (s *stream) SetDeadline(t time.Time) error {
	return errors.Join(s.SetReadDeadline(t), s.SetWriteDeadline(t))
}

// SetReadDeadline sets the limit of pending and later reads; after one that it
// ended reading goes on as before.
func (s *stream) SetReadDeadline(t time.Time) error {
	if closed := s.isClosed(); closed != nil {
		return closed
	}
	s.turn.limit(t)
	return nil
}

// SetWriteDeadline sets the limit of pending and later writes; after one that it
// ended writing goes on as before.
func (s *stream) SetWriteDeadline(t time.Time) error {
	if closed := s.isClosed(); closed != nil {
		return closed
	}
	s.limit.set(s.wire, t)
	return nil
}
