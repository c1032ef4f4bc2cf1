package duplextest

import (
	"sync"
	"time"
)

// limit is a deadline that can be waited for: a channel is closed when it has
// passed.
type limit struct {
	mu     sync.Mutex
	timer  *time.Timer
	passed chan struct{}
}

// wait returns a channel that is closed when the deadline has passed. A
// deadline set later, but before this one has passed, closes the same channel.
func (l *limit) wait() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.channel()
}

// channel makes the channel when it is first needed, so that in testing/synctest
// it belongs to the bubble; l.mu is held.
func (l *limit) channel() chan struct{} {
	if l.passed == nil {
		l.passed = make(chan struct{})
	}
	return l.passed
}

func (l *limit) set(t time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.timer != nil && !l.timer.Stop() {
		<-l.channel() // the timer has run, so it closes or has closed it
	}
	l.timer = nil
	over := false
	select {
	case <-l.channel():
		over = true
	default:
	}
	wait := time.Until(t)
	if t.IsZero() || wait > 0 {
		if over {
			l.passed = make(chan struct{})
		}
		if !t.IsZero() {
			passed := l.passed
			l.timer = time.AfterFunc(wait, func() { close(passed) })
		}
		return
	}
	if !over {
		close(l.passed)
	}
}
