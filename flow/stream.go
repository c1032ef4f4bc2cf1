package flow

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/duplex-go/duplex"
)

// Stream is a stream over a carrier of messages. The program calls the methods
// of a [duplex.Stream] and of a net.Conn's deadlines on it; the carrier calls
// Receive with what comes, Next for what is to be sent, and Fail when it is lost.
// All may be called from any goroutine, Next and Receive from one each at a time.
//
// It starts no goroutine. Nothing that it does waits for the carrier: what a
// Write takes waits in memory, at most up to the peer's credit and
// Config.HighWaterMark. So a Close loses nothing that a Write has taken, if the
// carrier goes on until Next returns nil.
type Stream struct {
	ready func(*Stream)

	mu       sync.Mutex
	readable sync.Cond // bytes came, or there is an error
	writable sync.Cond // there is room, a turn is free, or there is an error

	// All below is guarded by mu.
	send sender
	recv receiver

	turn     bool  // a Write is under way: another waits for its turn
	rerr     error // what reads return when nothing waits any more, in place of the end
	werr     error // what writes return
	rclosed  error // what reads return since this side gave up reading
	wclosed  error // what writes return since this side has closed
	shut     bool  // Close or Abort has been called
	dead     bool  // nothing that comes matters any more
	aborting bool  // a RESET is to be sent, or has been
	rlimit   deadline
	wlimit   deadline

	owes   owes
	cause  string // the text of the RESET
	called bool   // ready has been called, and Next has not returned nil since

	keep keepAlive
}

// owes are the frames to be sent.
type owes struct{ window, ack, ping, fin, stop, reset bool }

var (
	_ duplex.Stream  = (*Stream)(nil)
	_ duplex.Aborter = (*Stream)(nil)
)

// New returns a stream. ready is called when there is something to send, and then
// not again before Next has returned nil. It must not wait, nor call the
// stream's methods. At first there is something to send at once: the credit that
// the peer gets; ready is not called for that.
func New(c Config, ready func(*Stream)) *Stream {
	c = c.withDefaults()
	s := &Stream{
		ready:  ready,
		send:   sender{mark: uint64(c.HighWaterMark), most: c.MaxPayload, retain: c.Retain},
		recv:   receiver{window: uint64(c.Window), most: uint64(c.MaxWindow)},
		owes:   owes{window: true},
		called: true,
	}
	s.readable.L, s.writable.L = &s.mu, &s.mu
	s.keep.every = c.Ping
	return s
}

// unlock releases the lock and then tells the carrier, if there is
// something to send.
func (s *Stream) unlock() {
	tell := !s.called && s.sends()
	if tell {
		s.called = true
	}
	s.mu.Unlock()
	if tell {
		s.ready(s)
	}
}

// readError returns why a reader must not wait, or nil.
func (s *Stream) readError() error {
	switch {
	case s.rclosed != nil:
		return s.rclosed
	case s.rlimit.passed:
		return os.ErrDeadlineExceeded
	case s.recv.waiting() > 0:
		return nil
	case s.recv.ended:
		return io.EOF
	}
	return s.rerr
}

// Read reads what has come, at most len(p) bytes, and waits only while nothing
// has. It returns io.EOF after the peer's end; a [duplex.AbortError] after its
// abort, whose cause is a [CauseError]; a [GapError], a [ProtocolError] or the
// error that the carrier gave when the stream has failed.
func (s *Stream) Read(p []byte) (int, error) {
	s.mu.Lock()
	defer s.unlock()
	for {
		if err := s.readError(); err != nil || len(p) == 0 {
			return 0, err
		}
		if s.recv.waiting() > 0 {
			break
		}
		s.readable.Wait()
	}
	n, tell := s.recv.take(p)
	if tell && !s.dead {
		s.owes.window = true
	}
	if s.recv.waiting() > 0 {
		s.readable.Signal() // for another reader, whose signal this one may have had
	}
	return n, nil
}

// writeError returns why a writer must not go on, or nil.
func (s *Stream) writeError() error {
	switch {
	case s.wclosed != nil:
		return s.wclosed
	case s.wlimit.passed:
		return os.ErrDeadlineExceeded
	case s.werr != nil:
		return s.werr
	case s.send.ended:
		return duplex.ErrEnded
	}
	return nil
}

// Write returns when all of p waits for the carrier, which is when the peer has
// room for it. It fails with [duplex.ErrPeerClosed] when the peer has closed, and
// after a deadline says how many bytes the peer will still read.
func (s *Stream) Write(p []byte) (n int, err error) {
	s.mu.Lock()
	defer s.unlock()
	for s.turn && s.writeError() == nil {
		s.writable.Wait()
	}
	if err := s.writeError(); err != nil {
		return 0, err
	}
	s.turn = true
	defer func() {
		s.turn = false
		s.writable.Broadcast()
	}()
	for n < len(p) {
		if err := s.writeError(); err != nil {
			return n, err
		}
		room := s.send.room(len(p) - n)
		if room == 0 {
			s.writable.Wait()
			continue
		}
		room = min(room, s.send.most)
		s.send.write(p[n : n+room])
		if n += room; n < len(p) && !s.called { // the carrier begins meanwhile
			s.unlock()
			s.mu.Lock()
		}
	}
	return n, nil
}

