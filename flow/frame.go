package flow

import (
	"encoding/binary"
	"fmt"
)

// Kind says what a frame is about.
type Kind uint8

// The kinds of frames; the package's documentation says what they mean.
const (
	Data Kind = 1 + iota
	Window
	Ack
	Fin
	Stop
	Reset
	Ping
)

var kindNames = [...]string{Data: "DATA", Window: "WINDOW", Ack: "ACK", Fin: "FIN", Stop: "STOP", Reset: "RESET", Ping: "PING"}

func (k Kind) String() string {
	if k.known() {
		return kindNames[k]
	}
	return fmt.Sprintf("kind %d", uint8(k))
}

func (k Kind) known() bool { return Data <= k && k <= Ping }

// carries reports whether frames of this kind have a payload.
func (k Kind) carries() bool { return k == Data || k == Reset }

const (
	offsetSize = 8
	headSize   = 1 + offsetSize // of a frame without a payload
	dataHead   = headSize + 4   // of one with a payload

	// MaxCause is how many bytes of the text of an abort's cause are passed on.
	MaxCause = 512

	// controls is the room for the frames that may follow DATA in a message, a
	// RESET apart.
	controls = 5 * headSize

	// Overhead is how many bytes of a message are not payload, at most: a
	// carrier whose messages are limited subtracts it for Config.MaxPayload.
	Overhead = dataHead + controls + dataHead + MaxCause
)

// Frame is one frame.
type Frame struct {
	Kind    Kind
	Offset  uint64
	Payload []byte // of DATA and RESET
}

// Append appends f to b.
func (f Frame) Append(b []byte) []byte {
	b = append(b, byte(f.Kind))
	b = binary.BigEndian.AppendUint64(b, f.Offset)
	if f.Kind.carries() {
		b = binary.BigEndian.AppendUint32(b, uint32(len(f.Payload)))
		b = append(b, f.Payload...)
	}
	return b
}

// Parse returns the first frame of a message and what follows it. The payload
// is a part of message. Nothing is allocated for what a frame only claims. The
// error is a [ProtocolError].
func Parse(message []byte) (f Frame, rest []byte, err error) {
	if len(message) < headSize {
		return Frame{}, nil, protocolError("a message of the peer ends within a frame's head")
	}
	f.Kind = Kind(message[0])
	if !f.Kind.known() {
		return Frame{}, nil, protocolError("the peer sent a frame of the unknown kind %d", message[0])
	}
	f.Offset = binary.BigEndian.Uint64(message[1:])
	message = message[headSize:]
	if !f.Kind.carries() {
		return f, message, nil
	}
	if len(message) < dataHead-headSize {
		return Frame{}, nil, protocolError("a message of the peer ends within a frame's head")
	}
	size := uint64(binary.BigEndian.Uint32(message))
	message = message[dataHead-headSize:]
	if size > uint64(len(message)) {
		return Frame{}, nil, protocolError("a %v frame of the peer claims %d bytes and has %d", f.Kind, size, len(message))
	}
	if f.Kind == Reset && size > MaxCause {
		return Frame{}, nil, protocolError("the cause in a RESET of the peer has %d bytes, more than %d", size, MaxCause)
	}
	f.Payload = message[:size:size]
	return f, message[size:], nil
}
