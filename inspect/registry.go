package inspect

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"github.com/duplex-go/duplex"
)

// Bounds of what a registry holds.
const (
	// DefaultLimit is how many live streams and joins a registry looks at: those
	// of a server at its own limit, 10,000, and as many as half of that again.
	// One costs about a kilobyte.
	DefaultLimit = 15_000
	// keptClosed is how many of those that are over can still be looked at, and
	// keptFor how long: enough to see why something has just gone.
	keptClosed = 256
	keptFor    = 10 * time.Minute
)

// Registry knows the streams and joins that are live, and what became of those
// that were. It is a [duplex.Observer]: give it to what is to be seen. The zero
// value is ready; Limit must not change once it is in use.
//
// All of its methods may be called concurrently.
type Registry struct {
	// Limit is how many streams and joins are looked at; those beyond it are
	// counted, at their end also with their bytes, and not shown. Zero means
	// DefaultLimit, 15,000.
	Limit int

	failures failures

	mu     sync.Mutex // guards all below
	live   map[source]*entry
	closed []*entry // the latest last
	last   uint64   // the number of the latest one
	totals totals

	sampler sampler
}

var _ duplex.Observer = (*Registry)(nil)

// totals is what has been since the beginning, by kind. What is live is not in
// its bytes.
type totals struct {
	opened   [kinds]int64
	closed   [kinds]int64
	failed   [kinds]int64 // of closed
	beyond   int64        // opened while the registry was full
	bytes    [kinds][ways]int64
	ended    [kinds][ways][reasons]int64
	duration [kinds]durations
}

// What there is to tell apart.
const (
	kinds   = 2 // duplex.ObservedStream, duplex.ObservedJoin
	ways    = 2 // duplex.AB, duplex.BA
	reasons = int(duplex.Stopped) + 1
)

func (r *Registry) limit() int { return cmp.Or(r.Limit, DefaultLimit) }

// Opened begins to look at o.
func (r *Registry) Opened(o *duplex.Observed) { r.open(o, o.Kind, o.A, o.B, o.Began) }

func (r *Registry) open(o source, kind duplex.ObservedKind, a, b duplex.ObservedEnd, began time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.totals.opened[kind]++
	if len(r.live) >= r.limit() {
		r.totals.beyond++
		return
	}
	if r.live == nil {
		r.live = make(map[source]*entry)
	}
	r.last++
	r.live[o] = newEntry(r.last, o, kind, a, b, began)
}

// Ended takes note of the end of a direction.
func (r *Registry) Ended(o *duplex.Observed, w duplex.Way, d duplex.Direction) {
	r.ended(o, o.Kind, w, d)
}

func (r *Registry) ended(o source, kind duplex.ObservedKind, w duplex.Way, d duplex.Direction) {
	r.mu.Lock()
	if int(d.Reason) < reasons {
		r.totals.ended[kind][w][d.Reason]++
	}
	e := r.live[o]
	r.mu.Unlock()
	if e != nil {
		e.ended(time.Now(), w, d)
	}
}

// Closed takes note of the end of o and keeps what is to be said about it for a
// while.
func (r *Registry) Closed(o *duplex.Observed, err error) { r.close(o, o.Kind, o.Began, err) }

func (r *Registry) close(o source, kind duplex.ObservedKind, began time.Time, err error) {
	now := time.Now()
	r.mu.Lock()
	e := r.live[o]
	delete(r.live, o)
	t := &r.totals
	t.closed[kind]++
	if err != nil {
		t.failed[kind]++
	}
	for w := range ways {
		t.bytes[kind][w] += o.Flow(duplex.Way(w)).Bytes
	}
	t.duration[kind].add(now.Sub(began))
	var id uint64
	if e != nil {
		id = e.id
		e.close(now, err)
		r.closed = append(r.closed, e)
		if extra := len(r.closed) - keptClosed; extra > 0 {
			r.closed = slices.Delete(r.closed, 0, extra)
		}
	}
	r.mu.Unlock()
	if err != nil {
		r.failures.add(now, id, err.Error())
	}
}

// Failed takes note of what went wrong beside what is looked at, such as a
// connection that could not be opened.
func (r *Registry) Failed(err error) { r.failures.add(time.Now(), 0, err.Error()) }

// entries returns what is live, and what is over and still kept. It appends to
// list, to spare the garbage.
func (r *Registry) entries(list []*entry, now time.Time) []*entry {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range r.live {
		list = append(list, e)
	}
	r.forget(now)
	return append(list, r.closed...)
}

// forget drops what has been over for long enough; r.mu is held.
func (r *Registry) forget(now time.Time) {
	old := 0
	for old < len(r.closed) && now.Sub(r.closed[old].closedAt) > keptFor {
		old++
	}
	r.closed = slices.Delete(r.closed, 0, old)
}

// find returns the entry with that number, or nil.
func (r *Registry) find(id uint64) *entry {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range r.live {
		if e.id == id {
			return e
		}
	}
	for _, e := range r.closed {
		if e.id == id {
			return e
		}
	}
	return nil
}
