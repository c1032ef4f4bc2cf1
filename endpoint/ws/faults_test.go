package ws_test

import (
	"bufio"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"testing"

	"github.com/duplex-go/duplex/duplextest"
	"github.com/duplex-go/duplex/endpoint"
	"github.com/duplex-go/duplex/endpoint/internal/endpointtest"
	"github.com/duplex-go/duplex/endpoint/ws"
)

// schedule is what a seed has drawn for a stream: how much flows, over what, and
// what stands in its way.
type schedule struct {
	endpointtest.Exchange
	faults endpointtest.Faults
	tls    bool
}

func draw(seed uint64) schedule {
	r := rand.New(rand.NewPCG(seed, 82))
	s := schedule{tls: r.IntN(3) == 0}
	s.Exchange = endpointtest.Exchange{Seed: seed, Sizes: [2]int{r.IntN(200_000), r.IntN(200_000)}}
	s.faults = endpointtest.DrawFaults(seed, r)
	s.DrawEnds(r)
	return s
}

// TestR80_AStreamDeliversAllOrFails has a TCP proxy between the two sides cut,
// stall, halve and delay what passes.
func TestR80_AStreamDeliversAllOrFails(t *testing.T) {
	duplextest.NoLeaks(t)
	schedules := 1000
	if !ws.Full() {
		schedules = 30
	}
	cert := endpointtest.Certificate(t)
	endpointtest.Schedules(t, schedules, draw, func(t *testing.T, s schedule) bool { return s.run(t, cert) })
}

// run acts a schedule out and reports whether all has come, in both directions.
func (s schedule) run(t *testing.T, cert string) bool {
	scheme, there, here := "ws", "", ""
	if s.tls {
		scheme, there, here = "wss", ",cert="+cert, ",ca="+cert
	}
	if s.faults.Cut+s.faults.Stall > 0 {
		there, here = there+",ping=50ms", here+",ping=50ms" // who only reads finds out by asking
	}
	l, err := endpoint.Listen(t.Context(), scheme+"://127.0.0.1:0/r80,timeout=500ms"+there)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	proxy := endpointtest.NewProxy(t, l.Addr().String(), s.faults)
	near, far, ok := endpointtest.Meet(t, l, scheme+"://"+proxy.Addr()+"/r80,timeout=500ms"+here)
	if !ok {
		return false
	}
	return s.Run(t, duplextest.Chaos{Seed: 2 * s.Seed, Split: 0.3}.Stream(near), duplextest.Chaos{Seed: 2*s.Seed + 1, Split: 0.3}.Stream(far))
}

// TestR07_AWebSocketPeerThatIsGoneIsNoEnd cuts the connection of a peer that has
// said something and has not ended, between messages and within one (1006).
func TestR07_AWebSocketPeerThatIsGoneIsNoEnd(t *testing.T) {
	duplextest.NoLeaks(t)
	times := 1000
	if !ws.Full() {
		times = 50
	}
	for i := range times {
		l, err := endpoint.Listen(t.Context(), "ws://127.0.0.1:0/x")
		if err != nil {
			t.Fatal(err)
		}
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		said := make(chan error, 1)
		go func() {
			_, err := io.WriteString(c, request(""))
			if err == nil {
				_, err = http.ReadResponse(bufio.NewReader(c), nil) // what is closed with something unread is reset
			}
			_, err2 := io.WriteString(c, frame(0x82, 10, "0123456789")+frame(0x82, 1000, string(make([]byte, 1000)))[:i%1014])
			if i%3 == 0 {
				_ = c.(*net.TCPConn).SetLinger(0) // a reset
			}
			said <- errors.Join(err, err2, c.Close())
		}()
		s, err := endpoint.Accept(t.Context(), l)
		if err != nil {
			t.Fatal(err)
		}
		n, err := io.Copy(io.Discard, s)
		_ = s.Close()
		if !errors.Is(err, io.ErrUnexpectedEOF) || n > 10+1000 || i%3 != 0 && n < 10 {
			t.Errorf("%d: %d bytes and %v", i, n, err)
		}
		if err := <-said; err != nil {
			t.Error(err)
		}
	}
}
