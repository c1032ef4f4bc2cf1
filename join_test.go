package duplex_test

import (
	"context"
	"errors"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/duplex-go/duplex"
)

// The tests of Join are named after the ten rules for a join. Rule 8 asks
// transports with frames to carry ends, stops and resets in them; what is to
// be seen of it here is that a join passes all three on. Rules 9 and 10 are
// tested beside Handler and Transform.

// startJoin joins x and y in the background, in the order that is being tested;
// see TestR12.
func startJoin(ctx context.Context, j duplex.Joiner, x, y duplex.Stream) <-chan relayed {
	return background(func() relayed {
		result, err := joinInOrder(ctx, j, x, y)
		return relayed{result, err}
	})
}

// joinedPairs joins two pairs and returns their far ends.
func joinedPairs(t testing.TB, j duplex.Joiner) (a, b *duplex.PairEnd, done <-chan relayed) {
	return joinedPairsUntil(t.Context(), j)
}

func joinedPairsUntil(ctx context.Context, j duplex.Joiner) (a, b *duplex.PairEnd, done <-chan relayed) {
	a, x := duplex.Pair()
	b, y := duplex.Pair()
	return a, b, startJoin(ctx, j, x, y)
}

// wantDirection checks what one direction of a join did.
func wantDirection(t testing.TB, name string, got duplex.Direction, bytes int64, why duplex.Reason, errs ...error) {
	t.Helper()
	if got.Bytes != bytes || got.Reason != why {
		t.Errorf("%s: %d bytes, %v; want %d, %v", name, got.Bytes, got.Reason, bytes, why)
	}
	if len(errs) == 0 && got.Err != nil {
		t.Errorf("%s: unexpected error: %v", name, got.Err)
	}
	wantError(t, got.Err, errs...)
}

func TestJoinRule1_EndIsPassedOnAndTheReplyStillComes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b, done := joinedPairs(t, duplex.Joiner{})
		send(t, a, "question")
		noError(t, a.CloseWrite())
		receiveEnd(t, b, "question") // the end is passed on as an end
		time.Sleep(time.Second)      // nothing is in a hurry to close
		send(t, b, "answer")
		receive(t, a, "answer")
		noError(t, b.CloseWrite())
		receiveEnd(t, a, "")
		got := <-done
		noError(t, got.err)
		wantDirection(t, "a to b", got.AB, 8, duplex.Ended)
		wantDirection(t, "b to a", got.BA, 6, duplex.Ended)
	})
}

// wholePair is a pair whose near end cannot half-close, as net.Pipe.
func wholePair() (near duplex.Stream, far *duplex.PairEnd) {
	far, end := duplex.Pair()
	return duplex.FromConn(struct{ net.Conn }{end}), far
}

func TestJoinRule1_StreamThatCannotHalfCloseIsNeitherClosedNorForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x, a := wholePair()
		y, b := wholePair()
		if duplex.CanCloseWrite(x) {
			t.Fatal("the stream does not say that it cannot half-close")
		}
		wantError(t, x.CloseWrite(), duplex.ErrNoCloseWrite, errors.ErrUnsupported)
		done := startJoin(t.Context(), duplex.Joiner{Linger: time.Minute}, x, y)
		send(t, a, "question")
		noError(t, a.CloseWrite())
		receive(t, b, "question")
		for range 5 {
			time.Sleep(50 * time.Second) // the reply takes its time, and is not cut
			send(t, b, "answer ")
			receive(t, a, "answer ")
		}
		// The end could not be told to b. Its silence is as good as an end.
		receiveEnd(t, b, "")
		got := <-done
		noError(t, got.err)
		wantDirection(t, "a to b", got.AB, 8, duplex.Ended)
		wantDirection(t, "b to a", got.BA, 35, duplex.Ended)
	})
}

func TestJoinRule2_EndsWhenBothDirectionsHaveEnded(t *testing.T) {
	for _, first := range []string{"a ends first", "b ends first", "both at once"} {
		t.Run(first, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, b, done := joinedPairs(t, duplex.Joiner{Linger: -1})
				send(t, a, "to b")
				send(t, b, "to a.")
				ends := []*duplex.PairEnd{a, b}
				if first == "b ends first" {
					ends = []*duplex.PairEnd{b, a}
				}
				noError(t, ends[0].CloseWrite())
				if first != "both at once" {
					time.Sleep(time.Hour)
				}
				select {
				case got := <-done:
					t.Fatalf("the join ended with one direction: %+v", got)
				default:
				}
				noError(t, ends[1].CloseWrite())
				receiveEnd(t, a, "to a.")
				receiveEnd(t, b, "to b")
				got := <-done
				noError(t, got.err)
				wantDirection(t, "a to b", got.AB, 4, duplex.Ended)
				wantDirection(t, "b to a", got.BA, 5, duplex.Ended)
			})
		})
	}
}

