package duplex

import "sync"

// serial runs the callbacks of one stream one at a time.
type serial struct {
	mu   sync.Mutex
	free sync.Cond
	busy bool     // guarded by mu
	due  []func() // guarded by mu: to run before busy is given up
}

// enter waits for the turn; the caller ends it with leave.
func (s *serial) enter() {
	s.mu.Lock()
	for s.busy {
		s.free.Wait()
	}
	s.busy = true
	s.mu.Unlock()
}

// leave runs what has become due and gives up the turn.
func (s *serial) leave() {
	s.mu.Lock()
	for len(s.due) > 0 {
		f := s.due[0]
		s.due = s.due[1:]
		s.mu.Unlock()
		f()
		s.mu.Lock()
	}
	s.due = nil
	s.busy = false
	s.free.Signal()
	s.mu.Unlock()
}

// offer runs f now, or leaves it to whoever has the turn; it does not wait.
func (s *serial) offer(f func()) {
	s.mu.Lock()
	if s.busy {
		s.due = append(s.due, f)
		s.mu.Unlock()
		return
	}
	s.busy = true
	s.mu.Unlock()
	f()
	s.leave()
}
