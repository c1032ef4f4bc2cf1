package duplex

import (
	"sync"
	"time"
)

// deadline is one side's time limit. Its timer only marks it passed.
type deadline struct {
	timer  *time.Timer
	passed bool
	era    int // counts the settings, so that a late timer marks nothing
}

// setReadDeadline arms the reader's limit; see setDeadline.
func (q *queue) setReadDeadline(t time.Time) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.rclose == nil {
		q.setDeadline(&q.rlimit, &q.readable, t)
	}
	return q.rclose
}

// setWriteDeadline arms the writer's limit; see setDeadline.
func (q *queue) setWriteDeadline(t time.Time) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.wclose == nil {
		q.setDeadline(&q.wlimit, &q.writable, t)
	}
	return q.wclose
}

// setDeadline arms d: whoever waits on cond wakes when t comes. q.mu is held.
func (q *queue) setDeadline(d *deadline, cond *sync.Cond, t time.Time) {
	d.stop()
	d.passed = false
	if t.IsZero() {
		return
	}
	if wait := time.Until(t); wait > 0 {
		era := d.era
		d.timer = time.AfterFunc(wait, func() {
			q.mu.Lock()
			defer q.mu.Unlock()
			if d.era == era {
				d.passed = true
				cond.Broadcast()
			}
		})
		return
	}
	d.passed = true
	cond.Broadcast()
}

// stop forgets the timer; q.mu is held.
func (d *deadline) stop() {
	d.era++
	if d.timer != nil {
		d.timer.Stop()
		d.timer = nil
	}
}
