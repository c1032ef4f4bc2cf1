package duplextest_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/duplextest"
)

// TestChaosKeepsTheContract runs the suite on streams with what every program
// must bear.
func TestChaosKeepsTheContract(t *testing.T) {
	for name, chaos := range map[string]duplextest.Chaos{
		"zero":            {},
		"split":           {Seed: 1, Split: 0.5},
		"split and stall": {Seed: 2, Split: 0.1, Stall: 0.002, StallTime: time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			s := duplextest.Suite{Cause: true, MaxBuffered: duplex.DefaultHighWaterMark}
			s.Stream(t, func(*testing.T) (a, b duplex.Stream) {
				a, b = duplex.Pair()
				other := chaos
				other.Seed++
				return chaos.Stream(a), other.Stream(b)
			})
		})
	}
}

func TestFaultOfNothingKeepsTheContract(t *testing.T) {
	s := duplextest.Suite{Cause: true, MaxBuffered: duplex.DefaultHighWaterMark}
	s.Stream(t, func(*testing.T) (a, b duplex.Stream) {
		a, b = duplex.Pair()
		return duplextest.Fault{}.Stream(a), duplextest.Fault{}.Stream(b)
	})
}

// transcript is what the calls of a stream with chaos on it return, and when.
func transcript(t *testing.T, chaos duplextest.Chaos) (text string) {
	synctest.Test(t, func(t *testing.T) {
		a, b := duplex.Pair()
		s := chaos.Stream(a)
		defer s.Close()
		start := time.Now()
		var log strings.Builder
		say := func(what string, n int, err error) {
			fmt.Fprintf(&log, "%v %s %d %v\n", time.Since(start), what, n, err)
		}
		go func() {
			for range 50 {
				if _, err := b.Write(make([]byte, 700)); err != nil {
					return
				}
			}
		}()
		go io.Copy(io.Discard, b)
		p := make([]byte, 1000)
		for range 30 {
			n, err := s.Write(p)
			say("write", n, err)
			synctest.Wait() // what b has written waits for s
			n, err = s.Read(p)
			say("read", n, err)
		}
		say("end", 0, s.CloseWrite())
		s.Close()
		b.Close()
		text = log.String()
	})
	return text
}

func TestChaosIsTheSameForTheSameSeed(t *testing.T) {
	chaos := duplextest.Chaos{Split: 0.3, Delay: time.Second, Stall: 0.05, Fail: 0.002, Cut: 0.002}
	different := make(map[string]bool)
	for seed := range uint64(50) {
		chaos.Seed = seed
		first := transcript(t, chaos)
		for range 3 {
			if again := transcript(t, chaos); again != first {
				t.Fatalf("seed %d: first\n%s\nthen\n%s", seed, first, again)
			}
		}
		different[first] = true
	}
	if len(different) < 50 {
		t.Errorf("50 seeds gave %d different runs", len(different))
	}
}

func TestChaosSplitsWithoutLoss(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := duplex.Pair()
		s := duplextest.Chaos{Seed: 7, Split: 0.7, Delay: time.Millisecond}.Stream(a)
		sent := bytes.Repeat([]byte("0123456789abcdef"), 10_000)
		go func() {
			if n, err := s.Write(sent); n != len(sent) || err != nil {
				t.Errorf("Write returned %d, %v", n, err)
			}
			if err := s.CloseWrite(); err != nil {
				t.Errorf("CloseWrite returned %v", err)
			}
		}()
		got, err := io.ReadAll(b)
		if err != nil || !bytes.Equal(got, sent) {
			t.Errorf("read %d bytes of %d, %v", len(got), len(sent), err)
		}
		if n := s.Injected(); n != 0 {
			t.Errorf("Injected is %d, want 0: a split is no failure", n)
		}
		s.Close()
	})
}

func TestChaosStallsForAsLongAsItSays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := duplex.Pair()
		defer b.Close()
		for _, c := range []struct {
			set, want time.Duration
		}{{0, time.Minute}, {time.Hour, time.Hour}} {
			s := duplextest.Chaos{Stall: 1, StallTime: c.set}.Stream(a)
			start := time.Now()
			if _, err := s.Write([]byte("x")); err != nil {
				t.Fatal(err)
			}
			if d := time.Since(start).Truncate(time.Microsecond); d != c.want {
				t.Errorf("a stall with StallTime %v took %v, want %v", c.set, d, c.want)
			}
		}
		a.Close()
	})
}

func TestDeadlineEndsAStall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := duplex.Pair()
		defer b.Close()
		s := duplextest.Chaos{Stall: 1, StallTime: time.Hour}.Stream(a)
		defer s.Close()
		start := time.Now()
		_ = s.SetDeadline(start.Add(time.Second))
		for what, call := range map[string]func([]byte) (int, error){"Read": s.Read, "Write": s.Write} {
			if _, err := call(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("%s returned %v, want os.ErrDeadlineExceeded", what, err)
			}
		}
		if d := time.Since(start); d != time.Second {
			t.Errorf("the deadline of one second ended the calls after %v", d)
		}
	})
}

func TestChaosFailureStaysAndThePeerSeesNothingOfIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := duplex.Pair()
		s := duplextest.Chaos{Seed: 3, Fail: 1}.Stream(a)
		for range 2 {
			if _, err := s.Write([]byte("x")); !errors.Is(err, duplextest.ErrInjected) {
				t.Errorf("Write returned %v", err)
			}
		}
		if n := s.Injected(); n != 1 {
			t.Errorf("Injected is %d, want 1", n)
		}
		reading := make(chan error)
		go func() {
			_, err := io.Copy(io.Discard, b)
			reading <- err
		}()
		synctest.Wait()
		select {
		case err := <-reading:
			t.Errorf("the peer's Read returned %v", err)
		default:
		}
		s.Close()
		<-reading
	})
}

func TestChaosCutIsAnAbort(t *testing.T) {
	a, b := duplex.Pair()
	s := duplextest.Chaos{Cut: 1}.Stream(a)
	for _, want := range []error{duplextest.ErrInjected, syscall.ECONNRESET} {
		if _, err := s.Read(make([]byte, 1)); !errors.Is(err, want) {
			t.Errorf("Read returned %v, want an error that matches %v", err, want)
		}
	}
	for range 2 {
		if _, err := b.Read(make([]byte, 1)); !errors.Is(err, duplex.ErrAborted) || errors.Is(err, io.EOF) {
			t.Errorf("the peer's Read returned %v, want an abort", err)
		}
	}
}
