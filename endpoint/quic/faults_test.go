package quic_test

import (
	"errors"
	"fmt"
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
	seed   uint64
	faults endpointtest.PacketFaults
	sizes  [2]int
	ends   [2]string
}

func draw(seed uint64) schedule {
	r := rand.New(rand.NewPCG(seed, 81))
	s := schedule{seed: seed, sizes: [2]int{r.IntN(100_000), r.IntN(100_000)}}
	s.faults = endpointtest.PacketFaults{Seed: seed, Drop: 0.05 * r.Float64(), Twice: 0.1 * r.Float64()}
	if r.IntN(2) == 0 {
		s.faults.Delay = time.Millisecond
	}
	if r.IntN(3) == 0 {
		s.faults.Vanish = 1 + r.IntN(200)
	}
	for i := range s.ends {
		s.ends[i] = []string{"end", "end", "end", "close", "abort"}[r.IntN(5)]
	}
	return s
}

func tape(seed uint64, direction, size int) []byte {
	p := make([]byte, size)
	var key [32]byte
	key[0], key[1], key[2] = byte(seed), byte(seed>>8), byte(direction)
	_, _ = rand.NewChaCha8(key).Read(p)
	return p
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
	whole, failed := 0, 0
	for seed := range uint64(schedules) {
		s := draw(seed)
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			if s.run(t, cert) {
				whole++
			} else {
				failed++
			}
		})
		if t.Failed() {
			t.Fatalf("%+v", s)
		}
	}
	t.Logf("%d came whole, %d failed", whole, failed)
	if whole < schedules/10 || failed < schedules/10 {
		t.Errorf("%d came whole and %d failed: the schedules are too good or too bad", whole, failed)
	}
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
	accepted := make(chan duplex.Stream, 1)
	go func() {
		defer close(accepted)
		c, err := l.Accept()
		if err != nil {
			return
		}
		if far, err := endpoint.Ready(t.Context(), duplex.FromConn(c)); err == nil {
			accepted <- far
		}
	}()
	near, err := endpoint.Dial(t.Context(), "quic://"+proxy.Addr()+",timeout=500ms,ca="+cert+ping)
	if err != nil {
		_ = l.Close()
		for far := range accepted {
			_ = far.Close()
		}
		return false
	}
	stop := time.AfterFunc(2*time.Second, func() { _ = l.Close() }) // for a stream whose first byte is lost
	defer stop.Stop()
	far, ok := <-accepted
	if !ok {
		_ = near.Close()
		return false
	}
	ends := [2]duplex.Stream{
		duplextest.Chaos{Seed: 2 * s.seed, Split: 0.3}.Stream(near), duplextest.Chaos{Seed: 2*s.seed + 1, Split: 0.3}.Stream(far),
	}
	results := make(chan error, 4)
	for i := range ends {
		out, in := tape(s.seed, i, s.sizes[i]), tape(s.seed, 1-i, s.sizes[1-i])
		go func() { results <- s.send(ends[i], out, s.ends[i]) }()
		go func() { results <- receive(ends[i], in, s.ends[1-i]) }()
	}
	err = errors.Join(<-results, <-results, <-results, <-results)
	_, _ = near.Close(), far.Close()
	if errors.Is(err, errWrong) {
		t.Error(err)
	}
	return err == nil
}

// errWrong is matched by what must never be.
var errWrong = errors.New("wrong")

func (s schedule) send(to duplex.Stream, p []byte, end string) error {
	for len(p) > 0 {
		n, err := to.Write(p[:min(len(p), 30_000)])
		if err != nil {
			return err
		}
		p = p[n:]
	}
	switch end {
	case "close":
		return to.Close()
	case "abort":
		return duplex.Abort(to, errors.New("drawn"))
	}
	return to.CloseWrite()
}

// receive reads to the end and compares.
func receive(from duplex.Stream, want []byte, end string) error {
	got, err := io.ReadAll(struct{ io.Reader }{from})
	switch {
	case len(got) > len(want) || string(got) != string(want[:len(got)]):
		return fmt.Errorf("%w: %d bytes that are not the first of %d", errWrong, len(got), len(want))
	case err == nil && len(got) < len(want):
		return fmt.Errorf("%w: an end after %d of %d bytes", errWrong, len(got), len(want))
	case err == nil && end == "abort":
		return fmt.Errorf("%w: an end in place of an abort", errWrong)
	}
	return err
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
