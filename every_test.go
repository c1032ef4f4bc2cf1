package duplex_test

import (
	"io"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/duplex-go/duplex"
)

// ticks returns a function that notes the time since now, and the notes.
func ticks() (f func(), at *[]time.Duration) {
	at = new([]time.Duration)
	begin := time.Now()
	return func() { *at = append(*at, time.Since(begin)) }, at
}

// pass lets d go by and everything that is due then happen.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func seconds(n ...int) []time.Duration {
	var all []time.Duration
	for _, n := range n {
		all = append(all, time.Duration(n)*time.Second)
	}
	return all
}

func TestEveryBeatsUntilItIsStopped(t *testing.T) {
	for _, tc := range []struct {
		name string
		stop func(c *duplex.Conn, stop func())
	}{
		{"by its stop function", func(_ *duplex.Conn, stop func()) { stop(); stop() }},
		{"by the end of this side", func(c *duplex.Conn, _ func()) { c.CloseWrite() }},
		{"by a close", func(c *duplex.Conn, _ func()) { c.Close() }},
		{"by an abort", func(c *duplex.Conn, _ func()) { c.Abort(nil) }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, _ := duplex.Pair()
				c := duplex.NewConn(a)
				f, at := ticks()
				stop := c.Every(time.Second, f)
				pass(3500 * time.Millisecond)
				tc.stop(c, stop)
				pass(time.Hour)
				if !slices.Equal(*at, seconds(1, 2, 3)) {
					t.Errorf("it beat at %v", *at)
				}
			})
		})
	}
}

func TestEveryMakesUpForMissedBeatsWithOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, _ := duplex.Pair()
		c := duplex.NewConn(a)
		f, at := ticks()
		first := true
		stop := c.Every(time.Second, func() {
			f()
			if first {
				first = false
				time.Sleep(3500 * time.Millisecond) // three more come due meanwhile
			}
		})
		pass(6500 * time.Millisecond)
		stop()
		got := *at
		if len(got) != 4 || got[1] != 4500*time.Millisecond || !slices.Equal(got[2:], seconds(5, 6)) {
			t.Errorf("it beat at %v", got)
		}
	})
}

func TestEveryKeepsItsPaceWhateverItsCallsTake(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, _ := duplex.Pair()
		c := duplex.NewConn(a)
		f, at := ticks()
		stop := c.Every(time.Second, func() { f(); time.Sleep(300 * time.Millisecond) })
		pass(5500 * time.Millisecond)
		stop()
		if !slices.Equal(*at, seconds(1, 2, 3, 4, 5)) {
			t.Errorf("it beat at %v", *at)
		}
	})
}

func TestEveryMayStopItselfAndItsStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := duplex.Pair()
		c := duplex.NewConn(a)
		beats := 0
		var stop func()
		stop = c.Every(time.Second, func() {
			if beats++; beats == 2 {
				stop()
			}
		})
		c.Every(time.Second, func() {
			if beats >= 2 {
				c.CloseWrite()
			}
		})
		pass(time.Hour)
		receiveEnd(t, b, "")
		if beats != 2 {
			t.Errorf("it beat %d times", beats)
		}
	})
}

func TestAfterCallsOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, _ := duplex.Pair()
		c := duplex.NewConn(a)
		f, at := ticks()
		c.After(2*time.Second, f)
		c.After(time.Second, f)
		stop := c.After(3*time.Second, f)
		pass(2500 * time.Millisecond)
		stop()
		noError(t, c.CloseWrite())
		c.After(time.Second, f) // the end of writing stops only what repeats
		pass(time.Hour)
		if !slices.Equal(*at, append(seconds(1, 2), 3500*time.Millisecond)) {
			t.Errorf("called at %v", *at)
		}
		noError(t, c.Close())
		c.After(time.Second, f)
		pass(time.Hour)
		if len(*at) != 3 {
			t.Error("called after the close")
		}
	})
}

func TestEveryOnAnEndedStreamNeverBegins(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, _ := duplex.Pair()
		c := duplex.NewConn(a)
		noError(t, c.CloseWrite())
		c.Every(time.Second, func() { t.Error("it beats") })()
		pass(time.Hour)
	})
}

func TestEveryNeedsAPositiveDuration(t *testing.T) {
	a, _ := duplex.Pair()
	for _, d := range []time.Duration{0, -1} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("Every(%v) is accepted", d)
				}
			}()
			duplex.NewConn(a).Every(d, func() {})
		}()
	}
}

func TestEveryOfTwoStreamsRunAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := duplex.Pair()
		first, second := duplex.NewConn(a), duplex.NewConn(b)
		held := make(chan struct{})
		first.After(time.Second, func() { <-held })
		second.After(2*time.Second, func() { close(held) }) // not behind the other stream's
		pass(time.Hour)
		synctest.Wait()
	})
}

// As after a machine has slept.
func TestEveryCatchesUpAtOnceHoweverMuchItMissed(t *testing.T) {
	a, _ := duplex.Pair()
	c := duplex.NewConn(a)
	defer c.Close()
	called := make(chan struct{}, 1)
	stop := c.Every(time.Nanosecond, func() {
		select {
		case called <- struct{}{}:
		default:
		}
	})
	defer stop()
	within(t, "call", called)
	duplex.PassTime(c, 100*365*24*time.Hour)
	for range 3 {
		within(t, "call after a century", called)
	}
}

func TestAfterOnAStreamThatHasEndedButIsOpen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := duplex.Pair()
		c := duplex.NewConn(a)
		noError(t, c.CloseWrite())
		noError(t, b.CloseWrite())
		wantError(t, oneByte(c), io.EOF)
		called := false
		c.After(time.Second, func() { called = true })
		pass(time.Second)
		if !called {
			t.Error("it is not called although nobody has closed the stream")
		}
	})
}
