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
	defer l.Close()
	return ConnectTo(t, l, endpoint.URL(l)+options)
}

// ConnectTo dials url and returns the two ends of what comes of it, the other one
// accepted by l, which is left open unless that fails.
func ConnectTo(t *testing.T, l net.Listener, url string) (dialled, accepted duplex.Stream) {
	t.Helper()
	dialled, accepted, err := meet(t, l, url)
	if err != nil {
		t.Fatal(err)
	}
	return dialled, accepted
}

// Meet is ConnectTo for streams that something stands in the way of. ok is false,
// and nothing is left open, if the two have not met: the dialler or the listener
// says that it failed, or the listener is closed.
func Meet(t *testing.T, l net.Listener, url string) (near, far duplex.Stream, ok bool) {
	near, far, err := meet(t, l, url)
	return near, far, err == nil
}

func meet(t *testing.T, l net.Listener, url string) (near, far duplex.Stream, err error) {
	accepting := make(chan error, 1)
	go func() {
		c, err := l.Accept()
		if err == nil {
			far, err = endpoint.Ready(t.Context(), duplex.FromConn(c))
		}
		accepting <- err
	}()
	near, err = endpoint.Dial(t.Context(), url)
	if err != nil {
		_ = l.Close()
	}
	accepted := <-accepting
	if err == nil && accepted == nil {
		return near, far, nil
	}
	if err == nil {
		_ = near.Close()
	}
	if accepted == nil {
		_ = far.Close()
	}
	return nil, nil, errors.Join(err, accepted)
}
