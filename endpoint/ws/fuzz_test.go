package ws_test

import (
	"bytes"
	"io"
	"net"
	"testing"

	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/endpoint"
)

// after returns a stream whose peer has sent these bytes behind its handshake,
// and then ended the connection.
func after(t *testing.T, frames []byte) duplex.Stream {
	l, err := endpoint.Listen(t.Context(), "ws://127.0.0.1:0/x")
	if err != nil {
		t.Fatal(err)
	}
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	sent := make(chan struct{})
	t.Cleanup(func() { <-sent })
	go func() {
		defer close(sent)
		_, _ = io.WriteString(c, request("Sec-WebSocket-Protocol: duplex.v1\r\n"))
		_, _ = c.Write(frames)
		_ = c.(*net.TCPConn).CloseWrite()
	}()
	s, err := endpoint.Accept(t.Context(), l)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// FuzzFrames lets a peer send anything behind its handshake. Reading it ends,
// brings no more than was sent, and is no end unless the peer said so.
func FuzzFrames(f *testing.F) {
	f.Fuzz(func(t *testing.T, frames []byte) {
		s := after(t, frames)
		n, err := io.Copy(io.Discard, s)
		if n > int64(len(frames)) {
			t.Errorf("%d bytes came out of %d", n, len(frames))
		}
		// A Close frame, or a last frame or none of a message that ends the direction.
		if err == nil && bytes.IndexByte(frames, 0x88) < 0 && bytes.IndexByte(frames, 0x82) < 0 && bytes.IndexByte(frames, 0x80) < 0 {
			t.Errorf("%d bytes and a clean end of %q", n, frames)
		}
		_ = s.Close()
	})
}
