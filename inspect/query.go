package inspect

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/duplex-go/duplex"
)

// Query says what of a registry is to be shown. The zero value shows the latest
// streams and joins.
type Query struct {
	Text  string // what must stand in a name, an address or a transform; case does not matter
	State State  // only those in this state; Closed includes Failed. Empty: what is live or has just gone
	Sort  Sort   // empty: Opened
	Up    bool   // the least comes first, not the most
	Limit int    // how many rows at most. Zero means DefaultRows; most is MaxRows
	ID    uint64 // whose detail is to be shown too; 0 for none
}

// Bounds of what one answer shows.
const (
	DefaultRows = 100
	MaxRows     = DefaultLimit
)

// Sort is what rows are sorted by.
type Sort string

// What rows can be sorted by.
const (
	ByOpened  Sort = "opened"  // when they began
	ByName    Sort = "name"    // their ends, from A to Z
	ByState   Sort = "state"   // the most pressing first
	ByRate    Sort = "rate"    // of both directions
	ByBytes   Sort = "bytes"   // of both directions
	ByWaiting Sort = "waiting" // in both directions
)

var sorts = []Sort{ByOpened, ByName, ByState, ByRate, ByBytes, ByWaiting}

// states are all, in the order of ByState.
var states = []State{Stalled, HalfClosed, Flowing, Silent, Failed, Closed}

var errQuery = errors.New("wrong query")

// ParseQuery reads a query from the parameters of a URL: text, state, sort, up,
// limit and id.
func ParseQuery(v url.Values) (q Query, err error) {
	q.Text, q.State, q.Sort, q.Up = v.Get("text"), State(v.Get("state")), Sort(v.Get("sort")), v.Get("up") == "1"
	if q.State != "" && !slices.Contains(states, q.State) {
		return q, fmt.Errorf("%w: state must be one of %v", errQuery, states)
	}
	if q.Sort != "" && !slices.Contains(sorts, q.Sort) {
		return q, fmt.Errorf("%w: sort must be one of %v", errQuery, sorts)
	}
	if len(q.Text) > longestText {
		return q, fmt.Errorf("%w: text is longer than %d bytes", errQuery, longestText)
	}
	if s := v.Get("limit"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 0 || n > MaxRows {
			return q, fmt.Errorf("%w: limit must be a number up to %d", errQuery, MaxRows)
		}
		q.Limit = n
	}
	if s := v.Get("id"); s != "" {
		if q.ID, err = strconv.ParseUint(s, 10, 64); err != nil {
			return q, fmt.Errorf("%w: id must be a number", errQuery)
		}
	}
	return q, nil
}

// Values returns q as the parameters of a URL.
func (q Query) Values() url.Values {
	v := make(url.Values)
	set := func(name, value string) {
		if value != "" {
			v.Set(name, value)
		}
	}
	set("text", q.Text)
	set("state", string(q.State))
	set("sort", string(q.Sort))
	if q.Up {
		v.Set("up", "1")
	}
	if q.Limit > 0 {
		v.Set("limit", strconv.Itoa(q.Limit))
	}
	if q.ID > 0 {
		v.Set("id", strconv.FormatUint(q.ID, 10))
	}
	return v
}

// candidate is an entry with what it is filtered and sorted by.
type candidate struct {
	*entry
	state  State
	number float64
}

// goneFor is how long something that is over is still shown among what is live.
const goneFor = 10 * time.Second

// shows reports whether something in that state is asked for.
func (q Query) shows(c candidate, now time.Time) bool {
	over := c.state == Closed || c.state == Failed
	switch {
	case q.State == "" && over:
		return now.Sub(c.closedAt) < goneFor
	case q.State == Closed:
		return over
	}
	return q.State == "" || q.State == c.state
}

// number returns what e is sorted by, where that is a number; e.mu is held.
func (q Query) number(e *entry, state State) (n float64) {
	ab, ba := &e.lanes[duplex.AB], &e.lanes[duplex.BA]
	switch q.Sort {
	case ByRate:
		return ab.rate + ba.rate
	case ByBytes:
		return float64(ab.bytes + ba.bytes)
	case ByWaiting:
		return float64(ab.waiting + ba.waiting)
	case ByState:
		return -float64(slices.Index(states, state))
	}
	return float64(e.id)
}

// compare orders two candidates: what comes first by default is less.
func (q Query) compare(x, y candidate) int {
	order := cmp.Compare(y.number, x.number)
	if q.Sort == ByName {
		order = strings.Compare(x.words, y.words)
	}
	if q.Up {
		order = -order
	}
	return cmp.Or(order, cmp.Compare(y.id, x.id))
}
