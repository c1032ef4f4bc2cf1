package duplex_test

import (
	"net"
	"testing"

	"golang.org/x/net/nettest"
)

// TestR05_StreamsKeepTheContract runs the contract of the package
// documentation against every stream of this package, and against those of the
// standard library that it is built for.
func TestR05_StreamsKeepTheContract(t *testing.T) {
	runs := 1
	if fullRun() {
		runs = 100
	}
	for range runs {
		for _, kind := range streamKinds() {
			if !fullRun() && likeOthers[kind.name] {
				continue
			}
			t.Run(kind.name, func(t *testing.T) { kind.Stream(t, kind.pair) })
		}
	}
}

// likeOthers are the kinds of streams of which every part is in another kind
// too. They wait for the full run.
var likeOthers = map[string]bool{
	"Wrapped on Pair":                  true,
	"gzip and gunzip alone":            true,
	"Wrapped on TCPConn":               true,
	"hooks on TCPConn":                 true,
	"layer of a Map on TCPConn":        true,
	"layer of gzip on Conn on TCPConn": true,
}

// TestR05_StreamsAreNetConns runs what the Go project runs against every
// net.Conn.
func TestR05_StreamsAreNetConns(t *testing.T) {
	for _, kind := range streamKinds() {
		if kind.ReadTimeoutFinal || kind.WriteTimeoutFinal {
			continue // nettest wants streams that any deadline leaves whole
		}
		a, b := kind.pair(t)
		a.Close()
		b.Close()
		if !isConn(a) {
			continue
		}
		t.Run(kind.name, func(t *testing.T) {
			t.Parallel()
			nettest.TestConn(t, func() (a, b net.Conn, stop func(), err error) {
				x, y := kind.pair(t)
				a, b = x.(net.Conn), y.(net.Conn)
				return a, b, func() { a.Close(); b.Close() }, nil
			})
		})
	}
}

func isConn(v any) bool {
	_, ok := v.(net.Conn)
	return ok
}