// CloseWrite ends the writing: the peer reads io.EOF after the last byte. It
// does not wait.
func (s *Stream) CloseWrite() error {
	s.mu.Lock()
	defer s.unlock()
	switch {
	case s.wclosed != nil:
		return s.wclosed
	case s.send.ended || s.werr == duplex.ErrPeerClosed: // who has closed needs no end
		return nil
	case s.werr != nil:
		return s.werr
	}
	s.end()
	return nil
}

// end ends the writing.
func (s *Stream) end() {
	if !s.send.ended {
		s.send.ended = true
		s.owes.fin = !s.send.stopped
		s.writable.Broadcast()
	}
	s.keep.look(s)
}

// CloseRead gives up the reading: what has come is dropped, and the peer's
// writes fail with [duplex.ErrPeerClosed].
func (s *Stream) CloseRead() error {
	s.mu.Lock()
	defer s.unlock()
	s.stopReading(duplex.ErrClosed)
	return nil
}

func (s *Stream) stopReading(own error) {
	if s.rclosed != nil {
		return
	}
	s.rclosed = own
	s.recv.drop()
	s.owes.stop = !s.recv.ended && !s.dead
	s.owes.window = false
	s.rlimit.stop()
	s.readable.Broadcast()
}

// Close gives up both directions. The peer still reads what was written, and
// then io.EOF; its writes fail with [duplex.ErrPeerClosed]. It does not wait: the
// carrier has to go on until Next returns nil.
func (s *Stream) Close() error {
	s.mu.Lock()
	defer s.unlock()
	if s.shut {
		return nil
	}
	s.shut = true
	s.wclosed = duplex.ErrClosed
	if s.werr == nil {
		s.end()
	}
	s.stopReading(duplex.ErrClosed)
	s.close()
	return nil
}

// Abort gives up both directions for a reason that the peer is told, at most
// MaxCause bytes of it: it still reads what was written, and then its calls
// return a [duplex.AbortError], unless this side had ended its writing already.
// Abort after Close does nothing.
func (s *Stream) Abort(cause error) error {
	if cause == nil {
		cause = duplex.ErrAborted
	}
	s.mu.Lock()
	defer s.unlock()
	if s.shut {
		return nil
	}
	s.shut = true
	own := fmt.Errorf("%w: %w", duplex.ErrClosed, cause)
	s.wclosed = own
	if !s.dead {
		s.reset(cause)
	}
	s.stopReading(own)
	s.owes.stop = false // the RESET says it
	s.close()
	return nil
}

// reset tells the peer that the stream is aborted.
func (s *Stream) reset(cause error) {
	if s.aborting {
		return
	}
	s.aborting = true
	s.owes = owes{reset: true, fin: s.owes.fin}
	s.cause = causeText(cause)
}

// close frees what a closed stream needs no longer.
func (s *Stream) close() {
	s.wlimit.stop()
	s.writable.Broadcast()
	s.keep.stop()
}

// fail ends what has not ended, for a reason that its calls return from now on.
// What has come can still be read.
func (s *Stream) fail(err error) {
	if s.dead {
		return
	}
	s.dead = true
	if s.rerr == nil {
		s.rerr = err
	}
	if s.werr == nil {
		s.werr = err
	}
	s.send.drop()
	s.owes = owes{reset: s.owes.reset}
	s.keep.stop()
	s.readable.Broadcast()
	s.writable.Broadcast()
}

// SetDeadline sets the limits of reads and writes. A zero t means none.
func (s *Stream) SetDeadline(t time.Time) error {
	return errors.Join(s.SetReadDeadline(t), s.SetWriteDeadline(t))
}

// SetReadDeadline sets the limit of pending and later reads.
func (s *Stream) SetReadDeadline(t time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.rclosed == nil {
		s.rlimit.set(&s.readable, t)
	}
	return s.rclosed
}

// SetWriteDeadline sets the limit of pending and later writes.
func (s *Stream) SetWriteDeadline(t time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.wclosed == nil {
		s.wlimit.set(&s.writable, t)
	}
	return s.wclosed
}

// Waiting returns how many bytes wait to be read, and how many are held that the
// carrier, or with Config.Retain the peer, has not taken yet.
func (s *Stream) Waiting() (in, out int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.recv.waiting(), int(s.send.next - s.send.freed)
}
