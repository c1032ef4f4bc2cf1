package nats_test

import (
	"io"
	"net"
	"testing"

	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/duplextest"
	"github.com/duplex-go/duplex/endpoint/internal/endpointtest"
	"golang.org/x/net/nettest"
)

func TestAStreamOverNATSKeepsTheContract(t *testing.T) {
	url := shared().URL() + "/contract"
	duplextest.Suite{MaxBuffered: 1 << 20}.Stream(t, func(t *testing.T) (a, b duplex.Stream) {
		return endpointtest.Connect(t, url, "")
	})
}

func TestAStreamOverNATSIsANetConn(t *testing.T) {
	url := shared().URL() + "/nettest"
	nettest.TestConn(t, func() (a, b net.Conn, stop func(), err error) {
		d, l := endpointtest.Connect(t, url, "")
		return d.(net.Conn), l.(net.Conn), func() { _, _ = d.Close(), l.Close() }, nil
	})
}

// What a Write has taken arrives, although its side closes at once and leaves the
// server.
func TestWhatWasWrittenBeforeACloseArrives(t *testing.T) {
	for range 50 {
		a, b := endpointtest.Connect(t, shared().URL()+"/closing", "")
		const size = 250_000 // nearly all of the credit
		if _, err := a.Write(make([]byte, size)); err != nil {
			t.Fatal(err)
		}
		if err := a.Close(); err != nil {
			t.Fatal(err)
		}
		if n, err := io.Copy(io.Discard, struct{ io.Reader }{b}); n != size || err != nil {
			t.Fatalf("%d bytes have come, %v", n, err)
		}
		_ = b.Close()
	}
}
