package duplex_test

import (
	"errors"
	"fmt"
	"net"
	"sync"
	"testing"

	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/duplextest"
)

// TestR11_ClosingFromEverywhereKeepsTheFirstError has sixteen goroutines read,
// write, end, close and abort one stream at once. Whoever comes first decides
// what all calls say from then on, on both sides of a stream in memory.
func TestR11_ClosingFromEverywhereKeepsTheFirstError(t *testing.T) {
	duplextest.NoLeaks(t)
	for _, kind := range streamKinds() {
		rounds := 200
		switch {
		case fullRun() && kind.Cause && !kind.ReadTimeoutFinal: // gzip takes its time
			rounds = 20_000
		case fullRun():
			rounds = 5_000
		case !kind.Cause:
			rounds = 20
		}
		t.Run(kind.name, func(t *testing.T) {
			for i := range rounds {
				a, b := kind.pair(t)
				if err := closeFromEverywhere(a, b, i, kind.Cause); err != nil {
					t.Fatalf("round %d: %v", i, err)
				}
			}
		})
	}
}

func closeFromEverywhere(a, b duplex.Stream, round int, local bool) error {
	const goroutines = 16
	var causes [goroutines]error
	for i := range causes {
		causes[i] = fmt.Errorf("cause %d of round %d", i, round)
	}
	var all sync.WaitGroup
	start := make(chan struct{})
	for i := range goroutines {
		all.Go(func() {
			p := make([]byte, 100)
			<-start
			switch (i + round) % 5 {
			case 0:
				_ = a.Close()
			case 1:
				_ = a.CloseWrite()
			case 2:
				_ = duplex.Abort(a, causes[i])
			case 3:
				for {
					if _, err := a.Read(p); err != nil {
						return
					}
				}
			default:
				for {
					if _, err := a.Write(p); err != nil {
						return
					}
				}
			}
		})
	}
	all.Go(func() {
		p := make([]byte, 1000)
		<-start
		for {
			if _, err := b.Read(p); err != nil {
				return
			}
		}
	})
	close(start)
	all.Wait()
	defer b.Close()

	read := func(s duplex.Stream) error { _, err := s.Read(make([]byte, 1)); return err }
	write := func(s duplex.Stream) error { _, err := s.Write([]byte("x")); return err }
	which := func(err error) (found int) {
		found = -1
		for i, c := range causes {
			if errors.Is(err, c) {
				found = i
			}
		}
		return found
	}
	first := read(a)
	for _, err := range []error{first, read(a), write(a), write(a)} {
		if !errors.Is(err, net.ErrClosed) {
			return fmt.Errorf("a call on the closed stream returned %v", err)
		}
		if which(err) != which(first) {
			return fmt.Errorf("one call on the closed stream returned %v and another %v", first, err)
		}
	}
	if !local {
		return nil
	}
	for _, err := range []error{write(b), write(b)} {
		if err == nil || which(err) != which(first) {
			return fmt.Errorf("the stream was closed with %v, and its peer's Write returned %v", first, err)
		}
	}
	if err := read(b); which(err) >= 0 && which(err) != which(first) {
		return fmt.Errorf("the stream was closed with %v, and its peer's Read returned %v", first, err)
	}
	return nil
}
