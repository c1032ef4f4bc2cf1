package inspect

import (
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/internal/printable"
	"github.com/duplex-go/duplex/internal/redact"
)

// entry is one stream or join that is looked at.
type entry struct {
	id    uint64
	kind  duplex.ObservedKind
	a, b  End
	began time.Time
	words string // what a filter looks in, in lower case

	mu       sync.Mutex // guards all below
	observed source
	lanes    [ways]lane
	layers   [ways][]Layer
	samples  int       // how many there have been: the lanes' next one goes there, round and round
	closedAt time.Time // zero while it is live; not written after that
	failure  string
	timeline timeline
	wanted   time.Time // when it was last shown
}

// End is one end of what is shown.
type End struct {
	Name string `json:"name"` // what the program calls it; may be empty
	Addr string `json:"addr"` // its peer's address; may be empty
}

// String returns what tells the end from others.
func (e End) String() string {
	switch {
	case e.Name == "":
		return e.Addr
	case e.Addr == "" || strings.Contains(e.Name, e.Addr):
		return e.Name
	}
	return e.Addr + " (" + e.Name + ")"
}

// longestText is how many bytes of a name or an error are kept: a peer may have
// chosen them.
const longestText = 300

// shown returns text as it may be shown: without secrets and control sequences,
// and not too long.
func shown(text string) string {
	text = printable.Escape(strings.ToValidUTF8(redact.Text(text), "\uFFFD"), "\n\t")
	if len(text) <= longestText {
		return text
	}
	cut := longestText
	for !utf8.RuneStart(text[cut]) {
		cut--
	}
	return text[:cut] + "…"
}

// source is what an entry is about, as far as it is sampled: a [duplex.Observed],
// or what a program tells of by [Registry.Track]. It tells one entry from others.
type source interface {
	Flow(w duplex.Way) duplex.Flow
	Waiting(w duplex.Way) (waiting, mark int)
	Layers(w duplex.Way) []duplex.LayerFlow
}

func newEntry(id uint64, o source, kind duplex.ObservedKind, a, b duplex.ObservedEnd, began time.Time) *entry {
	e := &entry{
		id: id, kind: kind, began: began, observed: o,
		a: End{shown(a.Name), shown(a.Addr)},
		b: End{shown(b.Name), shown(b.Addr)},
	}
	words := []string{e.a.Name, e.a.Addr, e.b.Name, e.b.Addr, kind.String()}
	for w := range ways {
		e.lanes[w].moved = began
		e.layers[w] = layersOf(o, duplex.Way(w))
		for _, l := range e.layers[w] {
			words = append(words, l.Transforms...)
		}
	}
	e.words = strings.ToLower(strings.Join(words, "\n"))
	e.timeline.add(began, opened, noWay, "")
	return e
}

// ended takes note of the end of a direction.
func (e *entry) ended(now time.Time, w duplex.Way, d duplex.Direction) {
	e.mu.Lock()
	defer e.mu.Unlock()
	l := &e.lanes[w]
	l.bytes, l.reason, l.endedAt = d.Bytes, d.Reason, now
	l.waiting, l.holding, l.stalled = 0, false, time.Time{}
	what := aborted
	if d.Reason == duplex.Ended || d.Reason == duplex.Stopped {
		what = ended
	}
	text := d.Reason.String()
	if d.Err != nil {
		l.err = shown(d.Err.Error())
		text = l.err
	}
	e.timeline.add(now, what, way(w), text)
}

// close takes note of the end of all, and lets go of what was observed.
func (e *entry) close(now time.Time, err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for w := range ways {
		e.layers[w] = layersOf(e.observed, duplex.Way(w))
		e.lanes[w].rate = 0
	}
	e.closedAt, e.observed = now, nil
	what := closed
	if err != nil {
		what, e.failure = failed, shown(err.Error())
	}
	e.timeline.add(now, what, noWay, e.failure)
}

// layersOf returns what the layers of o have done in one direction.
func layersOf(o source, w duplex.Way) (list []Layer) {
	for _, f := range o.Layers(w) {
		l := Layer{In: f.In, Out: f.Out}
		for _, name := range f.Transforms {
			l.Transforms = append(l.Transforms, shown(name))
		}
		if len(l.Transforms) > 0 {
			list = append(list, l)
		}
	}
	return list
}

// state is how all of it stands; e.mu is held.
func (e *entry) state(now time.Time) State {
	ab, ba := &e.lanes[duplex.AB], &e.lanes[duplex.BA]
	switch {
	case !e.closedAt.IsZero() && e.failure != "":
		return Failed
	case !e.closedAt.IsZero():
		return Closed
	case ab.isStalled() || ba.isStalled():
		return Stalled
	case ab.over() != ba.over():
		return HalfClosed
	case now.Sub(ab.moved) < lively || now.Sub(ba.moved) < lively:
		return Flowing
	}
	return Silent
}

// lively is how long after its last byte something still flows.
const lively = 2500 * time.Millisecond

// State is how a stream or join stands.
type State string

// The states, the most pressing first.
const (
	Stalled    State = "stalled"     // bytes wait, and none has moved for a while
	HalfClosed State = "half-closed" // one direction is over
	Flowing    State = "flowing"     // bytes move
	Silent     State = "silent"      // none do, and none wait
	Failed     State = "failed"      // over, after a failure
	Closed     State = "closed"      // over, in order
)
