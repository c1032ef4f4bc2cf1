package duplex

import (
	"sync"
	"time"
)

// clock makes the calls of many timers from few goroutines. Timers of the same
// period wait in one row, the next to come due first, so that a beat of a
// hundred thousand streams is one timer of the runtime's.
//
// The zero value is ready. The connections of a server share one.
type clock struct {
	mu    sync.Mutex
	epoch time.Time // what times are counted from; guarded by mu, as all below
	rows  map[time.Duration]*row
	due   []*timer    // whose calls are to be made
	made  int         // how many of due have been taken
	relay *time.Timer // starts another goroutine that makes calls
	armed bool        // relay will, before long
}

// row is the timers of one period; clock.mu guards it.
type row struct {
	wait        time.Duration
	first, last *timer
	alarm       *time.Timer
}

// timer calls a function in its stream's turn, again and again or once.
type timer struct {
	c       *Conn
	f       func()
	wait    time.Duration // from one call to the next, or to the only one
	sibling *timer        // the stream's next one; guarded by c.mu

	at             time.Duration // when it is due; guarded by clock.mu, as all below
	earlier, later *timer        // in its row
	once           bool
	inRow          bool
	called         bool // a call is in due, or waits for the stream's turn
	stopped        bool
}

// start puts t in its row.
func (k *clock) start(t *timer) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.rows == nil {
		k.rows, k.epoch = make(map[time.Duration]*row), time.Now()
	}
	r := k.rows[t.wait]
	if r == nil {
		r = &row{wait: t.wait}
		k.rows[t.wait] = r
	}
	now := time.Since(k.epoch)
	t.at = now + t.wait
	r.insert(t)
	switch {
	case r.alarm == nil:
		r.alarm = time.AfterFunc(t.wait, func() { k.ring(r) })
	case r.first == t:
		r.alarm.Reset(t.at - now)
	}
}

// insert puts t where it belongs, which is nearly always behind all others.
func (r *row) insert(t *timer) {
	before := r.last
	for before != nil && before.at > t.at {
		before = before.earlier
	}
	t.earlier, t.inRow = before, true
	if before == nil {
		t.later, r.first = r.first, t
	} else {
		t.later, before.later = before.later, t
	}
	if t.later == nil {
		r.last = t
	} else {
		t.later.earlier = t
	}
}

// remove takes t out.
func (r *row) remove(t *timer) {
	if t.earlier == nil {
		r.first = t.later
	} else {
		t.earlier.later = t.later
	}
	if t.later == nil {
		r.last = t.earlier
	} else {
		t.later.earlier = t.earlier
	}
	t.earlier, t.later, t.inRow = nil, nil, false
}

// slack is how late a timer may be called after others of its row have been: to
// wake once for many costs less than to wake for each.
func (r *row) slack() time.Duration { return min(5*time.Millisecond, r.wait/100) }

// ring makes the calls of r that are due.
func (k *clock) ring(r *row) {
	k.mu.Lock()
	now := time.Since(k.epoch)
	for t := r.first; t != nil && t.at <= now; t = r.first {
		r.remove(t)
		if !t.called {
			t.called = true
			k.due = append(k.due, t)
		}
		if t.once {
			continue
		}
		if t.at += t.wait; t.at <= now {
			t.at += ((now-t.at)/t.wait + 1) * t.wait // what was missed is made up for by one call
		}
		r.insert(t)
	}
	alone := true
	if r.first != nil {
		next := max(r.first.at-now, r.slack())
		alone = next > callPatience
		r.alarm.Reset(next)
	} else if k.rows[r.wait] == r {
		delete(k.rows, r.wait)
	}
	k.mu.Unlock()
	k.work(alone)
}

// callPatience is how long calls that are due wait for one that takes its time.
const callPatience = 5 * time.Millisecond

// work makes calls until none is due. Since any of them may take its time,
// another goroutine comes to help when some still wait after callPatience: one
// that is held up holds up nobody else for longer. It is the next one of the row,
// or, where that is too far off and we are alone, the relay's: to arm a timer for
// every few calls, each of them a short write, would cost as much as some of them.
func (k *clock) work(alone bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for k.made < len(k.due) {
		t := k.due[k.made]
		k.due[k.made] = nil
		if k.made++; k.made == len(k.due) {
			k.due, k.made = k.due[:0], 0
		} else if alone {
			k.arm()
		}
		k.offer(t)
	}
	if k.armed && k.relay.Stop() {
		k.armed = false
	}
}

// offer makes a call with k.mu released. If that ends its goroutine, the relay
// makes those that are left.
func (k *clock) offer(t *timer) {
	exited := true
	k.mu.Unlock()
	defer func() {
		k.mu.Lock()
		if exited && k.made < len(k.due) {
			k.arm()
		}
	}()
	t.c.serial.offer(t)
	exited = false
}

// arm has the relay come after callPatience; k.mu is held.
func (k *clock) arm() {
	switch {
	case k.armed:
		return
	case k.relay == nil:
		k.relay = time.AfterFunc(callPatience, k.help)
	default:
		k.relay.Reset(callPatience)
	}
	k.armed = true
}

func (k *clock) help() {
	k.mu.Lock()
	k.armed = false
	k.mu.Unlock()
	k.work(true)
}

// begin reports whether a call of t that has come to its turn is to be made.
func (k *clock) begin(t *timer) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	t.called = false
	return !t.stopped
}

// stop makes sure that no call of t begins any more.
func (k *clock) stop(t *timer) {
	k.mu.Lock()
	defer k.mu.Unlock()
	t.stopped = true
	if !t.inRow {
		return
	}
	r := k.rows[t.wait]
	r.remove(t)
	if r.first == nil {
		r.alarm.Stop()
		delete(k.rows, t.wait)
		if k.made < len(k.due) {
			k.arm() // the alarm might have been the help
		}
	}
}
