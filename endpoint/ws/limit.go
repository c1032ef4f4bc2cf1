package ws

import (
	"sync"
	"time"
)

// limit is the deadline of writes. It is on the connection below only while
// something is written there, so that one that has passed between two writes
// breaks nothing.
type limit struct {
	mu     sync.Mutex
	at     time.Time
	active bool
}

// set moves the deadline, of a write that is under way too.
func (l *limit) set(w *wire, at time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.at = at
	if l.active {
		_ = w.SetWriteDeadline(at) // fails on a closed connection only, as the write then does
	}
}

// begin begins a write, unless the deadline has passed.
func (l *limit) begin(w *wire) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.at.IsZero() {
		if !time.Now().Before(l.at) {
			return false
		}
		_ = w.SetWriteDeadline(l.at)
	}
	l.active = true
	return true
}

// controlTime is how long control frames may take once the deadline of writes has
// passed: it is not the peer's fault, who would take us for gone.
const controlTime = 10 * time.Millisecond

// beginControl begins to write control frames.
func (l *limit) beginControl(w *wire) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if at := l.at; !at.IsZero() {
		if soon := time.Now().Add(controlTime); at.Before(soon) {
			at = soon
		}
		_ = w.SetWriteDeadline(at)
	}
	l.active = true
}

// finish ends a write.
func (l *limit) finish(w *wire) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.active = false
	if !l.at.IsZero() {
		_ = w.SetWriteDeadline(time.Time{})
	}
}
