package duplex

import (
	"sync"
	"sync/atomic"
	"time"
)

// poller is where the idle connections of a Server wait without a goroutine and
// without a buffer. A connection that is busy has a goroutine that reads, as
// everywhere in Go; the poller looks at those now and then, and takes over the
// ones that have been silent for some looks.
type poller struct {
	epoll *epoll
	done  chan struct{} // closed when watch has returned

	busy atomic.Int32 // len(active)

	mu     sync.Mutex
	active []*program    // those with a goroutine; guarded by mu, as all below
	parked int           // how many have none
	keys   []*program    // those that epoll knows, by their index
	unused []int32       // indices of keys that are free
	lives  int32         // how many keys there have been
	audit  int           // the index that look has come to
	pace   time.Duration // how often look comes; zero: not at all
}

// key is what epoll calls a program; life tells apart those who have had an
// index in turn.
type key struct{ index, life int32 }

// place is where a poller has a program. The poller's mu guards it.
type place struct {
	key   key
	known bool // epoll has it, under key
	state parking
	timed bool  // the program has a read deadline of its own
	left  bool  // somebody else uses the stream below
	at    int   // index in active
	seen  int64 // the bytes read when look last came
	quiet int   // how many times it has found no more since
}

// parking is how far a program is on its way into the poller.
type parking uint8

const (
	parkOut    parking = iota // it does not read yet, or is over
	parkNot                   // it has a goroutine that reads
	parkCalled                // which a deadline in the past calls in
	parkDone                  // it has none
)

// parkTick is how often look comes while there are goroutines that read.
const parkTick = 100 * time.Millisecond

// parkLooks is how many times look finds nothing new of a connection before that
// gives up its goroutine, half a second. Tests have less patience. To give it up
// and to get one again costs about half a request.
var parkLooks = 5

// patience is parkLooks, or less for those that may never say anything: of n
// bytes read.
func patience(n int64) int {
	if n == 0 {
		return 1
	}
	return parkLooks
}

// auditTick is how often look comes when all are parked.
const auditTick = time.Second

// maxHolders is how many connections may be active for each of them to hold a
// large buffer over a wait, which is 16 MiB for all. A small one they may always
// hold: it is no more than their stacks.
const maxHolders = 256

// aLongTimeAgo is a deadline that has passed.
var aLongTimeAgo = time.Unix(1, 0)

// newPoller starts a poller, which close ends.
func newPoller() (*poller, error) {
	e, err := newEpoll()
	if err != nil {
		return nil, err
	}
	p := &poller{epoll: e, done: make(chan struct{})}
	go p.watch()
	return p, nil
}

// close ends the poller and waits for it; no program is in it any more.
func (p *poller) close() {
	p.epoll.close()
	<-p.done
	p.epoll.free()
}

// watch wakes those that have something to read.
func (p *poller) watch() {
	defer close(p.done)
	var ready []key
	for {
		var tick bool
		var err error
		if ready, tick, err = p.epoll.wait(ready[:0]); err != nil {
			return // closed
		}
		if tick {
			p.look()
		}
		p.mu.Lock()
		for _, k := range ready {
			if w := p.keys[k.index]; w != nil && w.place.key == k {
				p.wake(w)
			}
		}
		p.mu.Unlock()
	}
}

// allows reports whether one that is active may hold a buffer while it waits.
func (p *poller) allows(large bool) bool {
	return p != nil && (!large || p.busy.Load() <= maxHolders)
}

// add takes w, whose goroutine begins to read.
func (p *poller) add(w *program) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.activate(w)
}

// remove forgets w, which is over.
func (p *poller) remove(w *program) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if w.place.state == parkOut {
		return
	}
	p.dismiss(w)
	p.deactivate(w)
	p.forget(w)
	w.place.state = parkOut
}

// look calls in those that have read nothing since it last came, and wakes
// some of those that wait if their sockets have been closed behind their backs,
// which epoll does not tell.
func (p *poller) look() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, w := range p.active {
		n := w.c.BytesRead()
		if n != w.place.seen {
			w.place.quiet = 0
		} else if w.place.quiet++; w.place.quiet >= patience(n) && w.place.state == parkNot && !w.place.timed && !w.place.left {
			w.place.state = parkCalled
			_ = setReadDeadline(w.c.below, aLongTimeAgo)
		}
		w.place.seen = n
	}
	for range min(len(p.keys), len(p.keys)/64+1) {
		p.audit = (p.audit + 1) % len(p.keys)
		if w := p.keys[p.audit]; w != nil && closedBehind(w.c.below) {
			p.wake(w)
		}
	}
	switch {
	case len(p.active) > 0:
		p.setPace(parkTick)
	case p.parked > 0:
		p.setPace(auditTick)
	default:
		p.setPace(0)
	}
}

