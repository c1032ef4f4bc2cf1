// Package progress shows on a terminal, in one line, how much has gone into
// and come out of something that takes its time.
package progress

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
)

// interval is how often a line is drawn: often enough to look alive, too seldom
// to cost anything.
const interval = 250 * time.Millisecond

// Line is a line on a terminal that is drawn again and again. It has no colours
// and no escape sequences, only carriage returns, so that it is right on any
// terminal and whatever NO_COLOR says.
//
// It is also a writer, for what else is to be said on that terminal meanwhile:
// whole lines, which then stand above it. All of its methods may be called
// concurrently.
type Line struct {
	// Always makes Finish draw the totals although nothing had been drawn. Set
	// it before.
	Always bool

	w     io.Writer
	meter meter
	begun time.Time
	stop  chan struct{}
	done  chan struct{}

	mu    sync.Mutex
	width int  // of what is drawn
	drawn bool // ever
}

// meter puts what is measured in words.
type meter interface {
	// now says how things are, since is how long after the beginning.
	now(at time.Time, since time.Duration) string
	// total says how all of it was.
	total(took time.Duration) string
}

// Start begins to draw a line on w, a terminal. It asks count, from a goroutine
// of its own until Finish, for the bytes that have gone in and come out. total is
// how many will go in; zero is unknown. Nothing is drawn before the first quarter
// of a second is over.
func Start(w io.Writer, count func() (in, out int64), total int64) *Line {
	return start(w, &inOut{count: count, size: total})
}

// StartBoth is like [Start] for the two directions of something that is joined.
func StartBoth(w io.Writer, count func() (ab, ba int64)) *Line {
	return start(w, &both{count: count})
}

func start(w io.Writer, m meter) *Line {
	l := &Line{w: w, meter: m, begun: time.Now(), stop: make(chan struct{}), done: make(chan struct{})}
	m.now(l.begun, 0) // what has gone so far has gone at no rate
	go l.run()
	return l
}

func (l *Line) run() {
	defer close(l.done)
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		select {
		case <-l.stop:
			return
		case at := <-tick.C:
			text := l.meter.now(at, at.Sub(l.begun))
			l.mu.Lock()
			l.draw(text)
			l.mu.Unlock()
		}
	}
}

// Write writes whole lines in place of what is drawn, which comes back below
// them at its time. After Finish it only writes.
func (l *Line) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.width > 0 {
		fmt.Fprintf(l.w, "\r%s\r", strings.Repeat(" ", l.width))
		l.width = 0
	}
	return l.w.Write(p)
}

// Finish draws the line for the last time, with the totals, and ends it with a
// newline. It draws nothing if nothing had been drawn, unless Always is set.
// Finish must be called once.
func (l *Line) Finish() {
	close(l.stop)
	<-l.done
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.drawn && !l.Always {
		return
	}
	l.draw(l.meter.total(time.Since(l.begun)))
	fmt.Fprintln(l.w)
	l.width = 0
}

// draw puts text in place of what is there; l.mu is held.
func (l *Line) draw(text string) {
	width := utf8.RuneCountInString(text)
	fmt.Fprintf(l.w, "\r%s%s", text, strings.Repeat(" ", max(0, l.width-width)))
	l.width, l.drawn = width, true
}

// inOut is the meter of what goes in at one place and comes out at another.
type inOut struct {
	count func() (in, out int64)
	size  int64 // how many bytes will go in; 0 is unknown
	rate  rate  // of what goes in
}

func (m *inOut) now(at time.Time, since time.Duration) string {
	in, out := m.count()
	m.rate.follow(at, in)
	done := ""
	if m.size > 0 {
		done = fmt.Sprintf(" (%d %%)", min(100*in/m.size, 100))
	}
	return fmt.Sprintf("%s in%s, %s out%s, %s/s, %s",
		Size(in), done, Size(out), ratio(in, out), Size(m.rate.value()), Elapsed(since))
}

func (m *inOut) total(took time.Duration) string {
	in, out := m.count()
	return fmt.Sprintf("%s in, %s out%s, %s/s, %s", Size(in), Size(out), ratio(in, out), Size(mean(in, took)), Elapsed(took))
}

// ratio says how much of what went in came out.
func ratio(in, out int64) string {
	if in == 0 {
		return ""
	}
	return fmt.Sprintf(", %.1f %%", 100*float64(out)/float64(in))
}

// Size writes a number of bytes in the largest unit that it fills.
func Size(n int64) string {
	if n < 1<<10 {
		return fmt.Sprintf("%d B", n)
	}
	v, unit := float64(n), ""
	for _, unit = range []string{"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"} {
		if v /= 1 << 10; v < 1023.95 {
			break
		}
	}
	return fmt.Sprintf("%.1f %s", v, unit)
}

// Elapsed writes a time as minutes and seconds, with hours where there are any.
func Elapsed(d time.Duration) string {
	s := int64(d / time.Second)
	if s < 3600 {
		return fmt.Sprintf("%d:%02d", s/60, s%60)
	}
	return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
}
