package ws

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
)

// wire is the connection below a WebSocket. It makes frames of what is sent, and
// notes what HTTP and the library above it do not say during the handshake.
//
// The frames are made and taken apart here because the library cannot give up a
// read or a write and go on later, and so has no deadlines; because its answer
// to a ping gives the connection up behind a slow write; and because what it has
// got of a frame that is cut comes out masked.
type wire struct {
	net.Conn
	client bool         // what we send is masked
	heard  atomic.Int64 // how many reads brought something
	owes

	// rest is what a deadline has left of a frame; it goes out before anything
	// else. Whoever has the right to write uses it.
	rest []byte

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
	}
	return n, err
}

// failed returns why nothing more could be read, or nil.
func (w *wire) failed() error {
	w.failing.Lock()
	defer w.failing.Unlock()
	return w.err
}

// sending is a buffer for what one write sends: a header and a message of the
// default size. It is somebody's only during a write.
type sending [longestHeader + splitSize]byte

var sendings = sync.Pool{New: func() any { return new(sending) }}

// send sends a frame that is a message or a control frame. The caller sees to it
// that this is not within another frame. What a deadline leaves of it is kept, and
// the error matches os.ErrDeadlineExceeded.
func (w *wire) send(kind byte, payload []byte) error {
	if err := w.flush(); err != nil {
		return err
	}
	buf := sendings.Get().(*sending)
	defer sendings.Put(buf)
	b := append(buf[:0], last|kind)
	var marked byte
	if w.client {
		marked = masked
	}
	switch n := len(payload); {
	case n < 126:
		b = append(b, marked|byte(n))
	case n < 1<<16:
		b = binary.BigEndian.AppendUint16(append(b, marked|126), uint16(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, marked|127), uint64(n))
	}
	var key uint32
	if w.client {
		_, _ = rand.Read(buf[len(b) : len(b)+4]) // it cannot fail
		key = binary.LittleEndian.Uint32(buf[len(b):])
		b = b[:len(b)+4]
	}
	var late error
	for {
		room := buf[len(b):]
		piece := payload[:min(len(payload), len(room))]
		if w.client {
			key = mask(room, piece, key)
		} else {
			copy(room, piece)
		}
		payload = payload[len(piece):]
		b = buf[:len(b)+len(piece)]
		if late == nil {
			n, err := w.Write(b)
			if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
				return err
			}
			b, late = b[n:], err
		}
		if late != nil {
			w.rest = append(w.rest, b...)
		}
		if len(payload) == 0 {
			return late
		}
		b = buf[:0]
	}
}

// flush sends what is kept. It is still kept if the deadline has passed.
func (w *wire) flush() error {
	if len(w.rest) == 0 {
		return nil
	}
	n, err := w.Write(w.rest)
	if w.rest = w.rest[max(n, 0):]; len(w.rest) == 0 {
		w.rest = nil
	}
	return err
}

// nothing is what the library gets in place of the connection: it speaks no more
// once the handshake is over, and when it goes it closes what it has.
type nothing struct{ net.Conn }

func (nothing) Read([]byte) (int, error)    { return 0, io.EOF }
func (nothing) Write(p []byte) (int, error) { return len(p), nil }
func (nothing) Close() error                { return nil }
