package inspect

import (
	"slices"
	"time"

	"github.com/duplex-go/duplex"
)

// timeline is what happened to one stream or join.
type timeline struct {
	events  []Event
	dropped int
}

// Event is something that happened to a stream or join.
type Event struct {
	At   int64  `json:"at"`   // Unix time in milliseconds
	What string `json:"what"` // one of the words below
	Way  string `json:"way"`  // "ab", "ba" or ""
	Text string `json:"text"` // more about it; may be empty
}

// What can happen.
const (
	opened  = "opened"
	first   = "first byte"
	stalled = "stalled"
	flows   = "flows again"
	ended   = "ended"
	aborted = "aborted"
	failed  = "failed"
	closed  = "closed"
)

const noWay = way(ways)

// way is a direction, or none.
type way uint8

func (w way) String() string {
	switch duplex.Way(w) {
	case duplex.AB:
		return "ab"
	case duplex.BA:
		return "ba"
	}
	return ""
}

// A timeline keeps how it began and what was last; what is dropped in between
// is counted.
const (
	longestTimeline = 48
	keptBeginning   = 8
)

func (t *timeline) add(at time.Time, what string, w way, text string) {
	if len(t.events) == longestTimeline {
		t.events = slices.Delete(t.events, keptBeginning, keptBeginning+1)
		t.dropped++
	}
	t.events = append(t.events, Event{at.UnixMilli(), what, w.String(), text})
}
