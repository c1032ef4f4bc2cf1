//go:build unix

package endpoint_test

import (
	"io"
	"strings"
	"testing"

	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/duplextest"
	"github.com/duplex-go/duplex/endpoint"
)

func init() {
	unixKinds = append(unixKinds,
		streamKind{"exec", duplextest.Suite{}, commandPair},
	)
}

// commandPair returns a command and what stands behind it: a relay to us.
func commandPair(t *testing.T) (a, b duplex.Stream) {
	if !full() && strings.Contains(t.Name(), "b_to_a") {
		t.Skip("a process for every stream takes 20s; DUPLEX_FULL runs it") // the relay's own side, above all
	}
	l, err := endpoint.Listen(t.Context(), "tcp://127.0.0.1:0") // which tells an abort from an end
	if err != nil {
		t.Fatal(err)
	}
	a, err = endpoint.Dial(t.Context(), as("relay", endpoint.URL(l))+",grace=250ms")
	if err != nil {
		_ = l.Close()
		t.Fatal(err)
	}
	b, err = endpoint.Accept(t.Context(), l)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(a, make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	return a, b
}
