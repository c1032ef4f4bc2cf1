package inspect

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/duplex-go/duplex"
)

// View is what a registry shows at one time.
type View struct {
	At       int64     `json:"at"` // Unix time in milliseconds
	Totals   Totals    `json:"totals"`
	Matched  int       `json:"matched"` // how many there are, of which Rows are the first
	Rows     []Row     `json:"rows"`
	Detail   *Detail   `json:"detail"`   // of what Query.ID names; null if it is gone
	Failures []Failure `json:"failures"` // the latest first
}

// Totals are the numbers of all.
type Totals struct {
	Live     int           `json:"live"`
	Beyond   int64         `json:"beyond"` // opened while the registry was full, and not shown
	Opened   int64         `json:"opened"`
	Failed   int64         `json:"failed"`
	Failures int64         `json:"failures"`
	Bytes    int64         `json:"bytes"`
	Rate     float64       `json:"rate"` // bytes a second, both directions
	Waiting  int64         `json:"waiting"`
	States   map[State]int `json:"states"`
}

// Row is one stream or join. Times are in milliseconds.
type Row struct {
	ID     uint64  `json:"id"`
	Kind   string  `json:"kind"` // "join" or "stream"
	A      End     `json:"a"`
	B      End     `json:"b"`
	Age    int64   `json:"age"`
	State  State   `json:"state"`
	Error  string  `json:"error"`
	AB     Lane    `json:"ab"`
	BA     Lane    `json:"ba"`
	Layers []Layer `json:"layers"`
}

// Lane is one direction.
type Lane struct {
	State   string  `json:"state"` // "open", "ended" or "aborted"
	For     int64   `json:"for"`   // how long it has been in that state
	Stalled int64   `json:"stalled"`
	Bytes   int64   `json:"bytes"`
	Rate    float64 `json:"rate"`
	Waiting int     `json:"waiting"`
	Mark    int     `json:"mark"`
	Reason  string  `json:"reason"`
	Error   string  `json:"error"`
	// Spark is the rate of the last minute, the latest last: a letter a second,
	// from A for nothing to z for Peak.
	Spark string  `json:"spark"`
	Peak  float64 `json:"peak"`
}

// Layer is one codec in one direction.
type Layer struct {
	Way        string   `json:"way"`
	Transforms []string `json:"transforms"`
	In         int64    `json:"in"`
	Out        int64    `json:"out"`
}

// Detail is what there is to know of one stream or join besides its row.
type Detail struct {
	Row      Row     `json:"row"`
	Began    int64   `json:"began"`
	Timeline []Event `json:"timeline"` // the first ones, and the last
	Dropped  int     `json:"dropped"`  // of the timeline, in between
}

// shownFailures is how many failures one view shows.
const shownFailures = 30

// View returns what q asks for.
func (r *Registry) View(q Query) View { return r.view(q, time.Now()) }

func (r *Registry) view(q Query, now time.Time) View {
	v := View{At: now.UnixMilli(), Rows: []Row{}, Failures: r.failures.latest(now, shownFailures)}
	found := r.choose(q, now, &v.Totals)
	v.Matched = len(found)
	for _, c := range found[:min(len(found), cmp.Or(q.Limit, DefaultRows))] {
		v.Rows = append(v.Rows, c.row(now))
		if len(v.Rows) <= asked/2 {
			c.want(now)
		}
	}
	if q.ID > 0 {
		if e := r.find(q.ID); e != nil {
			v.Detail = e.detail(now)
			e.want(now)
		}
	}
	return v
}

// choose returns those entries that q shows, in its order, and adds up all.
func (r *Registry) choose(q Query, now time.Time, t *Totals) (found []candidate) {
	text := strings.ToLower(strings.TrimSpace(q.Text))
	t.States = make(map[State]int)
	live := int64(0)
	for _, e := range r.entries(nil, now) {
		e.mu.Lock()
		c := candidate{entry: e, state: e.state(now)}
		c.number = q.number(e, c.state)
		if e.closedAt.IsZero() {
			t.Live++
			for i := range e.lanes {
				l := &e.lanes[i]
				live += l.bytes
				t.Rate += l.rate
				t.Waiting += int64(l.waiting)
			}
		}
		t.States[c.state]++
		if q.shows(c, now) && strings.Contains(e.words, text) {
			found = append(found, c)
		}
		e.mu.Unlock()
	}
	r.mu.Lock()
	t.Beyond = r.totals.beyond
	for k := range kinds {
		t.Opened += r.totals.opened[k]
		t.Failed += r.totals.failed[k]
		for w := range ways {
			t.Bytes += r.totals.bytes[k][w]
		}
	}
	r.mu.Unlock()
	t.Bytes += live
	t.Failures = r.failures.total()
	slices.SortFunc(found, q.compare)
	return found
}

// row returns how e stands.
func (e *entry) row(now time.Time) Row {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.rowLocked(now)
}

// rowLocked is row; e.mu is held.
func (e *entry) rowLocked(now time.Time) Row {
	until := now
	if !e.closedAt.IsZero() {
		until = e.closedAt
	}
	r := Row{
		ID: e.id, Kind: e.kind.String(), A: e.a, B: e.b, Age: until.Sub(e.began).Milliseconds(),
		State: e.state(now), Error: e.failure, Layers: []Layer{},
		AB: e.lane(duplex.AB, now), BA: e.lane(duplex.BA, now),
	}
	if t, ok := e.observed.(*Tracked); ok {
		r.B.Name = shown(t.sample().Note)
	}
	for w := range duplex.Way(ways) {
		list := e.layers[w]
		if len(list) > 0 && e.observed != nil {
			list = layersOf(e.observed, w)
		}
		for _, l := range list {
			l.Way = way(w).String()
			r.Layers = append(r.Layers, l)
		}
	}
	return r
}

// lane returns how one direction stands; e.mu is held.
func (e *entry) lane(w duplex.Way, now time.Time) Lane {
	l := &e.lanes[w]
	v := Lane{State: "open", For: now.Sub(e.began).Milliseconds(), Bytes: l.bytes, Rate: l.rate, Waiting: l.waiting, Mark: l.mark, Error: l.err}
	if l.isStalled() {
		v.Stalled = now.Sub(l.stalled).Milliseconds()
	}
	if l.over() {
		v.State, v.For, v.Reason = aborted, now.Sub(l.endedAt).Milliseconds(), l.reason.String()
		if l.reason == duplex.Ended || l.reason == duplex.Stopped {
			v.State = ended
		}
	}
	v.Spark, v.Peak = l.spark(e.samples)
	return v
}

// detail returns all there is to know of e.
func (e *entry) detail(now time.Time) *Detail {
	e.mu.Lock()
	defer e.mu.Unlock()
	return &Detail{
		Row: e.rowLocked(now), Began: e.began.UnixMilli(),
		Timeline: slices.Clone(e.timeline.events), Dropped: e.timeline.dropped,
	}
}

// sparkLetters are the heights of a sparkline.
const sparkLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// spark returns the rates of the last minute, or of less if there have been fewer
// samples.
func (l *lane) spark(samples int) (letters string, peak float64) {
	for _, v := range l.history {
		peak = max(peak, float64(v))
	}
	b := make([]byte, min(samples, points))
	for i := range b {
		v := float64(l.history[(samples-len(b)+i)%points])
		height := 0
		if peak > 0 {
			height = int(v / peak * float64(len(sparkLetters)-1))
			if v > 0 {
				height = max(height, 1)
			}
		}
		b[i] = sparkLetters[height]
	}
	return string(b[:]), peak
}
