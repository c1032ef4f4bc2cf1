package duplex

import (
	"sync"
	"time"
)

// timer calls a function in its stream's turn.
type timer struct {
	c      *Conn
	f      func()
	period time.Duration // 0: once
	next   time.Time     // when the next call of an Every is due

	mu      sync.Mutex
	t       *time.Timer // guarded by mu, as all below
	due     bool        // a call waits for the stream's turn
	stopped bool
}

// Every calls f every d, starting after d, until this side ends its writing or
// the stream is closed. It returns a function that stops it earlier.
//
// f runs in the stream's turn, never at the same time as a [Handler]'s
// callbacks or another timer of the stream; calls that came due meanwhile are
// made up for by one. No goroutine waits between the calls. A panic in f aborts
// the stream with a [PanicError]. Every panics if d is not positive.
func (c *Conn) Every(d time.Duration, f func()) (stop func()) {
	if d <= 0 {
		panic("duplex: Every needs a positive duration")
	}
	return c.startTimer(d, d, f)
}

// After calls f once, after d, unless the stream is closed before. Otherwise
// it is like [Conn.Every].
func (c *Conn) After(d time.Duration, f func()) (stop func()) {
	return c.startTimer(d, 0, f)
}

func (c *Conn) startTimer(d, period time.Duration, f func()) func() {
	t := &timer{c: c, f: f, period: period, next: time.Now().Add(d)}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.writeEnd.set && (period > 0 || c.readEnd.set) {
		return func() {}
	}
	if c.timers == nil {
		c.timers = make(map[*timer]struct{})
	}
	c.timers[t] = struct{}{}
	t.mu.Lock()
	t.t = time.AfterFunc(d, t.fire)
	t.mu.Unlock()
	return t.stop
}

// fire puts a call in the stream's turn and sets the timer for the next one.
func (t *timer) fire() {
	t.mu.Lock()
	if t.stopped {
		t.mu.Unlock()
		return
	}
	if t.period > 0 {
		now := time.Now()
		for !t.next.After(now) {
			t.next = t.next.Add(t.period)
		}
		t.t.Reset(t.next.Sub(now))
	}
	again := t.due // the last call has not even begun
	t.due = true
	t.mu.Unlock()
	if !again {
		t.c.serial.offer(t.call)
	}
}

func (t *timer) call() {
	t.mu.Lock()
	t.due = false
	stopped := t.stopped
	t.mu.Unlock()
	if stopped {
		return
	}
	if t.period == 0 {
		t.stop()
	}
	if err := protect(func() error { t.f(); return nil }); err != nil {
		t.c.crash(err)
	}
}

func (t *timer) stop() {
	t.halt()
	t.c.mu.Lock()
	delete(t.c.timers, t)
	t.c.mu.Unlock()
}

// halt makes sure that no call begins any more.
func (t *timer) halt() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.stopped = true
	t.t.Stop()
}

// stopTimers stops the stream's timers, or only the periodic ones.
func (c *Conn) stopTimers(periodic bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for t := range c.timers {
		if !periodic || t.period > 0 {
			t.halt()
			delete(c.timers, t)
		}
	}
}
