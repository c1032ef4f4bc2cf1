package duplex

import "time"

// Every calls f every d, starting after d, until this side ends its writing or
// the stream is closed. It returns a function that stops it earlier.
//
// f runs in the stream's turn, never at the same time as a [Handler]'s
// callbacks or another timer of the stream; calls that came due meanwhile are
// made up for by one. No goroutine waits between the calls, and all streams of a
// [Server] with the same d share one timer, for which calls that come due close
// together are made together: late by up to d/100, and by at most 5 ms. A panic
// in f aborts the stream with a [PanicError]. Every panics if d is not positive.
func (c *Conn) Every(d time.Duration, f func()) (stop func()) {
	if d <= 0 {
		panic("duplex: Every needs a positive duration")
	}
	return c.startTimer(&timer{c: c, f: f, wait: d})
}

// After calls f once, after d, unless the stream is closed before. Otherwise
// it is like [Conn.Every].
func (c *Conn) After(d time.Duration, f func()) (stop func()) {
	return c.startTimer(&timer{c: c, f: f, wait: max(d, 0), once: true})
}

func (c *Conn) startTimer(t *timer) (stop func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.isShut || c.writeEnd.set && !t.once {
		return func() {}
	}
	if c.clock == nil {
		c.clock = new(clock)
	}
	c.sender.prepare(c.below)
	t.sibling, c.timers = c.timers, t
	c.clock.start(t)
	return t.stop
}

// call makes a call in the stream's turn.
func (t *timer) call() {
	if !t.c.clock.begin(t) {
		return
	}
	if t.once {
		t.stop()
	}
	t.c.timed.Store(true)
	err := errExited
	defer func() {
		t.c.timed.Store(false)
		if err != nil {
			t.c.crash(err)
		}
	}()
	err = protect(func() error { t.f(); return nil })
}

func (t *timer) stop() {
	t.c.clock.stop(t)
	t.c.mu.Lock()
	defer t.c.mu.Unlock()
	for link := &t.c.timers; *link != nil; link = &(*link).sibling {
		if *link == t {
			*link = t.sibling
			return
		}
	}
}

// stopTimers stops the stream's timers, or only those that repeat.
func (c *Conn) stopTimers(repeated bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for link := &c.timers; *link != nil; {
		t := *link
		if repeated && t.once {
			link = &t.sibling
			continue
		}
		c.clock.stop(t)
		*link = t.sibling
	}
}
