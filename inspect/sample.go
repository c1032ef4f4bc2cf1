package inspect

import (
	"sync"
	"time"

	"github.com/duplex-go/duplex"
)

const (
	// interval is how often everything is looked at.
	interval = time.Second
	// points is how many looks back the sparklines go: a minute.
	points = 60
	// stallTime is how long nothing may have moved, while something waits,
	// before a direction counts as stalled.
	stallTime = 2 * time.Second
	// asked is for how many entries the kernel is asked at each look about what
	// waits in it: four system calls each. Where there are more they take turns,
	// after those that somebody is being shown.
	asked = 1000
)

// lane is what is known of one direction. The entry's lock guards it.
type lane struct {
	bytes   int64
	sampled int64   // of bytes, at the last look
	rate    float64 // bytes a second, smoothed
	history [points]float32
	moved   time.Time // when bytes were last seen to have moved

	waiting, mark int
	holding       bool
	stalled       time.Time // since when; zero if it is not

	reason  duplex.Reason
	endedAt time.Time
	err     string
}

func (l *lane) over() bool      { return l.reason != duplex.Running }
func (l *lane) isStalled() bool { return !l.stalled.IsZero() }

// sampler looks at everything now and then.
type sampler struct {
	mu   sync.Mutex // held while it does
	list []*entry
	turn int // whose turn it is to be asked about what waits
	last time.Time
}

// sample looks at all entries. It is called once every interval; where several
// servers show one registry, one of them at a time has something to do.
func (r *Registry) sample(now time.Time) {
	s := &r.sampler
	s.mu.Lock()
	defer s.mu.Unlock()
	took := now.Sub(s.last)
	switch {
	case s.last.IsZero():
		took = interval
	case took < interval/2:
		return
	}
	s.last = now
	s.list = r.entries(s.list[:0], now)
	left := asked
	for _, e := range s.list {
		if e.isWanted(now) {
			e.sample(now, took, true)
			left--
		}
	}
	n := len(s.list)
	for i := range n {
		e := s.list[(s.turn+i)%n]
		if !e.isWanted(now) {
			e.sample(now, took, left > 0)
			if left--; left == 0 {
				s.turn = (s.turn + i + 1) % n
			}
		}
	}
	clear(s.list) // what is over must not be kept by this
}

// want makes the next looks at e thorough.
func (e *entry) want(now time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.wanted = now
}

func (e *entry) isWanted(now time.Time) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return !e.wanted.IsZero() && now.Sub(e.wanted) < 3*interval
}

// sample looks at e; thoroughly is with what waits.
func (e *entry) sample(now time.Time, took time.Duration, thoroughly bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.observed == nil {
		return
	}
	for w := range duplex.Way(ways) {
		e.look(w, now, took, thoroughly)
	}
	e.samples++
}

// look looks at one direction; e.mu is held.
func (e *entry) look(w duplex.Way, now time.Time, took time.Duration, thoroughly bool) {
	l := &e.lanes[w]
	f := e.observed.Flow(w)
	moved := f.Bytes - l.sampled
	if moved > 0 {
		if l.sampled == 0 {
			e.timeline.add(now, first, way(w), "")
		}
		l.moved = now
	}
	current := float64(max(moved, 0)) / took.Seconds()
	l.rate += (current - l.rate) / 2
	if moved <= 0 && now.Sub(l.moved) >= stallTime {
		l.rate = 0
	}
	l.bytes, l.sampled = max(l.bytes, f.Bytes), f.Bytes
	l.history[e.samples%points] = float32(current)
	if l.over() {
		return
	}
	l.holding = f.Holding
	if thoroughly {
		l.waiting, l.mark = e.observed.Waiting(w)
	}
	switch stuck := now.Sub(l.moved) >= stallTime && (l.waiting > 0 || l.holding); {
	case stuck && !l.isStalled():
		l.stalled = l.moved
		e.timeline.add(now, stalled, way(w), "")
	case !stuck && l.isStalled():
		l.stalled = time.Time{}
		e.timeline.add(now, flows, way(w), "")
	}
}
