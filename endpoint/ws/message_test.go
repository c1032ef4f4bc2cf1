package ws_test

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/coder/websocket"
	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/endpoint"
)

// TestAWriteIsAMessageOfItsLength has the library look at the messages, where the
// length takes more bytes and where a message does not fit into one buffer.
func TestAWriteIsAMessageOfItsLength(t *testing.T) {
	for _, role := range []string{"client", "server"} {
		s, peer := withLibrary(t, role, ",split=0")
		for _, size := range []int{1, 125, 126, 127, 128, 32<<10 - 1, 32 << 10, 32<<10 + 1, 65535, 65536, 65537, 300_001} {
			p := make([]byte, size)
			for i := range p {
				p[i] = byte(i * 7)
			}
			sent := bytes.Clone(p)
			written := make(chan error, 1)
			go func() {
				n, err := s.Write(p)
				if err == nil && n != size {
					err = fmt.Errorf("%d of %d bytes are written", n, size)
				}
				written <- err
			}()
			kind, got, err := peer.Read(inTime(t))
			if kind != websocket.MessageBinary || !bytes.Equal(got, sent) || err != nil {
				t.Errorf("%s: a message of %d bytes comes as %d, %v", role, size, len(got), err)
			}
			if err := <-written; err != nil {
				t.Errorf("%s: %v", role, err)
			}
			if !bytes.Equal(p, sent) {
				t.Errorf("%s: what is written has been changed", role)
			}
		}
		_, _ = peer.CloseNow(), s.Close()
	}
}

// withLibrary connects a stream, which is the client or the server, with the
// library.
func withLibrary(t *testing.T, role, options string) (s duplex.Stream, peer *websocket.Conn) {
	t.Helper()
	connected := make(chan error, 1)
	if role == "client" {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			var err error
			peer, err = websocket.Accept(w, r, nil)
			connected <- err
		}))
		defer server.Close()
		s, err := endpoint.Dial(t.Context(), "ws://"+server.Listener.Addr().String()+"/"+options)
		if err != nil {
			t.Fatal(err)
		}
		if err := <-connected; err != nil {
			t.Fatal(err)
		}
		peer.SetReadLimit(-1)
		return s, peer
	}
	l, err := endpoint.Listen(t.Context(), "ws://127.0.0.1:0/x"+options)
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		var err error
		peer, _, err = websocket.Dial(t.Context(), endpoint.URL(l), nil)
		connected <- err
	}()
	if s, err = endpoint.Accept(t.Context(), l); err != nil {
		t.Fatal(err)
	}
	if err := <-connected; err != nil {
		t.Fatal(err)
	}
	peer.SetReadLimit(-1)
	return s, peer
}
