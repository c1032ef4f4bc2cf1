package nats_test

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

// schedule is what a seed has drawn for a stream: how much flows and what stands
// in its way.
type schedule struct {
	seed   uint64
	faults endpointtest.Faults
	sizes  [2]int
	behind bool // the listener's connection is treated badly, not the dialler's
	ends   [2]string
}

func draw(seed uint64) schedule {
	r := rand.New(rand.NewPCG(seed, 80))
	s := schedule{seed: seed, behind: r.IntN(2) == 0, sizes: [2]int{r.IntN(200_000), r.IntN(200_000)}}
	s.faults = endpointtest.Faults{Seed: seed, Halve: r.IntN(2) == 0}
	if r.IntN(2) == 0 {
		s.faults.Delay = 200 * time.Microsecond
	}
	switch r.IntN(5) {
	case 0, 1:
		s.faults.Cut = 1 + r.IntN(200_000)
	case 2:
		s.faults.Stall = 1 + r.IntN(400_000)
	}
	for i := range s.ends {
		s.ends[i] = []string{"end", "end", "end", "close", "abort"}[r.IntN(5)]
	}
	return s
}

// tape returns the bytes that one direction of a schedule carries.
func tape(seed uint64, direction, size int) []byte {
	p := make([]byte, size)
	var key [32]byte
	key[0], key[1], key[2] = byte(seed), byte(seed>>8), byte(direction)
	_, _ = rand.NewChaCha8(key).Read(p)
	return p
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
	whole, failed := 0, 0
	for seed := range uint64(schedules) {
		s := draw(seed)
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			if s.run(t) {
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
func (s schedule) run(t *testing.T) bool {
	proxy := endpointtest.NewProxy(t, shared().Addr(), s.faults)
	through, straight := proxy.Addr(), shared().Addr()
	if s.behind {
		through, straight = straight, through
	}
	subject := fmt.Sprintf("/r80.%d", s.seed)
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
	chaos := func(x duplex.Stream, seed uint64) duplex.Stream {
		return duplextest.Chaos{Seed: seed, Split: 0.3}.Stream(x)
	}
	ends := [2]duplex.Stream{chaos(near, 2*s.seed), chaos(far, 2*s.seed+1)}
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
	case "close": // what comes meanwhile is lost, and its writer is told
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
