package progress

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// StartSteps is like [Start] for work in steps: it draws a bar. It asks count
// which step is under way, counted from 0, of how many, and what it is.
func StartSteps(w io.Writer, count func() (done, of int, what string)) *Line {
	return start(w, &steps{count: count})
}

// steps is the meter of work in steps.
type steps struct {
	count func() (done, of int, what string)
}

// barWidth is how many characters a bar has.
const barWidth = 24

func (m *steps) now(_ time.Time, since time.Duration) string {
	done, of, what := m.count()
	full := 0
	if of > 0 {
		full = min(barWidth*done/of, barWidth)
	}
	return fmt.Sprintf("[%s%s] %d of %d: %s; %s", strings.Repeat("#", full), strings.Repeat("-", barWidth-full), min(done+1, of), of, what, Elapsed(since))
}

func (m *steps) total(took time.Duration) string {
	_, of, _ := m.count()
	return fmt.Sprintf("[%s] %d steps; %s", strings.Repeat("#", barWidth), of, Elapsed(took))
}
