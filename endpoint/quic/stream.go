package quic

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
	"github.com/quic-go/quic-go"
)

// stream is a stream of a QUIC connection, and a net.Conn.
type stream struct {
	*quic.Stream
	conn *conn

	delivered chan struct{} // closed when the peer is done with it
	explained chan struct{} // closed when the peer has told that it has aborted it, and why
	gone      chan struct{} // closed when it has been closed here
	heard     bool          // delivered is closed; of the connection, as the next four
	shut      bool
	unheard   bool   // it has been aborted here, and the peer has not said that it knows
	struck    bool   // explained is closed
	cause     string // the peer's, once explained is closed; may be empty
	waited    sync.Once

	writers atomic.Int32 // Writes and CloseWrites under way
	writing sync.Mutex   // the right to write
	ended   bool         // writing is held

	mu     sync.Mutex
	closed error // what calls return since Close or Abort
	read   error // what reads return, once that is known for good
	told   bool  // the peer knows that we are done with it
	once   sync.Once
}

var (
	_ net.Conn       = (*stream)(nil)
	_ duplex.Stream  = (*stream)(nil)
	_ duplex.Aborter = (*stream)(nil)
)

// Read reads what the peer has sent. It returns io.EOF after the peer's FIN, a
// [duplex.AbortError] after its abort, and an error that matches
// io.ErrUnexpectedEOF when the connection is lost.
func (s *stream) Read(p []byte) (int, error) {
	if err := s.readError(); err != nil {
		return 0, err
	}
	n, err := s.Stream.Read(p)
	if err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		if closed := s.isClosed(); closed != nil && err != nil {
			return n, closed
		}
		return n, err
	}
	if n > 0 && err != io.EOF {
		return n, nil // the next call says so again
	}
	return n, s.over(err)
}

// readError returns why nothing can be read, or nil.
func (s *stream) readError() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed != nil {
		return s.closed
	}
	return s.read
}

// over notes what stands behind the last byte, and returns it.
func (s *stream) over(err error) error {
	err = s.why(err)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed != nil {
		return s.closed
	}
	if err == duplex.ErrPeerClosed {
		err = io.ErrUnexpectedEOF // a RESET_STREAM with that code is nobody's end
	}
	if s.read == nil {
		s.read = err
		s.tell()
	}
	return s.read
}

// why returns an error of the library as a stream has it, and why the peer has
// aborted it. That comes on another stream than the abort, so it is waited for,
// once.
func (s *stream) why(err error) error {
	if err == nil || err == io.EOF {
		return err
	}
	var reset *quic.StreamError
	if errors.As(err, &reset) && reset.Remote && reset.ErrorCode == codeExplained {
		s.waited.Do(s.awaitCause)
	}
	select {
	case <-s.explained: // whatever has become of the connection since
		if s.cause == "" {
			return &duplex.AbortError{Cause: duplex.ErrAborted}
		}
		return &duplex.AbortError{Cause: &CauseError{Text: s.cause}}
	default:
		return why(err)
	}
}

func (s *stream) awaitCause() {
	timer := time.NewTimer(causeTime)
	defer timer.Stop()
	select {
	case <-s.explained:
	case <-timer.C:
	case <-s.gone:
	case <-s.conn.Context().Done():
	}
}

// tell tells the peer that we are done with the stream; s.mu is held.
func (s *stream) tell() {
	if !s.told {
		s.told = true
		s.conn.report(report{id: s.StreamID()})
	}
}

// Write sends p. It returns when all but the last packet's worth has been sent.
func (s *stream) Write(p []byte) (int, error) {
	s.writers.Add(1)
	defer s.writers.Add(-1)
	s.writing.Lock()
	defer s.writing.Unlock()
	if closed := s.isClosed(); closed != nil {
		return 0, closed
	}
	if s.ended {
		return 0, duplex.ErrEnded
	}
	n, err := s.Stream.Write(p)
	return n, s.writeError(err)
}

// writeError returns an error of a write as it is seen.
func (s *stream) writeError(err error) error {
	if err == nil {
		return nil
	}
	if closed := s.isClosed(); closed != nil {
		return closed
	}
	err = s.why(err)
	if errors.Is(err, errLeft) { // its STOP_SENDING may have been lost or overtaken
		return duplex.ErrPeerClosed
	}
	return err
}

