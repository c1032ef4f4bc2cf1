package inspect

import "time"

// Sample looks at everything, as a server does once a second.
func (r *Registry) Sample(now time.Time) { r.sample(now) }

// ViewAt is View at another time.
func (r *Registry) ViewAt(q Query, now time.Time) View { return r.view(q, now) }

// What the tests check against.
const (
	KeptClosed      = keptClosed
	KeptFailures    = keptFailures
	LongestText     = longestText
	LongestTimeline = longestTimeline
	MostViewers     = mostViewers
)

var ContentPolicy = contentPolicy

// Page returns the page.
func Page() string { return string(page) }
