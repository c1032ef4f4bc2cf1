package ws

import (
	"fmt"
	"io"
	"sync"
	"time"
)

// owes are the control frames to be sent as soon as no other is being written.
// Whoever reads does not wait for that: a writer may be held up by the peer.
type owes struct {
	mu sync.Mutex
	debts
	kick chan struct{} // of capacity 1
}

type debts struct {
	ping   bool
	pong   bool
	answer []byte // the payload of the last ping, which is the only one to be answered
	bye    bool
	status []byte // the payload of the Close frame
}

// oweAnswer notes a ping of the peer.
func (o *owes) oweAnswer(payload []byte) {
	o.mu.Lock()
	o.pong, o.answer = true, append(o.answer[:0], payload...)
	o.mu.Unlock()
	o.wake()
}

// oweClose notes that the peer has closed the WebSocket, or has to be told that
// it is closed.
func (o *owes) oweClose(payload []byte) {
	o.mu.Lock()
	o.bye, o.status = true, payload
	o.mu.Unlock()
	o.wake()
}

func (o *owes) owePing() {
	o.mu.Lock()
	o.ping = true
	o.mu.Unlock()
	o.wake()
}

func (o *owes) wake() {
	select {
	case o.kick <- struct{}{}:
	default:
	}
}

// any reports whether something is owed.
func (o *owes) any() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.ping || o.pong || o.bye
}

// take returns what is owed, which then is no longer.
func (o *owes) take() debts {
	o.mu.Lock()
	defer o.mu.Unlock()
	owed := o.debts
	o.debts = debts{}
	return owed
}

// release gives the right to write back, after the control frames that are
// owed.
func (s *stream) release() {
	for {
		s.pay()
		s.writing.Unlock()
		if !s.wire.any() || !s.writing.TryLock() {
			return // whoever has it now does the same
		}
	}
}

// pay sends the control frames that are owed; the right to write is held. Once
// both sides have sent a Close frame nobody needs the connection any more.
func (s *stream) pay() {
	if !s.wire.any() {
		return
	}
	if over := s.isOver(); over != nil || s.broken != nil {
		if owed := s.wire.take(); owed.bye {
			if s.broken == nil {
				s.sendClose(owed.status)
			}
			if s.broken == nil {
				s.broken = s.writable()
			}
			_ = s.wire.Close()
		}
		return
	}
	s.limit.beginControl(s.wire)
	defer s.limit.finish(s.wire)
	owed := s.wire.take()
	var err error
	if owed.pong {
		err = s.wire.send(pongFrame, owed.answer)
	}
	if owed.ping && err == nil {
		err = s.wire.send(pingFrame, nil)
	}
	_ = s.failed(err) // nobody waits for it
}

// keep sends control frames while nothing else is written, and looks every now
// and then whether the peer is there. Neither waits for a write that is held up
// by a peer that does not read.
func (s *stream) keep(every time.Duration) {
	defer s.tasks.Done()
	var tick <-chan time.Time
	if every > 0 {
		t := time.NewTicker(every)
		defer t.Stop()
		tick = t.C
	}
	var heard int64
	for quiet := 0; ; {
		select {
		case <-s.gone:
			return
		case <-s.wire.kick:
		case <-tick:
			if now := s.wire.heard.Load(); now != heard || s.full.Load() {
				heard, quiet = now, 0
			} else if quiet++; quiet == 2 {
				s.fail(fmt.Errorf("the peer has not answered for %v: %w", 2*every, io.ErrUnexpectedEOF))
				return
			}
			s.wire.owePing()
		}
		if s.writing.TryLock() {
			s.release()
		}
	}
}
