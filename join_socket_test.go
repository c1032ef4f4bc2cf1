package duplex_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/duplex-go/duplex"
)

// grounds are the kinds of streams that joins are tried on. Each returns two
// connected ends.
var grounds = []struct {
	name string
	ends func(t testing.TB) (far, near duplex.Stream)
}{
	{"tcp", func(t testing.TB) (far, near duplex.Stream) { return tcpEnds(t) }},
	{"unix", func(t testing.TB) (far, near duplex.Stream) { return unixEnds(t) }},
	{"tls", func(t testing.TB) (far, near duplex.Stream) { return tlsEnds(t) }},
	{"pair", func(t testing.TB) (far, near duplex.Stream) { return duplex.Pair() }},
	{"tcp in a Conn", func(t testing.TB) (far, near duplex.Stream) {
		a, b := tcpEnds(t)
		return a, duplex.NewConn(b)
	}},
}

func TestJoinCarriesEverythingBetweenAllKindsOfStreams(t *testing.T) {
	const size = 600_000
	want := pattern(size)
	for _, left := range grounds {
		for _, right := range grounds {
			t.Run(left.name+" to "+right.name, func(t *testing.T) {
				a, x := left.ends(t)
				b, y := right.ends(t)
				var traffic duplex.Traffic
				done := startJoin(t.Context(), duplex.Joiner{Traffic: &traffic}, x, y)
				for _, far := range []duplex.Stream{a, b} {
					wrote := background(func() error {
						_, err := far.Write(want)
						return errors.Join(err, far.CloseWrite())
					})
					t.Cleanup(func() { noError(t, within(t, "write", wrote)) })
				}
				back := background(func() []byte { p, _ := io.ReadAll(a); return p })
				there, err := io.ReadAll(b)
				noError(t, err)
				if !bytes.Equal(there, want) || !bytes.Equal(within(t, "reply", back), want) {
					t.Error("what arrived differs from what was sent")
				}
				got := within(t, "join", done)
				noError(t, got.err)
				wantDirection(t, "a to b", got.AB, size, duplex.Ended)
				wantDirection(t, "b to a", got.BA, size, duplex.Ended)
				if traffic.AB() != size || traffic.BA() != size {
					t.Errorf("traffic: %d and %d", traffic.AB(), traffic.BA())
				}
			})
		}
	}
}

func TestJoinHalfClosesOnAllKindsOfStreams(t *testing.T) {
	for _, left := range grounds {
		for _, right := range grounds {
			t.Run(left.name+" to "+right.name, func(t *testing.T) {
				a, x := left.ends(t)
				b, y := right.ends(t)
				done := startJoin(t.Context(), duplex.Joiner{}, x, y)
				send(t, a, "question")
				noError(t, a.CloseWrite())
				receiveEnd(t, b, "question")
				send(t, b, "answer")
				noError(t, b.CloseWrite())
				receiveEnd(t, a, "answer")
				noError(t, within(t, "join", done).err)
			})
		}
	}
}

func TestJoinRule6_SocketCountersAreLiveBetweenReadsOfTheKernel(t *testing.T) {
	a, x := tcpEnds(t)
	b, y := tcpEnds(t)
	var traffic duplex.Traffic
	done := startJoin(t.Context(), duplex.Joiner{Traffic: &traffic}, x, duplex.NewConn(y))
	send(t, a, strings.Repeat("x", 1000))
	receive(t, b, strings.Repeat("x", 1000))
	eventually(t, "counter", func() bool { return traffic.AB() == 1000 }) // nobody has ended
	send(t, b, "y")
	receive(t, a, "y")
	eventually(t, "counter", func() bool { return traffic.BA() == 1 })
	noError(t, a.CloseWrite())
	noError(t, b.CloseWrite())
	noError(t, within(t, "join", done).err)
}

