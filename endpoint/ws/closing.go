package ws

import (
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/coder/websocket"
	"github.com/duplex-go/duplex"
)

// closeTime is how long the closing handshake may take. A peer that reads
// answers at once; for one that does not, what was sent is left to the system.
const closeTime = time.Second

// partTime is how long a connection below may take to end after that, which is
// TLS's close_notify. Without it a peer that only has not answered would take
// what it has for cut off.
const partTime = closeTime / 10

// note notes that one direction has ended. When both have, the closing
// handshake follows.
func (s *stream) note(end *bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	*end = true
	if s.sentEnd && s.gotEnd && s.closed == nil {
		s.tasks.Add(1)
		go s.finish()
	}
}

// finish performs the closing handshake once both directions have ended.
func (s *stream) finish() {
	defer s.tasks.Done()
	s.expire()
	s.writing.Lock()
	if s.broken == nil && s.isOver() == nil {
		s.sendClose(closePayload(websocket.StatusNormalClosure, ""))
	}
	s.release()
	s.look() // for the peer's Close frame, and then nobody needs the connection
}

// sendClose sends a Close frame, unless one was sent; the right to write is held.
func (s *stream) sendClose(payload []byte) {
	if s.sentClose {
		return
	}
	s.sentClose = true
	if err := s.wire.send(closeFrame, payload); err != nil {
		s.broken = s.whyWrite(err)
	}
}

// expire bounds how long the connection stays, now that it is about to end.
func (s *stream) expire() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed == nil && s.late == nil {
		s.late = time.AfterFunc(closeTime, s.cut)
	}
}

// fail gives the connection up for a reason that both directions then return.
func (s *stream) fail(err error) {
	s.mu.Lock()
	if s.over == nil {
		s.over = err
	}
	s.mu.Unlock()
	s.cut()
}

// cut closes the connection below everything that would wait for the peer.
func (s *stream) cut() {
	if c, ok := s.wire.Conn.(interface{ NetConn() net.Conn }); ok {
		_ = c.NetConn().Close() // TLS would still have something to say
		return
	}
	_ = s.wire.Conn.Close()
}

// Close ends the writing, if that is still to be done, and closes the WebSocket
// with status 1000. It waits at most a second for the peer to do the same. A
// Write that is under way is cut off, and with it the connection.
func (s *stream) Close() error {
	s.giveUp(duplex.ErrClosed, websocket.StatusNormalClosure, "")
	return s.finished
}

// Abort closes the WebSocket with status 1011, which no peer takes for an end.
// The peer is not told the cause.
func (s *stream) Abort(cause error) error {
	if cause == nil {
		cause = duplex.ErrAborted
	}
	s.giveUp(fmt.Errorf("%w: %w", duplex.ErrClosed, cause), websocket.StatusInternalError, "stream aborted")
	return nil
}

func (s *stream) giveUp(own error, code websocket.StatusCode, reason string) {
	s.shut.Do(func() {
		s.mu.Lock()
		s.closed = own
		over, late := s.over, s.late
		s.mu.Unlock()
		close(s.gone)
		s.rest.timer.Stop()
		until := time.Now().Add(closeTime)
		s.turn.stop(until)
		bound := time.AfterFunc(closeTime, s.cut)
		busy := s.writers.Load() > 0
		switch {
		case busy && code != websocket.StatusNormalClosure:
			_ = duplex.Abort(s.below, nil)
		case busy:
			s.cut()
		}
		s.writing.Lock()
		switch {
		case busy || s.broken != nil:
		case over != nil:
			s.pay()
		default:
			if code == websocket.StatusNormalClosure && !s.ended {
				code, reason = s.last(code, reason)
			}
			s.sendClose(closePayload(code, reason))
		}
		waits := !busy && s.broken == nil && over == nil
		if s.broken == nil {
			s.broken = own
		}
		s.writing.Unlock()
		if waits { // all has been sent
			bound.Reset(time.Until(until) + partTime)
			s.drain()
		}
		s.tasks.Wait()
		bound.Stop()
		if late != nil {
			late.Stop()
		}
		_ = s.wire.Close()
	})
}

// last sends the end that Close implies, and returns the status to close with.
func (s *stream) last(code websocket.StatusCode, reason string) (websocket.StatusCode, string) {
	if len(s.runes.begun) > 0 {
		s.finished = errHalf
		return websocket.StatusInvalidFramePayloadData, "the last character is not complete"
	}
	if s.agreed {
		s.limit.set(s.wire, time.Time{})
		if err := s.end(); err != nil && !errors.Is(err, net.ErrClosed) {
			s.finished = err
		}
	}
	return code, reason
}

// drain reads until the peer's Close frame, or until it has had its time, and
// drops what comes. No Read gets the right to read any more: once the last that
// had it has given it back, nobody else is in the way.
func (s *stream) drain() {
	s.turn.take()
	s.turn.give()
	buf := make([]byte, usual)
	for s.isOver() == nil && s.turn.begin(closer) == nil {
		_, err := s.hear(buf)
		s.turn.finish()
		if err != nil {
			return
		}
	}
}
