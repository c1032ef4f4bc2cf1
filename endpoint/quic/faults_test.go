package quic_test

import (
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"testing"
	"time"

	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/duplextest"
	"github.com/duplex-go/duplex/endpoint"
	"github.com/duplex-go/duplex/endpoint/internal/endpointtest"
)

// schedule is what a seed has drawn for a stream.
type schedule struct {
	endpointtest.Exchange
	faults endpointtest.PacketFaults
}

func draw(seed uint64) schedule {
	r := rand.New(rand.NewPCG(seed, 81))
	s := schedule{Exchange: endpointtest.Exchange{Seed: seed, Sizes: [2]int{r.IntN(100_000), r.IntN(100_000)}}}
	s.faults = endpointtest.PacketFaults{Seed: seed, Drop: 0.05 * r.Float64(), Twice: 0.1 * r.Float64()}
	if r.IntN(2) == 0 {
		s.faults.Delay = time.Millisecond
	}
	if r.IntN(3) == 0 {
		s.faults.Vanish = 1 + r.IntN(200)
	}
	s.DrawEnds(r)
	return s
}

// TestR80_AStreamDeliversAllOrFails has a proxy lose, delay and double packets,
// or vanish.
func TestR80_AStreamDeliversAllOrFails(t *testing.T) {
	duplextest.NoLeaks(t)
	schedules := 1000
	if !full() {
		schedules = 30
	}
	cert := endpointtest.Certificate(t)
	endpointtest.Schedules(t, schedules, draw, func(t *testing.T, s schedule) bool { return s.run(t, cert) })
}

// run acts a schedule out and reports whether all has come, in both directions.
func (s schedule) run(t *testing.T, cert string) bool {
	ping := ",ping=500ms" // what a proxy that is gone leaves of a connection goes soon
	if s.faults.Vanish > 0 {
		ping = ",ping=100ms"
	}
	l, err := endpoint.Listen(t.Context(), "quic://127.0.0.1:0,timeout=1s,cert="+cert+ping)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	proxy := endpointtest.NewPackets(t, l.Addr().String(), s.faults)
	// A stream whose first byte is lost is never accepted.
	stop := time.AfterFunc(2500*time.Millisecond, func() { _ = l.Close() })
	defer stop.Stop()
	near, far, ok := endpointtest.Meet(t, l, "quic://"+proxy.Addr()+",timeout=500ms,ca="+cert+ping)
	if !ok {
		return false
	}
	return s.Run(t, duplextest.Chaos{Seed: 2 * s.Seed, Split: 0.3}.Stream(near), duplextest.Chaos{Seed: 2*s.Seed + 1, Split: 0.3}.Stream(far))
}

// TestR07_AQUICPeerThatIsGoneIsNoEnd loses every packet of a connection whose
// peers have said something and have not ended, and of one that is idle.
func TestR07_AQUICPeerThatIsGoneIsNoEnd(t *testing.T) {
	times := 100 // each takes as long as two pings
	if !full() {
		times = 10
	}
	cert := endpointtest.Certificate(t)
	for i := range times {
		l, err := endpoint.Listen(t.Context(), "quic://127.0.0.1:0,ping=30ms,cert="+cert)
		if err != nil {
			t.Fatal(err)
		}
		proxy := endpointtest.NewPackets(t, l.Addr().String(), endpointtest.PacketFaults{})
		near, err := endpoint.Dial(t.Context(), "quic://"+proxy.Addr()+",ping=30ms,ca="+cert)
		if err != nil {
			t.Fatal(err)
		}
		far, err := endpoint.Accept(t.Context(), l)
		if err != nil {
			t.Fatal(err)
		}
		if i%2 == 0 {
			_, _ = near.Write(make([]byte, i*100))
		}
		proxy.Mute()
		for _, s := range []duplex.Stream{near, far} {
			if n, err := io.Copy(io.Discard, struct{ io.Reader }{s}); !errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) {
				t.Errorf("%d: %d bytes and %v", i, n, err)
			}
			if _, err := s.Write([]byte("x")); !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("%d: the writer got %v", i, err)
			}
			_ = s.Close()
		}
		proxy.Close()
	}
}
