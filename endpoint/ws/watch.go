package ws

import (
	"sync/atomic"
	"time"
)

// lull is how long nobody reads before a goroutine does it. Meanwhile nobody
// hears the peer's pings, nor that it has gone.
const lull = 10 * time.Millisecond

// rest notices that nobody reads. While somebody always does, all it costs is a
// timer that goes off every now and then.
type rest struct {
	timer *time.Timer
	armed atomic.Bool
	reads atomic.Uint32 // Reads that are over
	seen  uint32        // of them, when the timer was set; whoever armed it has it
}

// begin notes that a Read is over, and that from now on perhaps nobody reads.
func (r *rest) begin() {
	r.reads.Add(1)
	if !r.armed.Load() && r.armed.CompareAndSwap(false, true) {
		r.arm()
	}
}

func (r *rest) arm() {
	r.seen = r.reads.Load()
	r.timer.Reset(lull)
}

// watch is called a while after a Read. If there was none since, and none is
// under way, it reads what comes, up to a mark, until somebody wants to read. So
// pings are answered, and a Close frame is seen, whether or not the user reads.
func (s *stream) watch() {
	seen := s.rest.seen
	s.rest.armed.Store(false)
	if s.turn.wanted.Load() > 0 {
		return // the end of that Read sets the timer again
	}
	if s.rest.reads.Load() != seen {
		if s.rest.armed.CompareAndSwap(false, true) {
			s.rest.arm()
		}
		return
	}
	s.mu.Lock()
	if s.closed != nil || s.over != nil {
		s.mu.Unlock()
		return
	}
	s.tasks.Add(1)
	s.mu.Unlock()
	defer s.tasks.Done()
	s.look()
}

// look reads what comes until a Read wants to, and leaves it to that one.
func (s *stream) look() {
	if !s.turn.reading.TryLock() {
		return // the end of that Read sets the timer again
	}
	defer s.turn.reading.Unlock()
	for s.isOver() == nil {
		if s.ahead.waiting() >= mostAhead {
			s.full.Store(true)
			return
		}
		if s.turn.begin(watcher) != nil {
			return
		}
		n, err := s.hear(s.ahead.room())
		s.turn.finish()
		s.ahead.grow(n)
		if err != nil {
			return
		}
	}
}
