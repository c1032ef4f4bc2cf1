package duplex_test

import (
	"bytes"
	"errors"
	"io"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/duplex-go/duplex"
)

func TestJoinTrafficCountsWhileItRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var traffic duplex.Traffic
		if traffic.AB() != 0 || traffic.BA() != 0 {
			t.Error("something has moved before the join began")
		}
		a, b, done := joinedPairs(t, duplex.Joiner{Traffic: &traffic})
		for i := range int64(5) {
			send(t, a, "abc")
			receive(t, b, "abc")
			send(t, b, "a")
			receive(t, a, "a")
			synctest.Wait()
			if traffic.AB() != 3*(i+1) || traffic.BA() != i+1 {
				t.Errorf("after round %d: %d and %d", i, traffic.AB(), traffic.BA())
			}
		}
		noError(t, a.CloseWrite())
		noError(t, b.CloseWrite())
		got := <-done
		if got.AB.Bytes != traffic.AB() || got.BA.Bytes != traffic.BA() {
			t.Errorf("the result says %d and %d, the counters %d and %d", got.AB.Bytes, got.BA.Bytes, traffic.AB(), traffic.BA())
		}
	})
}

func TestJoinRule6_LooksThroughAConnAndKeepsItsAccount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, x := duplex.Pair()
		b, y := duplex.Pair()
		left, right := duplex.NewConn(x), duplex.NewConn(y)
		send(t, a, "header|body")
		receive(t, left, "header|b")
		left.Unread([]byte("b")) // it had read too much
		done := startJoin(t.Context(), duplex.Joiner{}, left, right)
		receive(t, b, "body") // what was given back goes first
		send(t, b, "reply")
		receive(t, a, "reply")
		noError(t, a.CloseWrite())
		noError(t, b.CloseWrite())
		got := <-done
		noError(t, got.err)
		wantDirection(t, "a to b", got.AB, 4, duplex.Ended)
		wantDirection(t, "b to a", got.BA, 5, duplex.Ended)
		for _, count := range []struct {
			name      string
			got, want int64
		}{
			{"left read", left.BytesRead(), 11},
			{"left written", left.BytesWritten(), 5},
			{"right read", right.BytesRead(), 5},
			{"right written", right.BytesWritten(), 4},
		} {
			if count.got != count.want {
				t.Errorf("%s: %d, want %d", count.name, count.got, count.want)
			}
		}
		for _, c := range []*duplex.Conn{left, right} { // each saw its ends
			noError(t, c.WaitRead(t.Context()))
			noError(t, c.WaitWrite(t.Context()))
		}
	})
}

func TestJoinRule6_ConnThatIsLookedThroughLearnsOfFailures(t *testing.T) {
	cause := errors.New("gone")
	synctest.Test(t, func(t *testing.T) {
		a, x := duplex.Pair()
		_, y := duplex.Pair()
		left, right := duplex.NewConn(x), duplex.NewConn(y)
		done := startJoin(t.Context(), duplex.Joiner{}, left, right)
		synctest.Wait()
		noError(t, a.Abort(cause))
		<-done
		wantError(t, left.WaitRead(t.Context()), cause)
		wantError(t, right.Wait(t.Context()), cause)
	})
}

func TestJoinRule6_HandsBuffersOnThroughWrappersThatDoNotLookAtThem(t *testing.T) {
	stacks := map[string]func(duplex.Stream) duplex.Stream{
		"Wrapped": func(s duplex.Stream) duplex.Stream { return duplex.Wrap(s, duplex.Hooks{}) },
		"Conn":    func(s duplex.Stream) duplex.Stream { return duplex.NewConn(s) },
		"all of them": func(s duplex.Stream) duplex.Stream {
			return duplex.NewConn(duplex.Wrap(duplex.NewConn(duplex.Wrap(s, duplex.Hooks{})), duplex.Hooks{}))
		},
	}
	for name, stack := range stacks {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, x := duplex.Pair()
				b, y := duplex.Pair()
				send(t, a, string(pattern(60<<10)))
				buffer := x.FirstBuffer()
				done := startJoin(t.Context(), duplex.Joiner{}, stack(x), stack(y))
				synctest.Wait()
				if b.FirstBuffer() != buffer {
					t.Error("the bytes were copied")
				}
				noError(t, a.CloseWrite())
				noError(t, b.CloseWrite())
				receiveEnd(t, b, string(pattern(60<<10)))
				noError(t, (<-done).err)
			})
		})
	}
}

func TestJoinRule6_HooksSeeEveryByte(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, x := duplex.Pair()
		b, y := duplex.Pair()
		var read, wrote, ended, closed atomic.Int64
		left := duplex.Wrap(x, duplex.Hooks{Read: func(p []byte) (int, error) {
			n, err := x.Read(p)
			read.Add(int64(n))
			return n, err
		}})
		right := duplex.Wrap(y, duplex.Hooks{
			Write:      func(p []byte) (int, error) { wrote.Add(int64(len(p))); return y.Write(p) },
			CloseWrite: func() error { ended.Add(1); return y.CloseWrite() },
			Close:      func() error { closed.Add(1); return y.Close() },
		})
		done := startJoin(t.Context(), duplex.Joiner{}, duplex.NewConn(left), duplex.NewConn(right))
		want := pattern(100_000)
		go func() {
			a.Write(want)
			a.CloseWrite()
		}()
		got, err := io.ReadAll(b)
		noError(t, err)
		noError(t, b.CloseWrite())
		noError(t, (<-done).err)
		if !bytes.Equal(got, want) || read.Load() != 100_000 || wrote.Load() != 100_000 {
			t.Errorf("%d bytes arrived; the hooks saw %d and %d", len(got), read.Load(), wrote.Load())
		}
		if ended.Load() != 1 || closed.Load() != 1 {
			t.Errorf("CloseWrite was called %d times and Close %d times", ended.Load(), closed.Load())
		}
	})
}

func TestJoinFlushesALayerWhenItsSourcePauses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, x := duplex.Pair()
		far, near := duplex.Pair()
		b := duplex.Layer(far, stdGzip)
		done := startJoin(t.Context(), duplex.Joiner{}, x, duplex.Layer(near, stdGzip))
		for range 3 {
			send(t, a, "said once, heard at once")
			receive(t, b, "said once, heard at once")
			time.Sleep(time.Second)
		}
		send(t, b, "answer")
		noError(t, b.Flush())
		receive(t, a, "answer")
		noError(t, a.CloseWrite())
		receiveEnd(t, b, "")
		noError(t, b.CloseWrite())
		receiveEnd(t, a, "")
		noError(t, (<-done).err)
	})
}

func TestJoinTakesATruncatedLayerForAFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, x := duplex.Pair()
		far, near := duplex.Pair()
		done := startJoin(t.Context(), duplex.Joiner{}, x, duplex.Layer(near, stdGzip))
		b := duplex.Layer(far, stdGzip)
		send(t, b, "half a gzip stream")
		noError(t, b.Flush())
		receive(t, a, "half a gzip stream")
		noError(t, far.CloseWrite()) // no trailer
		wantError(t, oneByte(a), duplex.ErrAborted, io.ErrUnexpectedEOF)
		got := <-done
		wantDirection(t, "b to a", got.BA, 18, duplex.ReadFailed, io.ErrUnexpectedEOF)
	})
}
