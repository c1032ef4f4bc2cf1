package duplex_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"runtime"
	"testing"
	"testing/synctest"

	"github.com/duplex-go/duplex"
)

// message is the i-th of a test: ten bytes.
func message(i int) []byte { return fmt.Appendf(nil, "message %02d", i) }

// receiveMessages reads n messages and returns which they are.
func receiveMessages(t *testing.T, r io.Reader, n int) (got []int) {
	t.Helper()
	for range n {
		p := make([]byte, 10)
		_, err := io.ReadFull(r, p)
		noError(t, err)
		var i int
		if _, err := fmt.Sscanf(string(p), "message %d", &i); err != nil {
			t.Fatalf("%q: %v", p, err)
		}
		got = append(got, i)
	}
	return got
}

func TestOutboxSendsMessagesInOrderBesideOtherWriters(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := duplex.Pair()
		o := duplex.NewOutbox(a)
		const n = 1000
		beside := background(func() error {
			for range n {
				if _, err := a.Write([]byte("<another>!")); err != nil {
					return err
				}
			}
			return nil
		})
		read := background(func() error {
			next, others := 0, 0
			for p := make([]byte, 10); next < n || others < n; {
				if _, err := io.ReadFull(b, p); err != nil {
					return err
				}
				switch {
				case string(p) == "<another>!":
					others++
				case bytes.Equal(p, fmt.Appendf(nil, "%010d", next)):
					next++
				default:
					return fmt.Errorf("read %q where %d is next", p, next)
				}
			}
			return nil
		})
		for i := range n {
			for o.Send(fmt.Appendf(nil, "%010d", i)) != nil {
				synctest.Wait() // until the reader has made room
			}
		}
		noError(t, <-beside)
		noError(t, <-read)
		noError(t, o.Flush(t.Context()))
		noError(t, o.Close())
		wantError(t, o.Send([]byte("late")), duplex.ErrClosed, net.ErrClosed)
	})
}

// A stream that takes 10 bytes at a time and a mark of 50: one message is under
// way, and four wait.
func TestOutboxDropsByItsPolicy(t *testing.T) {
	for _, tc := range []struct {
		slow duplex.Slow
		want []int
	}{
		{duplex.DropNewest, []int{0, 1, 2, 3, 4, 5}},
		{duplex.DropOldest, []int{0, 1, 6, 7, 8, 9}},
	} {
		t.Run(fmt.Sprint(tc.slow), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, b := duplex.PairConfig{HighWaterMark: 10}.Pair()
				o := duplex.OutboxConfig{HighWaterMark: 50, Slow: tc.slow}.Outbox(a)
				for i := range 10 {
					err := o.Send(message(i))
					synctest.Wait() // the first is in the stream, the second under way
					if dropped := i > 5 && tc.slow == duplex.DropNewest; dropped != errors.Is(err, duplex.ErrSlow) {
						t.Errorf("message %d: %v", i, err)
					}
				}
				if o.Waiting() != 50 || o.Dropped() != 4 {
					t.Errorf("%d bytes wait, %d were dropped, want 50 and 4", o.Waiting(), o.Dropped())
				}
				if got := receiveMessages(t, b, len(tc.want)); fmt.Sprint(got) != fmt.Sprint(tc.want) {
					t.Errorf("the peer got %v, want %v", got, tc.want)
				}
				noError(t, o.Flush(t.Context()))
				noError(t, o.Send(message(10))) // and it goes on
				receiveMessages(t, b, 1)
			})
		})
	}
}

func TestOutboxClosesAStreamThatIsTooSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := duplex.PairConfig{HighWaterMark: 10}.Pair()
		o := duplex.OutboxConfig{HighWaterMark: 50, Slow: duplex.CloseSlow}.Outbox(a)
		var err error
		for i := 0; err == nil; i++ {
			err = o.Send(message(i))
			synctest.Wait()
		}
		wantError(t, err, duplex.ErrSlow)
		wantError(t, untilError(b), duplex.ErrSlow, duplex.ErrAborted)
		wantError(t, o.Send(message(0)), duplex.ErrSlow)
		wantError(t, o.Flush(t.Context()), duplex.ErrSlow)
		noError(t, o.Close())
	})
}

func TestOutboxTakesALongMessageWhileNothingWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := duplex.Pair()
		o := duplex.OutboxConfig{HighWaterMark: 10}.Outbox(a)
		long := pattern(3 * duplex.DefaultHighWaterMark)
		noError(t, o.Send(long))
		wantError(t, o.Send(message(1)), duplex.ErrSlow)
		receive(t, b, string(long))
		noError(t, o.Flush(t.Context()))
		noError(t, o.Send(message(1)))
		receive(t, b, "message 01")
	})
}

func TestOutboxKeepsTheErrorOfAFailedWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := duplex.Pair()
		o := duplex.NewOutbox(a)
		noError(t, b.Close())
		noError(t, o.Send(message(0)))
		wantError(t, o.Flush(t.Context()), duplex.ErrPeerClosed)
		wantError(t, o.Send(message(1)), duplex.ErrPeerClosed)
		if o.Waiting() != 0 {
			t.Errorf("%d bytes wait", o.Waiting())
		}
	})
}

func TestOutboxWaitsForNobodyButInFlushAndClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := duplex.PairConfig{HighWaterMark: 10}.Pair()
		o := duplex.NewOutbox(a)
		for i := range 20 {
			noError(t, o.Send(message(i)))
			synctest.Wait() // all but two wait behind a write under way
		}
		ctx, cancel := context.WithCancelCause(t.Context())
		flushed := background(func() error { return o.Flush(ctx) })
		synctest.Wait()
		cancel(errScheduled)
		wantError(t, <-flushed, errScheduled)
		closed := background(o.Close)
		synctest.Wait()
		select {
		case <-closed:
			t.Error("closed while a write was under way")
		default:
		}
		if o.Dropped() != 18 {
			t.Errorf("%d of the 18 that waited were dropped", o.Dropped())
		}
		before := runtime.NumGoroutine()
		_ = b.Close()
		noError(t, <-closed)
		synctest.Wait()
		if after := runtime.NumGoroutine(); after >= before {
			t.Errorf("%d goroutines before, %d after the last write", before, after)
		}
	})
}