func TestJoinClosesBothStreams(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, x := duplex.Pair()
		b, y := duplex.Pair()
		done := startJoin(t.Context(), duplex.Joiner{}, x, y)
		noError(t, a.CloseWrite())
		noError(t, b.CloseWrite())
		<-done
		for _, s := range []duplex.Stream{x, y} {
			wantError(t, oneByte(s), net.ErrClosed)
			wantError(t, oneByteTo(s), net.ErrClosed)
		}
		for _, far := range []duplex.Stream{a, b} {
			wantError(t, oneByte(far), io.EOF)
		}
	})
}

func TestJoinRule3_WriteErrorStopsTheSourceAndTheReplyStillComes(t *testing.T) {
	wrap := map[string]func(duplex.Stream) duplex.Stream{
		"bare":    func(s duplex.Stream) duplex.Stream { return s },
		"Conn":    func(s duplex.Stream) duplex.Stream { return duplex.NewConn(s) },
		"Wrapped": func(s duplex.Stream) duplex.Stream { return duplex.Wrap(s, duplex.Hooks{}) },
		"hooked":  func(s duplex.Stream) duplex.Stream { return duplex.Wrap(s, duplex.Hooks{Read: s.Read}) },
		"Layered": func(s duplex.Stream) duplex.Stream { return duplex.Layer(s, duplex.Codec{}) },
	}
	for name, wrap := range wrap {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, x := duplex.Pair()
				b, y := duplex.Pair()
				done := startJoin(t.Context(), duplex.Joiner{Linger: -1}, wrap(x), wrap(y))
				noError(t, b.CloseRead()) // b wants no more, and still answers
				wrote := background(func() error {
					for {
						if _, err := a.Write(pattern(10_000)); err != nil {
							return err
						}
					}
				})
				wantError(t, <-wrote, duplex.ErrPeerClosed) // long before the reply is over
				for range 3 {
					time.Sleep(time.Minute)
					send(t, b, "reply ")
					receive(t, a, "reply ")
				}
				noError(t, b.CloseWrite())
				receiveEnd(t, a, "")
				got := <-done
				wantError(t, got.err, duplex.ErrPeerClosed)
				wantDirection(t, "a to b", got.AB, got.AB.Bytes, duplex.WriteFailed, duplex.ErrPeerClosed)
				wantDirection(t, "b to a", got.BA, 18, duplex.Ended)
			})
		})
	}
}

func TestJoinRule3_ReadErrorAbortsTheOtherSide(t *testing.T) {
	cause := errors.New("power cut")
	for _, asleep := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			a, b, done := joinedPairs(t, duplex.Joiner{})
			send(t, a, "a part")
			if asleep {
				synctest.Wait()
			}
			noError(t, a.Abort(cause))
			got := <-done
			text, err := io.ReadAll(b)
			if string(text) != "a part"[:len(text)] {
				t.Errorf("b reads %q", text)
			}
			wantError(t, err, duplex.ErrAborted, cause)
			wantError(t, oneByteTo(b), duplex.ErrAborted, cause)
			wantError(t, got.err, cause)
			wantDirection(t, "a to b", got.AB, int64(len("a part")), duplex.ReadFailed, cause, duplex.ErrAborted)
			if got.BA.Reason != duplex.Dropped && got.BA.Reason != duplex.WriteFailed {
				t.Errorf("b to a stopped as %v", got.BA.Reason)
			}
		})
	}
}

func TestJoinRule3_ReadErrorAfterTheEndOfTheOtherDirectionIsStillSeen(t *testing.T) {
	cause := errors.New("half a reply")
	synctest.Test(t, func(t *testing.T) {
		a, b, done := joinedPairs(t, duplex.Joiner{})
		noError(t, a.CloseWrite())
		receiveEnd(t, b, "")
		send(t, b, "half a re")
		synctest.Wait()
		noError(t, b.Abort(cause))
		receive(t, a, "half a re")
		wantError(t, oneByte(a), duplex.ErrAborted, cause) // no clean end
		got := <-done
		wantDirection(t, "a to b", got.AB, 0, duplex.Ended)
		wantDirection(t, "b to a", got.BA, 9, duplex.ReadFailed, cause)
	})
}

