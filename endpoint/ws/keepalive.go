package ws

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"sync"
	"time"
)

// owes are the control frames to be sent as soon as no other is being written.
// The library's own answer to a ping waits for the frame that is being written
// while nothing is read, and gives the connection up after five seconds: a
// reader that is only slow would lose it.
type owes struct {
	mu     sync.Mutex
	ping   bool
	pong   bool
	answer []byte        // the payload of the last ping, which is the only one to be answered
	kick   chan struct{} // of capacity 1
}

// oweAnswer notes a ping of the peer.
func (o *owes) oweAnswer(_ context.Context, payload []byte) bool {
	o.mu.Lock()
	o.pong, o.answer = true, bytes.Clone(payload)
	o.mu.Unlock()
	o.wake()
	return false // the library does not answer it
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
	return o.ping || o.pong
}

// take returns what is owed, which then is no longer.
func (o *owes) take() (ping, pong bool, answer []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	ping, pong, answer = o.ping, o.pong, o.answer
	o.ping, o.pong, o.answer = false, false, nil
	return ping, pong, answer
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

// pay sends the control frames that are owed; the right to write is held.
func (s *stream) pay() {
	if s.broken != nil || s.isOver() != nil && s.isOver() != io.EOF {
		_, _, _ = s.wire.take() // there is nobody left to hear them
		return
	}
	if !s.wire.any() || !s.limit.begin(s.wire) {
		return
	}
	defer s.limit.finish(s.wire)
	ping, pong, answer := s.wire.take()
	var err error
	if pong {
		err = s.wire.control(pongFrame, answer)
	}
	if ping && err == nil {
		err = s.wire.control(pingFrame, nil)
	}
	if err != nil {
		s.broken = s.whyWrite(err)
	}
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
			if now := s.wire.heard.Load(); now != heard || s.holding.Load() {
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
