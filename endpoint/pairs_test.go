package endpoint_test

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/duplextest"
	"github.com/duplex-go/duplex/endpoint"
	"github.com/duplex-go/duplex/endpoint/internal/endpointtest"
	"golang.org/x/net/nettest"
)

// connect returns the two ends of a connection to a new listener.
func connect(t *testing.T, listen, dialOptions string) (dialled, accepted duplex.Stream) {
	t.Helper()
	l, err := endpoint.Listen(t.Context(), listen)
	if err != nil {
		t.Fatal(err)
	}
	type outcome struct {
		s   duplex.Stream
		err error
	}
	accepting := make(chan outcome, 1)
	go func() {
		s, err := endpoint.Accept(t.Context(), l)
		accepting <- outcome{s, err}
	}()
	dialled, err = endpoint.Dial(t.Context(), endpoint.URL(l)+dialOptions)
	if err != nil {
		_ = l.Close()
		<-accepting
		t.Fatal(err)
	}
	got := <-accepting
	if got.err != nil {
		t.Fatal(got.err)
	}
	return dialled, got.s
}

// shortDir returns a directory whose name leaves room for that of a socket.
func shortDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "dpx")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// streamKind is a way to make the two connected ends of a stream, and what to
// expect of it.
type streamKind struct {
	name string
	duplextest.Suite
	pair func(t *testing.T) (a, b duplex.Stream)
}

// unixKinds are those that need a Unix system.
var unixKinds []streamKind

func TestEveryKindKeepsTheContractOfStreams(t *testing.T) {
	for _, kind := range append(unixKinds, []streamKind{
		{"tls", duplextest.Suite{}, func(t *testing.T) (a, b duplex.Stream) {
			return connect(t, "tls://127.0.0.1:0"+serverOptions(), clientOptions())
		}},
		{"unix", duplextest.Suite{NoAbort: true}, func(t *testing.T) (a, b duplex.Stream) {
			return connect(t, "unix:"+filepath.Join(shortDir(t), "s"), "")
		}},
	}...) {
		t.Run(kind.name, func(t *testing.T) { kind.Stream(t, kind.pair) })
	}
}

// A tls.Conn of Go's own would not pass: a write deadline breaks it.
func TestTLSIsANetConn(t *testing.T) {
	nettest.TestConn(t, func() (a, b net.Conn, stop func(), err error) {
		x, y := connect(t, "tls://127.0.0.1:0"+serverOptions(), clientOptions())
		a, b = x.(net.Conn), y.(net.Conn)
		return a, b, func() { _, _ = a.Close(), b.Close() }, nil
	})
}

func TestWriteDeadlinesLoseNothingOfTLS(t *testing.T) {
	a, b := connect(t, "tls://127.0.0.1:0"+serverOptions(), clientOptions())
	endpointtest.CutOff(t, a, b, true)
}

// background is for cleaning up, when the test's own context has ended.
var background = context.Background()
