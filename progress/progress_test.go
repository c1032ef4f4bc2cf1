package progress_test

import (
	"bytes"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/duplex-go/duplex/progress"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// meter counts.
type meter struct{ in, out atomic.Int64 }

func (m *meter) counts() (in, out int64) { return m.in.Load(), m.out.Load() }

func (m *meter) add(in, out int64) {
	m.in.Add(in)
	m.out.Add(out)
}

// screen keeps what is drawn.
type screen struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *screen) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// terminal is what is on the screen: a carriage return goes to the start of
// the line, and what is there stays until something is put over it.
func terminal(text string) (lines []string) {
	for part := range strings.SplitSeq(text, "\n") {
		var line []byte
		for draw := range strings.SplitSeq(part, "\r") {
			line = append([]byte(draw), line[min(len(draw), len(line)):]...)
		}
		lines = append(lines, strings.TrimRight(string(line), " "))
	}
	return lines
}

func TestALineFollowsTheMeter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var screen screen
		var m meter
		l := progress.Start(&screen, m.counts, 8<<20)
		synctest.Wait()
		if screen.String() != "" {
			t.Errorf("at once: %q", &screen)
		}
		for _, want := range []string{
			"1.0 MiB in (12 %), 512.0 KiB out, 50.0 %, 4.0 MiB/s, 0:00",
			"2.0 MiB in (25 %), 1.0 MiB out, 50.0 %, 4.0 MiB/s, 0:00",
			"3.0 MiB in (37 %), 1.5 MiB out, 50.0 %, 4.0 MiB/s, 0:00",
			"4.0 MiB in (50 %), 2.0 MiB out, 50.0 %, 4.0 MiB/s, 0:01",
		} {
			m.add(1<<20, 1<<19)
			time.Sleep(250 * time.Millisecond)
			synctest.Wait()
			if got := terminal(screen.String()); len(got) != 1 || got[0] != want {
				t.Errorf("%q, want %q", got, want)
			}
		}
		time.Sleep(99 * time.Second)
		synctest.Wait()
		if got := terminal(screen.String()); !strings.HasSuffix(got[0], ", 0 B/s, 1:40") {
			t.Errorf("after a pause: %q", got)
		}
		l.Finish()
		if got := terminal(screen.String()); len(got) != 2 || got[0] != "4.0 MiB in, 2.0 MiB out, 50.0 %, 41.0 KiB/s, 1:40" || got[1] != "" {
			t.Errorf("in the end: %q", got)
		}
		if strings.Contains(screen.String(), "\x1b") {
			t.Error("there is an escape sequence")
		}
	})
}

func TestALineIsDrawnFourTimesASecondAtMost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var screen screen
		var m meter
		l := progress.Start(&screen, m.counts, 0)
		for range 1000 {
			m.add(1, 1)
			time.Sleep(time.Millisecond)
		}
		synctest.Wait()
		if n := strings.Count(screen.String(), "\r"); n > 4 || n == 0 {
			t.Errorf("drawn %d times in a second", n)
		}
		l.Finish()
	})
}

func TestWhatIsSoonOverHasNoLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var screen screen
		var m meter
		l := progress.Start(&screen, m.counts, 0)
		m.add(1, 1)
		l.Finish()
		if screen.String() != "" {
			t.Errorf("%q", &screen)
		}
	})
}

func TestALineShowsBothDirectionsOfAJoin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var screen screen
		var m meter
		l := progress.StartBoth(&screen, m.counts)
		m.add(1<<20, 3)
		time.Sleep(250 * time.Millisecond)
		synctest.Wait()
		if got := terminal(screen.String()); len(got) != 1 || got[0] != "a to b 1.0 MiB, 4.0 MiB/s; b to a 3 B, 12 B/s; 0:00" {
			t.Errorf("%q", got)
		}
		m.add(0, 1)
		time.Sleep(1750 * time.Millisecond)
		l.Finish()
		if got := terminal(screen.String()); len(got) != 2 || got[0] != "a to b 1.0 MiB, 512.0 KiB/s; b to a 4 B, 2 B/s; 0:02" {
			t.Errorf("in the end: %q", got)
		}
	})
}

func TestWhatElseIsSaidStandsAboveTheLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var screen screen
		var m meter
		l := progress.StartBoth(&screen, m.counts)
		l.Always = true
		say := func(text string) {
			t.Helper()
			if n, err := l.Write([]byte(text)); n != len(text) || err != nil {
				t.Errorf("%d, %v", n, err)
			}
		}
		say("at once\n")
		time.Sleep(250 * time.Millisecond)
		synctest.Wait()
		say("later\n")
		time.Sleep(250 * time.Millisecond)
		synctest.Wait()
		l.Finish()
		say("afterwards\n")
		want := []string{"at once", "later", "a to b 0 B, 0 B/s; b to a 0 B, 0 B/s; 0:00", "afterwards", ""}
		if got := terminal(screen.String()); !slices.Equal(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
	})
}

func TestTheTotalsOfWhatIsSoonOverAreThereIfTheyAreWanted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var screen screen
		var m meter
		l := progress.StartBoth(&screen, m.counts)
		l.Always = true
		m.add(1, 2)
		l.Finish()
		if got := terminal(screen.String()); got[0] != "a to b 1 B, 0 B/s; b to a 2 B, 0 B/s; 0:00" {
			t.Errorf("%q", got)
		}
	})
}

func TestStepsHaveABar(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var screen screen
		var done atomic.Int64
		l := progress.StartSteps(&screen, func() (int, int, string) { return int(done.Load()), 4, "node" })
		done.Store(1)
		time.Sleep(300 * time.Millisecond)
		synctest.Wait()
		if got, want := terminal(screen.String())[0], "[######------------------] 2 of 4: node; 0:00"; got != want {
			t.Errorf("%q, want %q", got, want)
		}
		done.Store(3)
		l.Finish()
		if got, want := terminal(screen.String())[0], "[########################] 4 steps; 0:00"; got != want {
			t.Errorf("at the end %q, want %q", got, want)
		}
	})
}

func TestNumbersForPeople(t *testing.T) {
	for n, want := range map[int64]string{
		0: "0 B", 1023: "1023 B", 1024: "1.0 KiB", 1536: "1.5 KiB", 1<<20 - 1: "1.0 MiB", 5 << 30: "5.0 GiB", 1<<63 - 1: "8.0 EiB",
	} {
		if got := progress.Size(n); got != want {
			t.Errorf("%d bytes: %s, want %s", n, got, want)
		}
	}
	for d, want := range map[time.Duration]string{
		0: "0:00", 59999 * time.Millisecond: "0:59", time.Minute: "1:00", 3599 * time.Second: "59:59", 90 * time.Hour: "90:00:00",
	} {
		if got := progress.Elapsed(d); got != want {
			t.Errorf("%v: %s, want %s", d, got, want)
		}
	}
}
