package quic_test

import (
	"net"
	"testing"

	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/duplextest"
	"github.com/duplex-go/duplex/endpoint/internal/endpointtest"
	_ "github.com/duplex-go/duplex/endpoint/quic"
	"golang.org/x/net/nettest"
)

func connect(t *testing.T) (a, b duplex.Stream) {
	cert := endpointtest.Certificate(t)
	return endpointtest.Connect(t, "quic://127.0.0.1:0,cert="+cert, ",ca="+cert)
}

func TestAQUICStreamKeepsTheContract(t *testing.T) {
	duplextest.Stream(t, connect)
}

func TestAQUICStreamIsANetConn(t *testing.T) {
	nettest.TestConn(t, func() (a, b net.Conn, stop func(), err error) {
		d, l := connect(t)
		return d.(net.Conn), l.(net.Conn), func() { _, _ = d.Close(), l.Close() }, nil
	})
}