func TestJoinRule5_ContextReachesSplicesInEveryState(t *testing.T) {
	cause := errors.New("enough")
	for _, tc := range []struct {
		name  string
		state func(t testing.TB, a, b *net.TCPConn)
	}{
		{"idle", func(t testing.TB, a, b *net.TCPConn) {}},
		{"after some bytes", func(t testing.TB, a, b *net.TCPConn) {
			send(t, a, "some")
			receive(t, b, "some")
		}},
		{"stuck in a write", func(t testing.TB, a, b *net.TCPConn) {
			fillUp(t, a)
		}},
		{"half-closed", func(t testing.TB, a, b *net.TCPConn) {
			noError(t, a.CloseWrite())
			receiveEnd(t, b, "")
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			a, x := tcpEnds(t)
			b, y := tcpEnds(t)
			ctx, cancel := context.WithCancelCause(t.Context())
			done := startJoin(ctx, duplex.Joiner{}, x, y)
			tc.state(t, a, b)
			cancel(cause)
			got := within(t, "join", done)
			wantError(t, got.err, cause)
			// Not of the side that writes: its kernel gives the reset to that.
			far := a
			if tc.name == "stuck in a write" {
				far = b
			}
			if err := untilError(far); err == io.EOF {
				t.Error("the cut is taken for an end")
			}
		})
	}
}

// The kernel then only says that the socket is not connected.
func TestJoinToAPeerThatHasResetSaysSo(t *testing.T) {
	a, x := tcpEnds(t)
	b, y := tcpEnds(t)
	done := startJoin(t.Context(), duplex.Joiner{}, x, y)
	noError(t, b.CloseWrite())
	receiveEnd(t, a, "")
	resetConn(t, b)
	noError(t, a.CloseWrite())
	got := within(t, "join", done)
	if wantError(t, got.err, syscall.ECONNRESET); got.AB.Reason != duplex.WriteFailed {
		t.Errorf("%+v", got.Result)
	}
}

// endlessZeros is a source without an end.
type endlessZeros struct{}

