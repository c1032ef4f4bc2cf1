package inspect

import (
	"sync"
	"time"

	"github.com/duplex-go/duplex"
)

// Tracked is a stream that no [duplex.Observer] is told of, since it is not a
// stream of duplex's: a client of a server that the program embeds. The program
// says how it stands, about once a second. Its methods may be called
// concurrently.
type Tracked struct {
	registry *Registry
	began    time.Time

	mu  sync.Mutex
	now Sample // guarded by mu
}

// Sample is how something tracked stands.
type Sample struct {
	In, Out int64  // bytes from the peer, and to it
	Waiting int    // bytes that wait to go to the peer
	Mark    int    // how many may; zero if that is not known
	Note    string // what is shown as the program's end
}

// Track begins to show a stream with that peer, until Close.
func (r *Registry) Track(peer duplex.ObservedEnd, began time.Time) *Tracked {
	t := &Tracked{registry: r, began: began}
	r.open(t, duplex.ObservedStream, peer, duplex.ObservedEnd{}, began)
	return t
}

// Set says how it stands.
func (t *Tracked) Set(s Sample) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.now = s
}

// Close says that it is over, after a failure if err is not nil.
func (t *Tracked) Close(err error) {
	reasons := [ways]duplex.Reason{duplex.Ended, duplex.Ended}
	if err != nil {
		reasons = [ways]duplex.Reason{duplex.ReadFailed, duplex.WriteFailed}
	}
	for w := range duplex.Way(ways) {
		t.registry.ended(t, duplex.ObservedStream, w, duplex.Direction{Bytes: t.Flow(w).Bytes, Reason: reasons[w], Err: err})
	}
	t.registry.close(t, duplex.ObservedStream, t.began, err)
}

func (t *Tracked) sample() Sample {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.now
}

// Flow returns how a direction stands, as [duplex.Observed.Flow] does.
func (t *Tracked) Flow(w duplex.Way) duplex.Flow {
	s := t.sample()
	if w == duplex.AB {
		return duplex.Flow{Bytes: s.In}
	}
	return duplex.Flow{Bytes: s.Out}
}

// Waiting returns what waits, as [duplex.Observed.Waiting] does.
func (t *Tracked) Waiting(w duplex.Way) (waiting, mark int) {
	s := t.sample()
	if w == duplex.AB {
		return 0, 0
	}
	return s.Waiting, s.Mark
}

// Layers returns nothing: there are none.
func (*Tracked) Layers(duplex.Way) []duplex.LayerFlow { return nil }
