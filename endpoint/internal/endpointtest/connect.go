// Package endpointtest holds what the tests of several kinds of endpoints share.
package endpointtest

import (
	"errors"
	"net"
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

// Meet dials url and returns the two ends of what comes of it, the other one
// accepted by l. ok is false, and nothing is left open, if the two have not met:
// the dialler or the listener says that it failed, or the listener is closed. It
// is for streams that something stands in the way of.
func Meet(t *testing.T, l net.Listener, url string) (near, far duplex.Stream, ok bool) {
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
	near, err := endpoint.Dial(t.Context(), url)
	if err != nil {
		_ = l.Close()
	}
	far, ok = <-accepted
	switch {
	case err == nil && ok:
		return near, far, true
	case ok:
		_ = far.Close()
	case err == nil:
		_ = near.Close()
	}
	return nil, nil, false
}
