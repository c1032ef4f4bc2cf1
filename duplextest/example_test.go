package duplextest_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/duplextest"
)

// A stream of one's own is tested with a function that makes both of its ends.
func ExampleStream() {
	test := func(t *testing.T) { // func TestStream(t *testing.T)
		duplextest.Stream(t, func(t *testing.T) (a, b duplex.Stream) {
			return duplex.Pair()
		})
	}
	_ = test
}

// A stream that cannot do all of it says so.
func ExampleSuite() {
	test := func(t *testing.T) { // func TestLimitedStream(t *testing.T)
		suite := duplextest.Suite{
			NoAbort:     true,   // its protocol has no sign for an abort
			MaxBuffered: 32_000, // and it promises to hold no more than that
		}
		suite.Stream(t, func(t *testing.T) (a, b duplex.Stream) {
			return duplex.PairConfig{HighWaterMark: 32_000}.Pair()
		})
	}
	_ = test
}

// Every byte comes through a bad stream, only later. Inside testing/synctest
// that takes no time.
func ExampleChaos() {
	slow := func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			a, b := duplex.Pair()
			bad := duplextest.Chaos{Seed: 1, Split: 0.5, Delay: time.Hour}.Stream(a)
			go func() {
				io.WriteString(bad, "a long way")
				bad.CloseWrite()
			}()
			got, err := io.ReadAll(b)
			if string(got) != "a long way" || err != nil {
				t.Error(got, err)
			}
			bad.Close()
		})
	}
	_ = slow

	// Without delays it needs no bubble.
	a, b := duplex.Pair()
	bad := duplextest.Chaos{Seed: 1, Split: 1}.Stream(b)
	io.WriteString(a, "in small pieces")
	a.CloseWrite()
	for buf := make([]byte, 16); ; {
		n, err := bad.Read(buf)
		if err != nil {
			break
		}
		fmt.Printf("%q ", buf[:n])
	}
	// Output: "in small pie" "ces"
}

// What does a join make of every write that fails?
func ExampleFault() {
	for n := 1; ; n++ {
		a, joinA := duplex.Pair()
		joinB, b := duplex.Pair()
		bad := duplextest.Fault{Op: duplextest.OpWrite, N: n}.Stream(joinB)

		go func() {
			io.WriteString(a, "all or an error")
			a.CloseWrite()
		}()
		b.CloseWrite()
		_, err := duplex.Join(context.Background(), joinA, bad)
		got, readErr := io.ReadAll(b)
		fmt.Printf("write %d: join failed: %t, peer got %q, cut: %t\n",
			n, errors.Is(err, duplextest.ErrInjected), got, readErr != nil)
		if bad.Injected() == 0 {
			break
		}
	}
	// Output:
	// write 1: join failed: true, peer got "", cut: true
	// write 2: join failed: false, peer got "all or an error", cut: false
}
