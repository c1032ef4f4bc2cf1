package flow

import (
	"github.com/duplex-go/duplex"
)

// sends reports whether there is something to send.
func (s *Stream) sends() bool {
	return s.send.unsent != nil || s.owes != owes{}
}

// Next returns the next message for the peer, or nil if there is nothing to be
// said, after which the function given to New is called for the next one. The
// message must not be changed, and is valid until the next call of Next.
func (s *Stream) Next() []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	var m []byte
	if m = s.send.data(); m != nil && !s.send.retain {
		s.writable.Broadcast() // what has been sent takes no room any more
	}
	last := s.send.unsent == nil // nothing of the writing comes behind this message
	if m != nil && s.recv.early() {
		s.owes.window = true // it costs no message now, and may save one
	}
	s.frame(&m, &s.owes.window, Window, s.recv.grant)
	s.frame(&m, &s.owes.ack, Ack, func() uint64 { return s.recv.received })
	s.frame(&m, &s.owes.ping, Ping, func() uint64 { return s.send.sent })
	if last {
		if s.owes.fin {
			s.send.finSent = true
		}
		s.frame(&m, &s.owes.fin, Fin, func() uint64 { return s.send.next })
		if s.owes.reset {
			s.owes.reset = false
			m = Frame{Reset, s.send.sent, []byte(s.cause)}.Append(m)
			s.fail(errReset)
		}
	}
	s.frame(&m, &s.owes.stop, Stop, func() uint64 { return s.recv.received })
	if m == nil {
		s.called = false
	}
	s.keep.look(s)
	return m
}

// errReset is what nobody sees: own calls return what Abort said.
var errReset = duplex.ErrAborted

// frame appends a frame that is owed.
func (s *Stream) frame(m *[]byte, owed *bool, kind Kind, offset func() uint64) {
	if *owed {
		*owed = false
		*m = Frame{Kind: kind, Offset: offset()}.Append(*m)
	}
}

// Receive takes a message of the peer, which must not be changed any more: large
// payloads are kept as they are. It never waits. An error, a [ProtocolError] or
// a [GapError], is the failure of the stream, of which the peer is told.
func (s *Stream) Receive(message []byte) error {
	s.mu.Lock()
	defer s.unlock()
	s.keep.heard = true
	if s.dead {
		return nil
	}
	err := s.receive(message)
	if err != nil {
		// It is told before what waits: the peer's own writing ends too.
		s.send.drop()
		s.reset(err)
		told := s.owes
		s.fail(err)
		s.owes = told
		s.owes.fin = false
	}
	return err
}

func (s *Stream) receive(message []byte) error {
	if len(message) == 0 {
		return protocolError("the peer sent an empty message")
	}
	for len(message) > 0 && !s.dead {
		var f Frame
		var err error
		if f, message, err = Parse(message); err != nil {
			return err
		}
		if err := s.check(f); err != nil {
			return err
		}
		s.apply(f)
	}
	return nil
}

// check says what is wrong with f. Nothing changes.
func (s *Stream) check(f Frame) error {
	switch f.Kind {
	case Window:
		return nil // any credit is good: what is held is bounded by our own mark
	case Ack, Stop:
		return s.send.check(f.Kind, f.Offset)
	}
	return s.recv.check(f.Kind, f.Offset, uint64(len(f.Payload)))
}

// apply does what f says, which has been checked.
func (s *Stream) apply(f Frame) {
	switch f.Kind {
	case Data:
		if s.recv.data(f.Offset, f.Payload) {
			s.readable.Signal()
		}
		s.owes.ack = s.owes.ack || s.send.retain
	case Window:
		if s.send.grant(f.Offset) {
			s.writable.Broadcast()
		}
	case Ack:
		if s.send.ack(f.Offset); s.send.retain {
			s.writable.Broadcast()
		}
	case Ping:
		s.owes.ack = true
		s.owes.window = !s.recv.drops && !s.recv.ended
	case Fin:
		if !s.recv.ended {
			s.recv.fin()
			s.owes.stop, s.owes.window = false, false
			s.readable.Broadcast()
			s.keep.look(s)
		}
	case Stop:
		if !s.send.stopped {
			s.send.stopped = true
			s.send.drop()
			s.owes.fin = false
			if s.werr == nil {
				s.werr = duplex.ErrPeerClosed
			}
			s.writable.Broadcast()
			s.keep.look(s)
		}
	case Reset:
		s.owes.reset = false
		s.fail(&duplex.AbortError{Cause: &CauseError{Text: string(f.Payload)}})
	}
}

// Fail ends what has not ended, because the carrier is lost or says that the
// peer is. What has come can still be read; then calls return err, if that is
// the first failure. Nothing is sent any more.
func (s *Stream) Fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fail(err)
	s.owes = owes{}
	s.aborting = true
}

// Acknowledge has the peer told that this side is there, and how much has come.
func (s *Stream) Acknowledge() {
	s.mu.Lock()
	defer s.unlock()
	s.owes.ack = s.owes.ack || !s.dead
}

// Rewind has everything sent again that the peer has not acknowledged, and what
// it may have missed besides, on a new carrier for the same peer. It needs
// Config.Retain on both sides.
func (s *Stream) Rewind() {
	s.mu.Lock()
	defer s.unlock()
	if s.dead {
		return
	}
	s.send.rewind()
	s.sayAgain()
	s.owes.ack = true
}