// closedBehind reports whether s, a socket, has been closed.
func closedBehind(s Stream) bool {
	raw, err := syscallConn(s)
	return err != nil || raw.Control(func(uintptr) {}) != nil
}

// setPace says how often look comes; p.mu is held.
func (p *poller) setPace(d time.Duration) {
	if d != p.pace && p.epoll.setTick(d) == nil {
		p.pace = d
	}
}

// park is called by the goroutine of w when a deadline has ended a read. It
// reports whether w is left to the poller, so that the goroutine must return;
// and otherwise whether it must read again, because the deadline was not the
// program's own.
func (p *poller) park(w *program) (parked, again bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.dismiss(w) {
		return false, false
	}
	known := w.place.known
	if !known {
		p.assign(w)
	}
	if err := p.epoll.arm(w.c.below, w.place.key, known); err != nil {
		// It has been closed, as the next read tells; or epoll takes no more, and
		// it keeps its goroutine.
		w.place.left = true
		if !known {
			p.forget(w)
		}
		return false, true
	}
	w.place.state = parkDone
	p.deactivate(w)
	p.parked++
	return true, false
}

// mistaken reports whether a deadline that has ended a read of somebody else
// than the program's own loop was the call of look; then it must read again.
func (p *poller) mistaken(w *program) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.dismiss(w)
}

// setDeadline sets the program's own read deadline, for which it needs a
// goroutine.
func (p *poller) setDeadline(w *program, t time.Time) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.dismiss(w)
	p.wake(w)
	w.place.timed = !t.IsZero()
	return setReadDeadline(w.c.below, t)
}

// leave lets w have its goroutine for good, since somebody else may read from
// the stream below or set its deadlines.
func (p *poller) leave(w *program) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.dismiss(w)
	p.wake(w)
	w.place.left = true
}

// closed tells that the stream of w has been closed.
func (p *poller) closed(w *program) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.wake(w)
}

// dismiss undoes the call of look, and reports whether there was one; p.mu is
// held, as in all below.
func (p *poller) dismiss(w *program) bool {
	if w.place.state != parkCalled {
		return false
	}
	w.place.state = parkNot
	_ = setReadDeadline(w.c.below, time.Time{})
	return true
}

// wake gives w a goroutine, if it has none.
func (p *poller) wake(w *program) {
	if w.place.state != parkDone {
		return
	}
	p.parked--
	p.activate(w)
	go w.run()
}

// activate counts w among those with a goroutine.
func (p *poller) activate(w *program) {
	w.place.state, w.place.seen, w.place.quiet, w.place.at = parkNot, -1, 0, len(p.active)
	p.active = append(p.active, w)
	p.busy.Store(int32(len(p.active)))
	p.setPace(parkTick)
}

// deactivate is the opposite.
func (p *poller) deactivate(w *program) {
	last := len(p.active) - 1
	p.active[w.place.at] = p.active[last]
	p.active[w.place.at].place.at = w.place.at
	p.active[last] = nil
	p.active = p.active[:last]
	p.busy.Store(int32(last))
	if c := cap(p.active); c > 64 && last < c/4 {
		p.active = append(make([]*program, 0, c/2), p.active...)
	}
}

// assign gives w a key.
func (p *poller) assign(w *program) {
	index := int32(len(p.keys))
	if n := len(p.unused); n > 0 {
		index, p.unused = p.unused[n-1], p.unused[:n-1]
	} else {
		p.keys = append(p.keys, nil)
	}
	p.lives++
	p.keys[index] = w
	w.place.key, w.place.known = key{index, p.lives}, true
}

// forget takes the key of w, if it has one.
func (p *poller) forget(w *program) {
	if w.place.known {
		p.keys[w.place.key.index] = nil
		p.unused = append(p.unused, w.place.key.index)
		w.place.known = false
	}
}
