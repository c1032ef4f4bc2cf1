package ws

import (
	"encoding/binary"
	"fmt"

	"github.com/coder/websocket"
)

// The kinds of frames: RFC 6455, section 5.2.
const (
	continuation = 0x0
	textFrame    = 0x1
	binaryFrame  = 0x2
	closeFrame   = 0x8
	pingFrame    = 0x9
	pongFrame    = 0xa

	last          = 0x80 // of the first byte: the message ends with this frame
	reserved      = 0x70 // of the first byte: extensions, of which there are none
	masked        = 0x80 // of the second byte
	longestHeader = 14
	mostControl   = 125 // bytes of a control frame's payload
)

// frames takes what a peer sends apart. It is given the bytes as they come and
// never waits for more: so whoever does can give up at any place, and go on
// there later.
//
// The zero value takes frames of a server. It is not for several goroutines at
// once.
type frames struct {
	ofClient bool              // frames have to be masked; otherwise none may be
	halves   bool              // an empty binary message ends the direction
	most     int64             // the longest message
	ping     func(data []byte) // is told of pings; data is not its own

	header  [longestHeader]byte
	have    int   // bytes of the header
	left    int64 // bytes of the payload, once the header is whole
	key     uint32
	control []byte // a control frame's payload

	kind   byte // of the message; continuation between two
	size   int64
	ended  bool  // the peer has ended its direction
	failed error // why nothing more is taken
}

// violation is what a peer does that the protocol forbids, and the status to
// close the WebSocket with.
type violation struct {
	code websocket.StatusCode
	text string
}

func (v *violation) Error() string { return "the peer broke the WebSocket protocol: " + v.text }

func violates(format string, args ...any) error {
	return &violation{websocket.StatusProtocolError, fmt.Sprintf(format, args...)}
}

// payload takes what has come. The payload of messages in b is moved to its
// front, and n is how much that is; the rest of b is then used up. The error is
// a [CloseError] for a Close frame of any status; with an error, as with the
// peer's end, there still may be payload.
func (f *frames) payload(b []byte) (n int, err error) {
	for at := 0; f.failed == nil; {
		if need := f.length(); f.have < need {
			took := copy(f.header[f.have:need], b[at:])
			if took == 0 {
				return n, nil
			}
			at += took
			if f.have += took; f.have < f.length() {
				continue // how long it is stands in what came
			}
			if f.failed = f.begin(); f.failed == nil && f.left == 0 {
				f.failed = f.finish()
			}
			continue
		}
		took := int(min(f.left, int64(len(b)-at)))
		if took == 0 {
			return n, nil
		}
		piece := b[at : at+took]
		if f.header[0]&closeFrame == 0 {
			if n != at {
				copy(b[n:], piece)
				piece = b[n : n+took]
			}
			n += took
		} else {
			before := len(f.control)
			f.control = append(f.control, piece...)
			piece = f.control[before:]
		}
		if f.ofClient {
			f.key = mask(piece, piece, f.key)
		}
		at += took
		if f.left -= int64(took); f.left == 0 {
			f.failed = f.finish()
		}
	}
	return n, f.failed
}

// length returns how long the header is, as far as is known.
func (f *frames) length() int {
	n := 2
	if f.have < n {
		return n
	}
	switch f.header[1] &^ masked {
	case 126:
		n += 2
	case 127:
		n += 8
	}
	if f.header[1]&masked != 0 {
		n += 4
	}
	return n
}

// begin looks at a header that is whole.
func (f *frames) begin() error {
	kind, isLast := f.header[0]&0xf, f.header[0]&last != 0
	size := uint64(f.header[1] &^ masked)
	rest := f.header[2:f.have]
	switch size {
	case 126:
		size, rest = uint64(binary.BigEndian.Uint16(rest)), rest[2:]
	case 127:
		size, rest = binary.BigEndian.Uint64(rest), rest[8:]
	}
	switch isMasked := f.header[1]&masked != 0; {
	case f.header[0]&reserved != 0:
		return violates("a frame has reserved bits")
	case f.ofClient && !isMasked:
		return violates("a client's frame is not masked")
	case !f.ofClient && isMasked:
		return violates("a server's frame is masked")
	case size > 1<<63-1:
		return violates("a frame has the length %d", size)
	}
	if f.ofClient {
		f.key = binary.LittleEndian.Uint32(rest)
	}
	f.left = int64(size)
	switch kind {
	case closeFrame, pingFrame, pongFrame:
		if !isLast || size > mostControl {
			return violates("a control frame is in parts or has more than %d bytes", mostControl)
		}
		f.control = f.control[:0]
		return nil
	case continuation:
		if f.kind == continuation {
			return violates("a message goes on that has not begun")
		}
	case textFrame, binaryFrame:
		switch {
		case f.kind != continuation:
			return violates("a message begins within another")
		case f.ended:
			return violates("a message came after its end")
		}
		f.kind, f.size = kind, 0
	default:
		return violates("a frame is of the unknown kind %d", kind)
	}
	if f.left > f.most-f.size {
		return fmt.Errorf("the peer sent a message of more than %d bytes, which option max-message allows: %w", f.most, websocket.ErrMessageTooBig)
	}
	f.size += f.left
	return nil
}

// finish looks at a frame that is whole.
func (f *frames) finish() error {
	f.have = 0
	switch f.header[0] & 0xf {
	case closeFrame:
		return parseClose(f.control, f.kind != continuation)
	case pingFrame:
		f.ping(f.control)
	case pongFrame:
	default:
		if f.header[0]&last != 0 {
			f.ended = f.halves && f.kind == binaryFrame && f.size == 0
			f.kind = continuation
		}
	}
	return nil
}
