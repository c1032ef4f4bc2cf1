package endpoint

import (
	"sync"
	"time"
)

// noDeadline takes a deadline back.
var noDeadline time.Time

// deadline ends waits that no descriptor is part of.
type deadline struct {
	mu    sync.Mutex
	timer *time.Timer
	moves int           // how often it was set
	over  chan struct{} // closed when the time has come
}

// set moves the deadline; a zero t takes it back.
func (d *deadline) set(t time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.timer != nil {
		d.timer.Stop()
		d.timer = nil
	}
	d.moves++
	move := d.moves
	if d.isOver() {
		d.over = nil
	}
	if t.IsZero() {
		return
	}
	if wait := time.Until(t); wait > 0 {
		d.timer = time.AfterFunc(wait, func() { d.come(move) })
		return
	}
	if !d.isOver() {
		close(d.over)
	}
}

// come ends the waits if the deadline has not been moved since.
func (d *deadline) come(move int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if move == d.moves && !d.isOver() {
		close(d.over)
	}
}

// isOver reports whether the time has come; d.mu is held.
func (d *deadline) isOver() bool {
	if d.over == nil {
		d.over = make(chan struct{})
	}
	select {
	case <-d.over:
		return true
	default:
		return false
	}
}

// passed returns a channel that is closed at the deadline.
func (d *deadline) passed() <-chan struct{} {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.isOver()
	return d.over
}
