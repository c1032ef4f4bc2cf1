package nats_test

import (
	"net"
	"testing"
	"time"

	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/duplextest"
	"github.com/duplex-go/duplex/endpoint"
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

var _ = endpoint.URL
var _ = time.Second
