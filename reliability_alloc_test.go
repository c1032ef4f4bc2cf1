package duplex_test

import (
	"context"
	"io"
	"testing"

	"github.com/duplex-go/duplex"
)

// Steady data paths allocate nothing (R91). What a round allocates now and
// then, such as a pool that a garbage collection has emptied, is averaged away.
func TestR91_SteadyTransfersAllocateNothing(t *testing.T) {
	if underRace {
		t.Skip("the race detector makes sync.Pool forget on purpose")
	}
	upper := duplex.Map(func(p []byte) []byte { return p })
	for _, test := range []struct {
		name string
		ends func(t *testing.T) (near, far duplex.Stream) // what is written to near is read from far
	}{
		{"pair", func(t *testing.T) (near, far duplex.Stream) { return duplex.Pair() }},
		{"tcp", func(t *testing.T) (near, far duplex.Stream) { return tcpEnds(t) }},
		{"conn", func(t *testing.T) (near, far duplex.Stream) {
			a, b := duplex.Pair()
			return duplex.NewConn(a), duplex.NewConn(b)
		}},
		{"layer", func(t *testing.T) (near, far duplex.Stream) {
			a, b := duplex.Pair()
			return duplex.Layer(a, duplex.Codec{Encode: upper, Decode: upper}), duplex.Layer(b, duplex.Codec{Encode: upper, Decode: upper})
		}},
		{"join of pairs", func(t *testing.T) (near, far duplex.Stream) {
			near, a := duplex.Pair()
			b, far := duplex.Pair()
			return near, joinedUntilTheEnd(t, a, b, near, far)
		}},
		{"join of tcp and pair", func(t *testing.T) (near, far duplex.Stream) {
			near, a := tcpEnds(t)
			b, far := duplex.Pair()
			return near, joinedUntilTheEnd(t, a, b, near, far)
		}},
		{"join of tcp", func(t *testing.T) (near, far duplex.Stream) {
			near, a := tcpEnds(t)
			b, far := tcpEnds(t)
			return near, joinedUntilTheEnd(t, a, b, near, far)
		}},
		{"handler of a pair", func(t *testing.T) (near, far duplex.Stream) {
			near, a := duplex.Pair()
			c := duplex.Handle(a, duplex.Handler{Data: func(c *duplex.Conn, p []byte) { _, _ = c.Write(p) }})
			t.Cleanup(func() {
				_ = near.Close()
				_ = c.Wait(context.Background())
			})
			return near, near
		}},
		{"handler", func(t *testing.T) (near, far duplex.Stream) {
			near, a := tcpEnds(t)
			c := duplex.NewConn(a)
			c.Observe(newNotebook(), "")
			duplex.Handle(c, duplex.Handler{Data: func(c *duplex.Conn, p []byte) { _, _ = c.Write(p) }})
			t.Cleanup(func() {
				_ = near.Close()
				_ = c.Wait(context.Background())
			})
			return near, near // it sends back
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			near, far := test.ends(t)
			defer near.Close()
			defer far.Close()
			p := make([]byte, 16<<10)
			round := func() {
				for range 64 { // a MiB
					if _, err := near.Write(p); err != nil {
						t.Fatal(err)
					}
					if _, err := io.ReadFull(far, p); err != nil {
						t.Fatal(err)
					}
				}
			}
			round()
			if n := testing.AllocsPerRun(20, round); n >= 1 {
				t.Errorf("%v allocations a MiB", n)
			}
		})
	}
}

// joinedUntilTheEnd joins a and b until the test has ended, and returns far.
func joinedUntilTheEnd(t *testing.T, a, b, near, far duplex.Stream) duplex.Stream {
	t.Helper()
	joined := background(func() error {
		_, err := duplex.Joiner{Observer: newNotebook()}.Join(context.Background(), a, b)
		return err
	})
	t.Cleanup(func() {
		_, _ = near.Close(), far.Close()
		within(t, "join", joined)
	})
	return far
}

// Setting up a join costs a few allocations: two directions, the idle watch,
// the context (R91; 16 at most).
func TestR91_AJoinIsSetUpWithFewAllocations(t *testing.T) {
	if underRace {
		t.Skip("the race detector allocates too")
	}
	ends := func() (nearA, nearB duplex.Stream) {
		a, nearA := duplex.Pair()
		nearB, b := duplex.Pair()
		_, _ = a.CloseWrite(), b.CloseWrite()
		return nearA, nearB
	}
	pairs := testing.AllocsPerRun(100, func() { ends() })
	n := testing.AllocsPerRun(100, func() {
		a, b := ends()
		if _, err := duplex.Join(context.Background(), a, b); err != nil {
			t.Fatal(err)
		}
	}) - pairs
	t.Logf("%v allocations for a join, beside %v for two pairs", n, pairs)
	if n > 16 {
		t.Errorf("%v allocations for a join", n)
	}
}
