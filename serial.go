package duplex

import (
	"sync"
	"sync/atomic"
)

// serial runs the callbacks of one stream one at a time. Taking the turn and
// giving it up is one atomic operation each, as long as nobody else wants it.
type serial struct {
	turn atomic.Int32 // turnFree, turnTaken or turnWanted

	mu      sync.Mutex
	freed   *sync.Cond // made by the first who waits
	waiting int        // how many wait in enter; guarded by mu
	due     []caller   // to call before the turn is given up; guarded by mu
}

// caller is a call to be made in a stream's turn.
type caller interface{ call() }

// callFunc is a caller that is a function.
type callFunc func()

func (f callFunc) call() { f() }

const (
	turnFree   = iota // nobody has the turn
	turnTaken         // somebody has it, and nobody else wants it
	turnWanted        // somebody has it, and looks at what mu guards before giving it up
)

// enter waits for the turn; the caller ends it with leave.
func (s *serial) enter() {
	if s.turn.CompareAndSwap(turnFree, turnTaken) {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.freed == nil {
		s.freed = sync.NewCond(&s.mu)
	}
	s.waiting++
	for s.turn.Swap(turnWanted) != turnFree {
		s.freed.Wait()
	}
	s.waiting--
}

// leave runs what has become due and gives up the turn. What becomes due
// meanwhile is left to another goroutine: the caller has other things to do,
// which callbacks that take longer than their period must not keep it from.
func (s *serial) leave() {
	if s.turn.CompareAndSwap(turnTaken, turnFree) {
		return
	}
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
		s.call(f)
	}
}

// call makes a call with s.mu released. If that ends its goroutine, another one
// gets the turn.
func (s *serial) call(f caller) {
	exited := true
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		if exited {
			go s.rest()
		}
	}()
	f.call()
	exited = false
}

// giveUp ends the turn; s.mu is held.
func (s *serial) giveUp() {
	if len(s.due) == 0 {
		s.due = nil
	}
	s.turn.Store(turnFree)
	if s.waiting > 0 {
		s.freed.Signal()
	}
}

// offer calls f now, or leaves it to whoever has the turn; it does not wait.
func (s *serial) offer(f caller) {
	s.mu.Lock()
	if s.waiting > 0 || s.turn.Swap(turnWanted) != turnFree {
		s.due = append(s.due, f)
		s.mu.Unlock()
		return
	}
	s.mu.Unlock()
	defer s.leave() // also if f ends its goroutine
	f.call()
}
