package duplex_test

import (
	"context"
	"errors"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/duplex-go/duplex"
)

// trickle writes a byte to w every d, n times, and reads it from r.
func trickle(t testing.TB, w, r *duplex.PairEnd, d time.Duration, n int) {
	t.Helper()
	for range n {
		time.Sleep(d)
		send(t, w, ".")
		receive(t, r, ".")
	}
}

func TestJoinRule2_SilentSurvivorIsGivenUpAfterLinger(t *testing.T) {
	for _, tc := range []struct {
		name   string
		linger time.Duration
		bound  time.Duration
	}{
		{"as set", 3 * time.Second, 3 * time.Second},
		{"default", 0, duplex.DefaultLinger},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, b, done := joinedPairs(t, duplex.Joiner{Linger: tc.linger})
				send(t, a, "question")
				noError(t, a.CloseWrite())
				receiveEnd(t, b, "question")
				time.Sleep(tc.bound - 1)
				synctest.Wait()
				select {
				case got := <-done:
					t.Fatalf("given up too early: %+v", got)
				default:
				}
				got := <-done // the clock of the bubble goes on by itself
				wantError(t, got.err, duplex.ErrIdle, os.ErrDeadlineExceeded)
				wantDirection(t, "a to b", got.AB, 8, duplex.Ended)
				wantDirection(t, "b to a", got.BA, 0, duplex.Idle, duplex.ErrIdle)
				wantError(t, oneByte(a), duplex.ErrAborted, duplex.ErrIdle) // no clean end
			})
		})
	}
}

func TestJoinRule2_EveryByteRearmsLinger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b, done := joinedPairs(t, duplex.Joiner{Linger: time.Minute})
		noError(t, a.CloseWrite())
		trickle(t, b, a, time.Minute-1, 100) // far longer in all than one Linger
		noError(t, b.CloseWrite())
		got := <-done
		noError(t, got.err)
		wantDirection(t, "b to a", got.BA, 100, duplex.Ended)
	})
}

func TestJoinRule2_LingerBeginsWithTheFirstEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b, done := joinedPairs(t, duplex.Joiner{Linger: time.Second})
		time.Sleep(time.Hour) // nobody has ended: silence is no matter
		send(t, a, "x")
		receive(t, b, "x")
		noError(t, a.CloseWrite())
		time.Sleep(time.Second / 2)
		send(t, b, "y")
		noError(t, b.CloseWrite())
		receiveEnd(t, a, "y")
		noError(t, (<-done).err)
	})
}

func TestJoinRule2_NegativeLingerIsNone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b, done := joinedPairs(t, duplex.Joiner{Linger: -1})
		noError(t, a.CloseWrite())
		time.Sleep(1000 * time.Hour)
		send(t, b, "at last")
		noError(t, b.CloseWrite())
		receiveEnd(t, a, "at last")
		noError(t, (<-done).err)
	})
}

func TestJoinRule2_IdleBoundsTheWholeJoin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b, done := joinedPairs(t, duplex.Joiner{Idle: time.Second})
		for range 10 { // a byte in either direction will do
			trickle(t, a, b, time.Second-1, 1)
			trickle(t, b, a, time.Second-1, 1)
		}
		got := <-done
		wantError(t, got.err, duplex.ErrIdle)
		wantDirection(t, "a to b", got.AB, 10, duplex.Idle, duplex.ErrIdle)
		wantDirection(t, "b to a", got.BA, 10, duplex.Idle, duplex.ErrIdle)
		wantError(t, oneByte(a), duplex.ErrIdle)
		wantError(t, oneByte(b), duplex.ErrIdle)
	})
}

func TestJoinRule2_TheShorterOfIdleAndLingerCounts(t *testing.T) {
	for _, tc := range []struct {
		name         string
		idle, linger time.Duration
		gap          time.Duration // between the survivor's bytes
		cut          bool
	}{
		{"linger is shorter, and kept", time.Hour, time.Minute, 50 * time.Second, false},
		{"linger is shorter, and not kept", time.Hour, time.Minute, 70 * time.Second, true},
		{"idle is shorter, and kept", time.Minute, time.Hour, 50 * time.Second, false},
		{"idle is shorter, and not kept", time.Minute, time.Hour, 70 * time.Second, true},
		{"idle without linger", time.Minute, -1, 70 * time.Second, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, b, done := joinedPairs(t, duplex.Joiner{Idle: tc.idle, Linger: tc.linger})
				noError(t, a.CloseWrite())
				receiveEnd(t, b, "")
				var err error
				for i := 0; i < 5 && err == nil; i++ {
					time.Sleep(tc.gap)
					if err = oneByteTo(b); err == nil {
						err = oneByte(a)
					}
				}
				if cut := err != nil; cut != tc.cut {
					t.Errorf("the survivor got %v", err)
				}
				b.CloseWrite()
				got := <-done
				if cut := errors.Is(got.err, duplex.ErrIdle); cut != tc.cut {
					t.Errorf("the join returned %v", got.err)
				}
			})
		})
	}
}

func TestJoinRule2_LingerBoundsTheSurvivorOfAWriteError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b, done := joinedPairs(t, duplex.Joiner{Linger: time.Minute})
		noError(t, b.CloseRead())
		send(t, a, "nobody reads this")
		got := <-done // b says nothing more either
		wantError(t, got.err, duplex.ErrPeerClosed)
		wantDirection(t, "a to b", got.AB, 0, duplex.WriteFailed, duplex.ErrPeerClosed)
		wantDirection(t, "b to a", got.BA, 0, duplex.Idle, duplex.ErrIdle)
	})
}

func TestJoinRule2_StuckWriteIsIdle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b, done := joinedPairs(t, duplex.Joiner{Linger: time.Minute})
		noError(t, a.CloseWrite()) // and a does not read the reply
		wrote := background(func() error { _, err := b.Write(make([]byte, 1<<20)); return err })
		got := <-done
		wantError(t, got.err, duplex.ErrIdle)
		wantError(t, <-wrote, duplex.ErrIdle)
		if got.BA.Bytes != duplex.DefaultHighWaterMark {
			t.Errorf("%d bytes were taken by somebody who does not read", got.BA.Bytes)
		}
	})
}

func TestJoinStopsItsTimers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		a, b, done := joinedPairsUntil(ctx, duplex.Joiner{Idle: time.Second, Linger: time.Second})
		noError(t, a.CloseWrite())
		noError(t, b.CloseWrite())
		got := <-done
		noError(t, got.err)
		time.Sleep(time.Hour)
		cancel(errors.New("nobody listens"))
		synctest.Wait()
		receiveEnd(t, a, "")
		receiveEnd(t, b, "")
	})
}
