package ws

import (
	"crypto/rand"
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
)

// wire is the connection below a WebSocket. It notes what the library above it
// does not say.
type wire struct {
	net.Conn
	client bool         // what we send is masked
	open   atomic.Bool  // the handshake is over
	heard  atomic.Int64 // how many reads brought something
	owes

	failing sync.Mutex
	err     error // of the first read that failed
}

func newWire(c net.Conn, client bool) *wire {
	return &wire{Conn: c, client: client, owes: owes{kick: make(chan struct{}, 1)}}
}

func (w *wire) Read(p []byte) (int, error) {
	n, err := w.Conn.Read(p)
	if n > 0 {
		w.heard.Add(1)
	}
	if err != nil {
		w.failing.Lock()
		if w.err == nil {
			w.err = err
		}
		w.failing.Unlock()
		if err == io.EOF && w.open.Load() {
			err = errCut
		}
	}
	return n, err
}

// errCut stands for the end of the connection: coder/websocket 1.8.15 takes an
// io.EOF within a frame for the end of the message. What it got of a frame that
// is cut it leaves masked; we drop that, but its decompressor would have made
// other bytes of it before, so that permessage-deflate is not offered here.
var errCut = errors.New("the connection has ended")

// failed returns why nothing more can be read, or nil.
func (w *wire) failed() error {
	w.failing.Lock()
	defer w.failing.Unlock()
	return w.err
}

// The control frames that are sent here, with the bit of a last frame.
const (
	pingFrame = 0x89
	pongFrame = 0x8a
)

// control sends a control frame in one write. The caller sees to it that this
// is not within another frame.
func (w *wire) control(kind byte, payload []byte) error {
	frame := make([]byte, 0, 6+len(payload))
	frame = append(frame, kind, byte(len(payload)))
	if w.client {
		frame[1] |= 0x80
		var key [4]byte
		_, _ = rand.Read(key[:]) // it cannot fail
		frame = append(frame, key[:]...)
		for i, c := range payload {
			frame = append(frame, c^key[i%4])
		}
	} else {
		frame = append(frame, payload...)
	}
	_, err := w.Write(frame)
	return err
}
