package progress

import (
	"fmt"
	"time"
)

// both is the meter of two directions.
type both struct {
	count  func() (ab, ba int64)
	ab, ba rate
}

func (m *both) now(at time.Time, since time.Duration) string {
	ab, ba := m.count()
	m.ab.follow(at, ab)
	m.ba.follow(at, ba)
	return fmt.Sprintf("a to b %s, %s/s; b to a %s, %s/s; %s",
		Size(ab), Size(m.ab.value()), Size(ba), Size(m.ba.value()), Elapsed(since))
}

func (m *both) total(took time.Duration) string {
	ab, ba := m.count()
	return fmt.Sprintf("a to b %s, %s/s; b to a %s, %s/s; %s",
		Size(ab), Size(mean(ab, took)), Size(ba), Size(mean(ba, took)), Elapsed(took))
}
