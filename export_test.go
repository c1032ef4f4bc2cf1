package duplex

import "time"

// FirstBuffer returns the first byte of the buffer that is read next from e,
// or nil while nothing waits: e holds no buffer then.
func (e *PairEnd) FirstBuffer() *byte {
	e.in.mu.Lock()
	defer e.in.mu.Unlock()
	if e.in.head == nil {
		return nil
	}
	return &e.in.head.b[0]
}

// Connections are parked soon in tests.
func init() { parkLooks = 1 }

// PassTime lets d pass for the timers of c.
func PassTime(c *Conn, d time.Duration) {
	c.clock.mu.Lock()
	defer c.clock.mu.Unlock()
	c.clock.epoch = c.clock.epoch.Add(-d)
}
