package duplex

import "sync"

// serial runs the callbacks of one stream one at a time.
type serial struct {
	mu      sync.Mutex
	free    sync.Cond
	busy    bool     // guarded by mu, as all below
	waiting int      // how many wait in enter
	due     []func() // to run before busy is given up
}

// enter waits for the turn; the caller ends it with leave.
func (s *serial) enter() {
	s.mu.Lock()
	s.waiting++
	for s.busy {
		s.free.Wait()
	}
	s.waiting--
	s.busy = true
	s.mu.Unlock()
}

// leave runs what has become due and gives up the turn. What becomes due
// meanwhile is left to another goroutine: the caller has other things to do,
// which callbacks that take longer than their period must not keep it from.
func (s *serial) leave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.run(len(s.due))
	if s.waiting == 0 && len(s.due) > 0 {
		go s.rest() // with the turn
		return
	}
	s.giveUp()
}

// rest runs what is due until somebody else wants the turn.
func (s *serial) rest() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.waiting == 0 && len(s.due) > 0 {
		s.run(len(s.due))
	}
	s.giveUp()
}

// run runs up to n calls that are due, as long as nobody waits for the turn;
// whoever does runs the others in leave. s.mu is held.
func (s *serial) run(n int) {
	for ; n > 0 && s.waiting == 0; n-- {
		f := s.due[0]
		s.due = s.due[1:]
		s.mu.Unlock()
		f()
		s.mu.Lock()
	}
}

// giveUp ends the turn; s.mu is held.
func (s *serial) giveUp() {
	if len(s.due) == 0 {
		s.due = nil
	}
	s.busy = false
	s.free.Signal()
}

// offer runs f now, or leaves it to whoever has the turn; it does not wait.
func (s *serial) offer(f func()) {
	s.mu.Lock()
	if s.busy || s.waiting > 0 {
		s.due = append(s.due, f)
		s.mu.Unlock()
		return
	}
	s.busy = true
	s.mu.Unlock()
	f()
	s.leave()
}
