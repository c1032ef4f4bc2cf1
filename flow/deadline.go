package flow

import (
	"sync"
	"time"
)

// deadline is the time limit of one direction's calls. Its timer only marks it
// passed. What it belongs to is guarded by a lock, as it is itself.
type deadline struct {
	timer  *time.Timer
	passed bool
	era    int // counts the settings, so that a late timer marks nothing
}

// set moves the deadline; a zero t takes it back. When it comes, who waits on
// cond looks again. The lock of cond is held.
func (d *deadline) set(cond *sync.Cond, t time.Time) {
	d.stop()
	d.passed = false
	if t.IsZero() {
		return
	}
	wait := time.Until(t)
	if wait <= 0 {
		d.passed = true
		cond.Broadcast()
		return
	}
	era := d.era
	d.timer = time.AfterFunc(wait, func() {
		cond.L.Lock()
		defer cond.L.Unlock()
		if d.era == era {
			d.passed = true
			cond.Broadcast()
		}
	})
}

func (d *deadline) stop() {
	d.era++
	if d.timer != nil {
		d.timer.Stop()
		d.timer = nil
	}
}
