// Package endpointtest holds what the tests of several kinds of endpoints share.
package endpointtest

import (
	"errors"
	"testing"

	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/endpoint"
)

// Connect returns the two ends of a connection to a new listener, which is
// dialled by its URL with options behind it.
func Connect(t *testing.T, listen, options string) (dialled, accepted duplex.Stream) {
	t.Helper()
	l, err := endpoint.Listen(t.Context(), listen)
	if err != nil {
		t.Fatal(err)
	}
	accepting := make(chan error, 1)
	go func() {
		var err error
		accepted, err = endpoint.Accept(t.Context(), l)
		accepting <- err
	}()
	dialled, err = endpoint.Dial(t.Context(), endpoint.URL(l)+options)
	if err != nil {
		_ = l.Close()
	}
	if err := errors.Join(err, <-accepting); err != nil {
		t.Fatal(err)
	}
	return dialled, accepted
}
