package nats_test

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"testing"

	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/duplextest"
	"github.com/duplex-go/duplex/endpoint"
	"github.com/duplex-go/duplex/endpoint/internal/endpointtest"
)

// schedule is what a seed has drawn for a stream: how much flows and what stands
// in its way.
type schedule struct {
	endpointtest.Exchange
	faults endpointtest.Faults
	behind bool // the listener's connection is treated badly, not the dialler's
}

func draw(seed uint64) schedule {
	r := rand.New(rand.NewPCG(seed, 80))
	s := schedule{behind: r.IntN(2) == 0}
	s.Exchange = endpointtest.Exchange{Seed: seed, Sizes: [2]int{r.IntN(200_000), r.IntN(200_000)}}
	s.faults = endpointtest.DrawFaults(seed, r)
	s.DrawEnds(r)
	return s
}

// TestR80_AStreamDeliversAllOrFails has a TCP proxy between a stream and its
// server cut, stall, halve and delay what passes.
func TestR80_AStreamDeliversAllOrFails(t *testing.T) {
	_ = shared()
	duplextest.NoLeaks(t)
	schedules := 1000
	if !full() {
		schedules = 50
	}
	endpointtest.Schedules(t, schedules, draw, func(t *testing.T, s schedule) bool { return s.run(t) })
}

// run acts a schedule out and reports whether all has come, in both directions.
func (s schedule) run(t *testing.T) bool {
	proxy := endpointtest.NewProxy(t, shared().Addr(), s.faults)
	through, straight := proxy.Addr(), shared().Addr()
	if s.behind {
		through, straight = straight, through
	}
	subject := fmt.Sprintf("/r80.%d", s.Seed)
	if s.faults.Cut+s.faults.Stall > 0 {
		subject += ",ping=50ms" // who only reads finds out by asking
	}
	l, err := endpoint.Listen(t.Context(), "nats://"+straight+subject+",timeout=2s")
	if err != nil {
		return false
	}
	defer l.Close()
	accepted := make(chan net.Conn, 1)
	go func() {
		defer close(accepted)
		if c, err := l.Accept(); err == nil {
			accepted <- c
		}
	}()
	near, err := endpoint.Dial(t.Context(), "nats://"+through+subject+",timeout=500ms")
	if err != nil {
		_ = l.Close()
		for c := range accepted {
			_ = c.Close()
		}
		return false
	}
	c, ok := <-accepted
	if !ok {
		t.Fatal("a stream was opened that nobody accepted")
	}
	far, err := endpoint.Ready(t.Context(), duplex.FromConn(c))
	if err != nil {
		_ = near.Close()
		return false
	}
	return s.Run(t, duplextest.Chaos{Seed: 2 * s.Seed, Split: 0.3}.Stream(near), duplextest.Chaos{Seed: 2*s.Seed + 1, Split: 0.3}.Stream(far))
}

// TestR07_ANATSPeerThatIsGoneIsNoEnd cuts the connection of a peer that has said
// something and has not ended, between messages and within one.
func TestR07_ANATSPeerThatIsGoneIsNoEnd(t *testing.T) {
	times := 1000
	if !full() {
		times = 50
	}
	for i := range times {
		proxy := endpointtest.NewProxy(t, shared().Addr(), endpointtest.Faults{Seed: uint64(i), Cut: i % 2 * 3000})
		l, err := endpoint.Listen(t.Context(), shared().URL()+"/r07,ping=20ms") // who only reads finds out by asking
		if err != nil {
			t.Fatal(err)
		}
		dialled := make(chan duplex.Stream, 1)
		go func() {
			defer close(dialled)
			s, err := endpoint.Dial(t.Context(), "nats://"+proxy.Addr()+"/r07")
			if err != nil {
				_ = l.Close()
				return
			}
			dialled <- s
			_, _ = s.Write(make([]byte, 1+i*10))
			if i%2 == 0 {
				proxy.CutAll()
			} else {
				_, _ = s.Write(make([]byte, 6000)) // more than passes
			}
		}()
		s, err := endpoint.Accept(t.Context(), l)
		if err != nil {
			for peer := range dialled {
				_ = peer.Close()
			}
			proxy.Close()
			continue // cut before it was a stream
		}
		n, err := io.Copy(io.Discard, s)
		if !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%d: %d bytes and %v", i, n, err)
		}
		_ = s.Close()
		peer := <-dialled
		if _, err := io.Copy(io.Discard, peer); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%d: the one that was cut off got %v", i, err)
		}
		_ = peer.Close()
		proxy.Close()
	}
}

// TestAConnectionThatIsCutAsSoonAsItIsThereIsAnError cuts connections at every
// place of their beginning.
func TestAConnectionThatIsCutAsSoonAsItIsThereIsAnError(t *testing.T) {
	serve(t, shared().URL()+"/begin,timeout=500ms", "served")
	times, failed := 300, 0
	if !full() {
		times = 30
	}
	for i := range times {
		proxy := endpointtest.NewProxy(t, shared().Addr(), endpointtest.Faults{Seed: uint64(i), Cut: 700})
		s, err := endpoint.Dial(t.Context(), "nats://"+proxy.Addr()+"/begin,timeout=500ms")
		if err == nil {
			_, err = io.ReadAll(s)
			_ = s.Close()
		}
		if err != nil {
			failed++
		}
		l, err := endpoint.Listen(t.Context(), "nats://"+proxy.Addr()+"/nobody,timeout=500ms")
		if err == nil {
			_ = l.Close()
		}
		proxy.Close()
	}
	if failed < times/10 {
		t.Errorf("%d of %d have failed", failed, times)
	}
}