// CloseWrite sends a FIN. It waits for a Write that is under way.
func (s *stream) CloseWrite() error {
	s.writers.Add(1)
	defer s.writers.Add(-1)
	s.writing.Lock()
	defer s.writing.Unlock()
	if closed := s.isClosed(); closed != nil {
		return closed
	}
	if s.ended {
		return nil
	}
	s.ended = true
	// Closing says in words only that the stream has been reset, and of a
	// connection that is lost nothing; writing tells.
	_, err := s.Stream.Write(nil)
	_ = s.Stream.Close()
	if errors.Is(err, os.ErrDeadlineExceeded) { // an end does not wait
		return nil
	}
	if err = s.writeError(err); err == duplex.ErrPeerClosed { // it has closed, so it needs no end
		return nil
	}
	return err
}

// CloseRead sends STOP_SENDING: the peer's writes fail with
// [duplex.ErrPeerClosed].
func (s *stream) CloseRead() error {
	s.CancelRead(codeClosed)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.read == nil {
		s.read = duplex.ErrClosed
	}
	s.tell()
	return nil
}

// Close ends the writing and gives up the reading. A Write that is under way is
// cut off, which the peer gets as an error. It waits a few round trips for the
// peer to have read all; what takes longer still arrives while this process
// lives, for a minute at most.
func (s *stream) Close() error {
	s.giveUp(duplex.ErrClosed, func() {
		if s.writers.Load() > 0 {
			s.CancelWrite(codeCut)
		}
		s.writing.Lock()
		defer s.writing.Unlock()
		if !s.ended {
			s.ended = true
			_ = s.Stream.Close() // it fails when the stream has failed, which calls tell
		}
		s.CancelRead(codeClosed)
	})
	return nil
}

// Abort sends RESET_STREAM and STOP_SENDING, and the first [MaxCause] bytes of
// the cause's text. The peer gets a [duplex.AbortError] whose cause is a
// [CauseError], or [duplex.ErrAborted] if the text is not there in time, as when
// packets are lost.
func (s *stream) Abort(cause error) error {
	code, text := quic.StreamErrorCode(codeAborted), ""
	if cause == nil {
		cause = duplex.ErrAborted
	} else if cause != duplex.ErrAborted {
		text = causeText(cause)
	}
	s.giveUp(fmt.Errorf("%w: %w", duplex.ErrClosed, cause), func() {
		if text != "" {
			code = codeExplained
		}
		s.mu.Lock()
		s.told = true
		s.mu.Unlock()
		s.conn.reportAbort(s, text) // first, so that it does not come later if it need not
		s.CancelWrite(code)
		s.CancelRead(code)
	})
	return nil
}

// refuse gives up a stream that nobody accepts.
func (s *stream) refuse() {
	s.giveUp(duplex.ErrClosed, func() {
		s.CancelWrite(codeRefused)
		s.CancelRead(codeRefused)
	})
}

func (s *stream) giveUp(own error, how func()) {
	s.once.Do(func() {
		s.mu.Lock()
		s.closed = own
		s.mu.Unlock()
		close(s.gone)
		how()
		s.mu.Lock()
		s.tell()
		s.mu.Unlock()
		if own == duplex.ErrClosed {
			s.await()
		}
		s.conn.close(s)
	})
}

// await waits until the peer has read all, or for a few round trips, in which all
// has reached it.
func (s *stream) await() {
	timer := time.NewTimer(s.patience())
	defer timer.Stop()
	select {
	case <-s.delivered:
	case <-timer.C:
	case <-s.conn.Context().Done():
	}
}

// patience is a few round trips.
func (s *stream) patience() time.Duration {
	return min(25*time.Millisecond+4*s.conn.ConnectionStats().SmoothedRTT, time.Second)
}

func (s *stream) isClosed() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed
}

// SetDeadline sets the limits of reads and writes.
func (s *stream) SetDeadline(t time.Time) error {
	return errors.Join(s.SetReadDeadline(t), s.SetWriteDeadline(t))
}

// SetReadDeadline sets the limit of pending and later reads.
func (s *stream) SetReadDeadline(t time.Time) error {
	if closed := s.isClosed(); closed != nil {
		return closed
	}
	return s.Stream.SetReadDeadline(t)
}

// SetWriteDeadline sets the limit of pending and later writes.
func (s *stream) SetWriteDeadline(t time.Time) error {
	if closed := s.isClosed(); closed != nil {
		return closed
	}
	return s.Stream.SetWriteDeadline(t)
}

func (s *stream) LocalAddr() net.Addr  { return s.conn.LocalAddr() }
func (s *stream) RemoteAddr() net.Addr { return s.conn.RemoteAddr() }
