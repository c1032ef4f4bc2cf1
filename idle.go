package duplex

import (
	"crypto/tls"
	"sync"
	"sync/atomic"
	"time"
)

// idleWatch calls a function when nothing has moved for a given time. Its
// bound can be tightened while it runs.
type idleWatch struct {
	epoch    time.Time
	last     atomic.Int64 // when something moved, since epoch
	probe    func() uint64
	expired  func()
	callback sync.WaitGroup

	mu     sync.Mutex
	timer  *time.Timer
	bound  time.Duration // 0: none
	probed uint64        // what probe said last
	over   bool
}

// start begins to watch; a bound of zero or less watches nothing until it is
// tightened. probe returns a number that grows with progress that touch does
// not hear of.
func (w *idleWatch) start(bound time.Duration, probe func() uint64, expired func()) {
	w.epoch, w.probe, w.expired = time.Now(), probe, expired
	if bound > 0 {
		w.tighten(bound)
	}
}

// touch says that something moved.
func (w *idleWatch) touch() { w.last.Store(int64(time.Since(w.epoch))) }

// tighten lowers the bound to d, counted from now.
func (w *idleWatch) tighten(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.over || w.bound > 0 && w.bound <= d {
		return
	}
	w.bound = d
	w.probed = w.probe()
	w.touch()
	w.arm(d)
}

// arm sets the timer; w.mu is held.
func (w *idleWatch) arm(d time.Duration) {
	if w.timer != nil && w.timer.Stop() {
		w.callback.Done()
	}
	w.callback.Add(1)
	w.timer = time.AfterFunc(d, w.check)
}

func (w *idleWatch) check() {
	defer w.callback.Done()
	w.mu.Lock()
	if w.over {
		w.mu.Unlock()
		return
	}
	rest := w.bound - (time.Since(w.epoch) - time.Duration(w.last.Load()))
	if rest <= 0 {
		if now := w.probe(); now != w.probed {
			w.probed = now
			w.touch()
			rest = w.bound
		}
	}
	if rest > 0 {
		w.arm(rest)
		w.mu.Unlock()
		return
	}
	w.over = true
	w.mu.Unlock()
	w.expired()
}

// stop ends the watch and waits for a callback under way.
func (w *idleWatch) stop() {
	w.mu.Lock()
	w.over = true
	if w.timer != nil && w.timer.Stop() {
		w.callback.Done()
	}
	w.mu.Unlock()
	w.callback.Wait()
}

// progress is a number that grows while a destination takes bytes that no
// counter shows yet.
func (m *merge) progress() uint64 {
	return arrived(m.dirs[0].dst) + arrived(m.dirs[1].dst)
}

// arrived returns a number that grows while the peer of s takes bytes, if there
// is one.
func arrived(s Stream) uint64 {
	switch s := bare(s).(type) {
	case *PairEnd:
		return s.out.given()
	case *tls.Conn:
		if c, ok := s.NetConn().(Stream); ok {
			return arrived(c)
		}
		return 0
	default:
		return ackedBytes(s)
	}
}
