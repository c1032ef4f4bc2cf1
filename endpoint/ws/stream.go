package ws

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"
	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/endpoint"
)

// stream is a WebSocket as a stream and a net.Conn.
//
// What comes is read all the time by a goroutine of its own, up to the
// high-water mark of a pair: so a read deadline ends a Read and nothing else,
// pings are answered and a Close frame is seen whether anybody reads or not. A
// write goes out as it is called; one that a write deadline ends within a
// message is the last, as with TLS.
type stream struct {
	conn   *websocket.Conn
	wire   *wire
	below  duplex.Stream
	agreed bool // an empty binary message ends a direction
	kind   websocket.MessageType
	split  int
	most   int64 // the largest message to take

	in, out *duplex.PairEnd // what receive writes, and Read reads
	holding atomic.Bool     // receive has something that nobody reads

	writers atomic.Int32 // Writes and CloseWrites under way
	writing sync.Mutex   // the right to write
	limit   limit
	runes   runes // writing is held
	ended   bool  // writing is held
	broken  error // of the first write that failed; writing is held

	mu       sync.Mutex
	sentEnd  bool
	gotEnd   bool
	over     error // why nothing comes any more; io.EOF is an end
	closed   error // what calls return after Close or Abort
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

// newStream makes a stream of a WebSocket whose handshake is over.
func newStream(c *websocket.Conn, below duplex.Stream, w *wire, spec *endpoint.Spec) *stream {
	s := &stream{
		conn: c, wire: w, below: below,
		agreed: c.Subprotocol() == Protocol,
		kind:   websocket.MessageBinary,
		split:  int(spec.Options.Bytes("split", splitSize)),
		most:   spec.Options.Bytes("max-message", maxMessage),
		gone:   make(chan struct{}),
	}
	if spec.Options.Flag("text", false) {
		s.kind = websocket.MessageText
	}
	w.open.Store(true)
	c.SetReadLimit(s.most)
	s.in, s.out = duplex.Pair()
	s.tasks.Add(2)
	go s.receive()
	go s.keep(spec.Options.Duration("ping", pingTime))
	return s
}

// Read reads what the peer's messages carry. It returns io.EOF after the peer's
// end, or its Close frame with status 1000, 1001 or none; a [CloseError] after
// one with another status; and an error that matches io.ErrUnexpectedEOF when
// the connection is cut.
func (s *stream) Read(p []byte) (int, error) {
	n, err := s.out.Read(p)
	switch {
	case err == nil || n > 0:
		return n, nil
	case err == io.EOF:
		return 0, s.whyOver()
	}
	if closed := s.isClosed(); closed != nil {
		return 0, closed
	}
	return 0, err
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
		piece := len(p) - n
		if s.split > 0 {
			piece = min(piece, s.split)
		}
		message := p[n : n+piece]
		if s.kind == websocket.MessageText {
			if message, piece, err = s.runes.next(p[n:], piece); err != nil {
				return n, err
			}
		}
		if len(message) > 0 {
			if err := s.send(s.kind, message); err != nil {
				return n, err
			}
		}
		n += piece
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

// send sends one message; the right to write is held.
func (s *stream) send(kind websocket.MessageType, message []byte) error {
	if !s.limit.begin(s.wire) {
		return os.ErrDeadlineExceeded
	}
	err := s.conn.Write(context.Background(), kind, message)
	s.limit.finish(s.wire)
	if err != nil {
		s.broken = s.whyWrite(err)
		return s.broken
	}
	return nil
}

// whyWrite returns why a write failed.
func (s *stream) whyWrite(err error) error {
	switch closed, over := s.isClosed(), s.isOver(); {
	case closed != nil:
		return closed
	case errors.Is(err, os.ErrDeadlineExceeded):
		return fmt.Errorf("the write deadline passed within a message: %w", os.ErrDeadlineExceeded)
	case over != nil && over != io.EOF:
		return over
	case errors.Is(err, net.ErrClosed): // by the library, for the peer's Close frame
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
		return nil
	case err == duplex.ErrPeerClosed: // it has closed, so it needs no end
		s.ended = true
		return nil
	case err != nil:
		return err
	}
	if err := s.end(); err != nil {
		return err
	}
	s.note(&s.sentEnd)
	return nil
}

// end sends the end of the writing; the right to write is held.
func (s *stream) end() error {
	if len(s.runes.begun) > 0 {
		return errHalf
	}
	if err := s.send(websocket.MessageBinary, nil); err != nil {
		return err
	}
	s.ended = true
	return nil
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
	return s.out.SetReadDeadline(t)
}

// SetWriteDeadline sets the limit of pending and later writes. One that it ends
// within a message is the last: what follows would be taken for its rest.
func (s *stream) SetWriteDeadline(t time.Time) error {
	if closed := s.isClosed(); closed != nil {
		return closed
	}
	s.limit.set(s.wire, t)
	return nil
}
