// Package progress shows on a terminal, in one line, how much has gone into
// and come out of something that takes its time.
package progress

import (
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"
)

// interval is how often a line is drawn: often enough to look alive, too seldom
// to cost anything.
const interval = 250 * time.Millisecond

// Line is a line on a terminal that is drawn again and again. It has no colours
// and no escape sequences, only carriage returns, so that it is right on any
// terminal and whatever NO_COLOR says.
type Line struct {
	w     io.Writer
	count func() (in, out int64)
	total int64
	begun time.Time
	stop  chan struct{}
	done  chan struct{}

	width int // of what is drawn
	last  time.Time
	lastN int64
	rate  float64 // bytes a second that go in, of late
}

// Start begins to draw a line on w, a terminal. It asks count, from a goroutine
// of its own until Finish, for the bytes that have gone in and come out. total is
// how many will go in; zero is unknown. Nothing is drawn before the first quarter
// of a second is over.
func Start(w io.Writer, count func() (in, out int64), total int64) *Line {
	now := time.Now()
	l := &Line{w: w, count: count, total: total, begun: now, last: now, stop: make(chan struct{}), done: make(chan struct{})}
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
		case now := <-tick.C:
			l.draw(l.state(now))
		}
	}
}

// Finish draws the line for the last time, with the totals, and ends it with a
// newline. It draws nothing if nothing had been drawn. Finish must be called
// once.
func (l *Line) Finish() {
	close(l.stop)
	<-l.done
	if l.width == 0 {
		return
	}
	took := time.Since(l.begun)
	in, out := l.count()
	l.draw(fmt.Sprintf("%s in, %s out%s, %s/s, %s", Size(in), Size(out), ratio(in, out), Size(int64(float64(in)/took.Seconds())), Elapsed(took)))
	fmt.Fprintln(l.w)
}

// state says how things are now.
func (l *Line) state(now time.Time) string {
	in, out := l.count()
	// What is shown follows the rate of the last interval by a third each
	// time, so that it can be read and still is true within a second or two.
	rate := float64(in-l.lastN) / now.Sub(l.last).Seconds()
	if l.width == 0 {
		l.rate = rate
	}
	l.rate += (rate - l.rate) / 3
	l.last, l.lastN = now, in
	done := ""
	if l.total > 0 {
		done = fmt.Sprintf(" (%d %%)", min(100*in/l.total, 100))
	}
	return fmt.Sprintf("%s in%s, %s out%s, %s/s, %s",
		Size(in), done, Size(out), ratio(in, out), Size(int64(l.rate)), Elapsed(now.Sub(l.begun)))
}

// draw puts text in place of what is there.
func (l *Line) draw(text string) {
	width := utf8.RuneCountInString(text)
	fmt.Fprintf(l.w, "\r%s%s", text, strings.Repeat(" ", max(0, l.width-width)))
	l.width = width
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
