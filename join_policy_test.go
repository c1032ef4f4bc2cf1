package duplex_test

import (
	"errors"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/duplex-go/duplex"
)

func TestJoinKeepOpenPassesNoEndOn(t *testing.T) {
	for _, tc := range []struct {
		name    string
		silence bool // the survivor falls silent in place of ending
	}{{"survivor ends", false}, {"survivor falls silent", true}} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, b, done := joinedPairs(t, duplex.Joiner{End: duplex.KeepOpen, Linger: time.Minute})
				send(t, a, "question")
				noError(t, a.CloseWrite())
				receive(t, b, "question")
				late := background(func() error { return oneByte(b) })
				trickle(t, b, a, 50*time.Second, 10)
				select {
				case err := <-late:
					t.Fatalf("b was told of an end: %v", err)
				default:
				}
				if !tc.silence {
					noError(t, b.CloseWrite())
				}
				got := <-done
				noError(t, got.err)
				wantDirection(t, "a to b", got.AB, 8, duplex.Ended)
				wantDirection(t, "b to a", got.BA, 10, duplex.Ended)
				wantError(t, <-late, io.EOF)
			})
		})
	}
}

func TestJoinKeepOpenIsStillBoundByIdle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b, done := joinedPairs(t, duplex.Joiner{End: duplex.KeepOpen, Idle: time.Minute})
		got := <-done // nobody has ended: silence is a failure
		wantError(t, got.err, duplex.ErrIdle)
		wantError(t, oneByte(a), duplex.ErrIdle)
		wantError(t, oneByte(b), duplex.ErrIdle)
	})
}

func TestJoinCloseBothEndsWithTheFirstEnd(t *testing.T) {
	plain := func(s duplex.Stream) duplex.Stream { return s }
	for name, wrap := range map[string]func(duplex.Stream) duplex.Stream{
		"pairs": plain,
		"streams that cannot half-close": func(s duplex.Stream) duplex.Stream {
			return duplex.FromConn(struct{ net.Conn }{s.(net.Conn)})
		},
		"streams without deadlines": func(s duplex.Stream) duplex.Stream { return struct{ duplex.Stream }{s} },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, x := duplex.Pair()
				b, y := duplex.Pair()
				done := startJoin(t.Context(), duplex.Joiner{End: duplex.CloseBoth, Linger: -1}, wrap(x), wrap(y))
				send(t, b, "so far")
				receive(t, a, "so far")
				send(t, a, "goodbye")
				noError(t, a.CloseWrite())
				got := <-done // although b says nothing
				receiveEnd(t, b, "goodbye")
				receiveEnd(t, a, "")
				noError(t, got.err)
				wantDirection(t, "a to b", got.AB, 7, duplex.Ended)
				wantDirection(t, "b to a", got.BA, 6, duplex.Dropped)
				wantError(t, oneByteTo(b), duplex.ErrPeerClosed)
			})
		})
	}
}

func TestJoinCloseBothReleasesASurvivorStuckInAWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b, done := joinedPairs(t, duplex.Joiner{End: duplex.CloseBoth, Linger: -1})
		wrote := background(func() error { _, err := b.Write(make([]byte, 1<<20)); return err })
		synctest.Wait() // a does not read
		noError(t, a.CloseWrite())
		noError(t, (<-done).err)
		// What b still had to say is lost, with or without a word to it.
		if err := <-wrote; err != nil && !errors.Is(err, duplex.ErrPeerClosed) {
			t.Errorf("b's write: %v", err)
		}
	})
}

func TestJoinMixesAStreamThatCannotHalfCloseWithOneThatCan(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x, a := wholePair()
		b, y := duplex.Pair()
		done := startJoin(t.Context(), duplex.Joiner{Linger: time.Minute}, x, y)
		send(t, b, "one")
		noError(t, b.CloseWrite()) // cannot be passed on to a
		receive(t, a, "one")
		trickle(t, a, b, 50*time.Second, 3)
		noError(t, a.CloseWrite()) // and this one can
		receiveEnd(t, b, "")
		receiveEnd(t, a, "")
		got := <-done
		noError(t, got.err)
		wantDirection(t, "a to b", got.AB, 3, duplex.Ended)
		wantDirection(t, "b to a", got.BA, 3, duplex.Ended)
	})
}

func TestReasonsHaveWords(t *testing.T) {
	for r, want := range map[duplex.Reason]string{
		duplex.Running: "running", duplex.Ended: "ended", duplex.ReadFailed: "read failed",
		duplex.WriteFailed: "write failed", duplex.Idle: "idle", duplex.Canceled: "canceled",
		duplex.Dropped: "dropped", 99: "Reason(99)",
	} {
		if r.String() != want {
			t.Errorf("Reason %d is %q, want %q", uint8(r), r, want)
		}
	}
}