func TestJoinRule4_ResultIsCompleteOnFailureToo(t *testing.T) {
	cause := errors.New("stop")
	for _, tc := range []struct {
		name string
		fail func(a, b *duplex.PairEnd, cancel context.CancelCauseFunc)
		ab   duplex.Reason
		ba   duplex.Reason
	}{
		{"read error", func(a, b *duplex.PairEnd, _ context.CancelCauseFunc) { b.Abort(cause) }, duplex.Dropped, duplex.ReadFailed},
		{"cancel", func(a, b *duplex.PairEnd, cancel context.CancelCauseFunc) { cancel(cause) }, duplex.Canceled, duplex.Canceled},
		{"cancel a half", func(a, b *duplex.PairEnd, cancel context.CancelCauseFunc) {
			a.CloseWrite()
			synctest.Wait()
			cancel(cause)
		}, duplex.Ended, duplex.Canceled},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancelCause(t.Context())
				a, b, done := joinedPairsUntil(ctx, duplex.Joiner{})
				send(t, a, "12345")
				send(t, b, "123")
				receive(t, b, "12345")
				receive(t, a, "123")
				tc.fail(a, b, cancel)
				got := <-done
				cancel(nil)
				wantError(t, got.err, cause)
				if got.AB.Bytes != 5 || got.BA.Bytes != 3 {
					t.Errorf("%d and %d bytes counted, want 5 and 3", got.AB.Bytes, got.BA.Bytes)
				}
				if got.AB.Reason != tc.ab || got.BA.Reason != tc.ba {
					t.Errorf("reasons are %v and %v, want %v and %v", got.AB.Reason, got.BA.Reason, tc.ab, tc.ba)
				}
				for _, d := range []duplex.Direction{got.AB, got.BA} {
					if (d.Reason == duplex.Ended) != (d.Err == nil) {
						t.Errorf("a direction that stopped as %v has the error %v", d.Reason, d.Err)
					}
				}
			})
		})
	}
}

func TestJoinRule5_ContextEndsItWithItsCause(t *testing.T) {
	cause := errors.New("the boss said so")
	for _, tc := range []struct {
		name  string
		state func(a, b *duplex.PairEnd)
	}{
		{"idle", func(a, b *duplex.PairEnd) {}},
		{"half-closed", func(a, b *duplex.PairEnd) { a.CloseWrite() }},
		{"blocked in writes", func(a, b *duplex.PairEnd) {
			go a.Write(make([]byte, 1<<20))
			go b.Write(make([]byte, 1<<20))
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancelCause(t.Context())
				a, b, done := joinedPairsUntil(ctx, duplex.Joiner{})
				tc.state(a, b)
				synctest.Wait()
				cancel(cause)
				got := <-done
				wantError(t, got.err, cause)
				for _, far := range []*duplex.PairEnd{a, b} {
					wantError(t, oneByteTo(far), cause)
				}
			})
		})
	}
}

func TestJoinRule5_ContextThatHasEndedMovesNothing(t *testing.T) {
	cause := errors.New("too late")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(cause)
	synctest.Test(t, func(t *testing.T) {
		a, b, done := joinedPairsUntil(ctx, duplex.Joiner{})
		got := <-done
		wantError(t, got.err, cause)
		wantDirection(t, "a to b", got.AB, 0, duplex.Canceled, cause)
		wantDirection(t, "b to a", got.BA, 0, duplex.Canceled, cause)
		wantError(t, oneByte(a), duplex.ErrAborted, cause)
		wantError(t, oneByte(b), duplex.ErrAborted, cause)
	})
}

func TestJoinRule8_EndStopAndResetPassThroughAChainOfJoins(t *testing.T) {
	cause := errors.New("reset")
	chain := func(t *testing.T) (a, b *duplex.PairEnd, done []<-chan relayed) {
		a, x := duplex.Pair()
		for range 3 {
			next, y := duplex.Pair()
			done = append(done, startJoin(t.Context(), duplex.Joiner{}, x, y))
			x = next
		}
		return a, x, done
	}
	t.Run("end", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			a, b, done := chain(t)
			send(t, a, "all")
			noError(t, a.CloseWrite())
			receiveEnd(t, b, "all")
			noError(t, b.CloseWrite())
			receiveEnd(t, a, "")
			for _, d := range done {
				noError(t, (<-d).err)
			}
		})
	})
	t.Run("stop", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			a, b, done := chain(t)
			noError(t, b.CloseRead())
			wrote := background(func() error {
				for {
					if err := oneByteTo(a); err != nil {
						return err
					}
					synctest.Wait()
				}
			})
			wantError(t, <-wrote, duplex.ErrPeerClosed)
			send(t, b, "yet")
			noError(t, b.CloseWrite())
			receiveEnd(t, a, "yet")
			for _, d := range done {
				wantError(t, (<-d).err, duplex.ErrPeerClosed)
			}
		})
	})
	t.Run("reset", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			a, b, done := chain(t)
			synctest.Wait()
			noError(t, b.Abort(cause))
			wantError(t, oneByte(a), duplex.ErrAborted, cause)
			for _, d := range done {
				wantError(t, (<-d).err, cause)
			}
		})
	})
}