func (endlessZeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// untilError reads what comes and returns what ended it, io.EOF included.
func untilError(r io.Reader) error {
	for {
		if _, err := r.Read(make([]byte, 32<<10)); err != nil {
			return err
		}
	}
}

func TestJoinRule2_EndIsPassedOnAlthoughTheOtherDirectionIsStuck(t *testing.T) {
	a, x := tcpEnds(t)
	b, y := tcpEnds(t)
	done := startJoin(t.Context(), duplex.Joiner{Linger: 50 * time.Millisecond}, x, y)
	fillUp(t, b) // a never reads what b sends
	noError(t, a.CloseWrite())
	got := within(t, "join", done) // the bound holds for the stuck survivor
	wantError(t, got.err, duplex.ErrIdle)
	wantDirection(t, "a to b", got.AB, 0, duplex.Ended)
	wantDirection(t, "b to a", got.BA, got.BA.Bytes, duplex.Idle, duplex.ErrIdle)
}

// fillUp writes to c without end in the background and returns when nothing
// more is taken, because nobody reads at the other end of the line. The test's
// end closes c.
func fillUp(t testing.TB, c *net.TCPConn) {
	t.Helper()
	var taken atomic.Int64
	stopped := background(func() error {
		_, err := io.Copy(writerFunc(func(p []byte) (int, error) {
			n, err := c.Write(p)
			taken.Add(int64(n))
			return n, err
		}), endlessZeros{})
		return err
	})
	t.Cleanup(func() {
		c.Close()
		within(t, "writer", stopped)
	})
	before := int64(-1)
	eventually(t, "writer is stuck", func() bool {
		time.Sleep(30 * time.Millisecond)
		now := taken.Load()
		defer func() { before = now }()
		return now > 0 && now == before
	})
}

func TestJoinRule2_SlowReaderOfAFlowingReplyIsNotCut(t *testing.T) {
	t.Parallel()
	a, x := tcpEnds(t)
	b, y := tcpEnds(t)
	done := startJoin(t.Context(), duplex.Joiner{Linger: time.Second}, x, y)
	noError(t, a.CloseWrite())
	receiveEnd(t, b, "")
	for range 12 { // longer in all than one Linger
		time.Sleep(125 * time.Millisecond)
		send(t, b, "still here ")
		receive(t, a, "still here ")
	}
	noError(t, b.CloseWrite())
	receiveEnd(t, a, "")
	noError(t, within(t, "join", done).err)
}

func TestJoinRule7_EndsTLSWithoutLosingTheTail(t *testing.T) {
	const size = 1 << 20
	a, x := tlsEnds(t)
	b, y := tlsEnds(t)
	done := startJoin(t.Context(), duplex.Joiner{}, x, y)
	reply := background(func() []byte {
		got, err := io.ReadAll(a)
		if err != nil {
			t.Error(err)
		}
		return got
	})
	send(t, b, string(pattern(size)))
	noError(t, b.CloseWrite())
	if !bytes.Equal(within(t, "reply", reply), pattern(size)) {
		t.Error("the reply is cut")
	}
	send(t, a, "a late word")
	noError(t, a.CloseWrite())
	receiveEnd(t, b, "a late word")
	noError(t, within(t, "join", done).err)
}

func TestJoinRule7_NoResetOvertakesTheAnswerOfAPeerThatHungUpEarly(t *testing.T) {
	const size = 100_000
	for _, kind := range []string{"tcp", "tls"} {
		t.Run(kind, func(t *testing.T) {
			ends := func() (far, near duplex.Stream) { return tcpEnds(t) }
			if kind == "tls" {
				ends = func() (far, near duplex.Stream) { return tlsEnds(t) }
			}
			a, x := ends()
			b, y := ends()
			var traffic duplex.Traffic
			done := startJoin(t.Context(), duplex.Joiner{Traffic: &traffic}, x, y)
			sent := background(func() error { // a sends on and on, as an upload does
				_, err := io.Copy(struct{ io.Writer }{a}, io.LimitReader(endlessZeros{}, 16<<20))
				return errors.Join(err, a.CloseWrite())
			})
			receive(t, b, strings.Repeat("\x00", 1000))
			send(t, b, string(pattern(size))) // "no, thank you", at length
			noError(t, b.CloseWrite())
			// Only what b's own kernel still held would be lost by b's doing.
			eventually(t, "answer on its way", func() bool { return traffic.BA() == size })
			noError(t, b.Close()) // with most of the upload unread: the join is reset
			got, err := io.ReadAll(a)
			if err != nil || !bytes.Equal(got, pattern(size)) {
				t.Errorf("a reads %d bytes of %d, and then %v", len(got), size, err)
			}
			noError(t, within(t, "upload", sent)) // drained, since it cannot be stopped without a reset
			result := within(t, "join", done)
			wantDirection(t, "b to a", result.BA, size, duplex.Ended)
			if result.AB.Reason != duplex.WriteFailed {
				t.Errorf("a to b stopped as %v", result.AB.Reason)
			}
		})
	}
}

func TestJoinCloseBothOnSockets(t *testing.T) {
	for _, kind := range grounds {
		t.Run(kind.name, func(t *testing.T) {
			a, x := kind.ends(t)
			b, y := kind.ends(t)
			done := startJoin(t.Context(), duplex.Joiner{End: duplex.CloseBoth, Linger: -1}, x, y)
			send(t, b, "so far")
			receive(t, a, "so far")
			send(t, a, "goodbye")
			noError(t, a.CloseWrite())
			receiveEnd(t, b, "goodbye")
			noError(t, b.CloseWrite()) // nor does it wait for this
			got := within(t, "join", done)
			noError(t, got.err)
			wantDirection(t, "a to b", got.AB, 7, duplex.Ended)
			if got.BA.Reason != duplex.Dropped && got.BA.Reason != duplex.Ended {
				t.Errorf("b to a stopped as %v", got.BA.Reason)
			}
			receiveEnd(t, a, "")
		})
	}
}
