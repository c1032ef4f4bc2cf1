package ws

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"testing"

	"github.com/coder/websocket"
)

// sequence is what a peer that keeps the protocol sends, and what has to come of
// it.
type sequence struct {
	raw  []byte
	want taken
	code int // of the Close frame, or 0
}

// drawSequence draws messages in any number of frames, with control frames between
// those, perhaps an end and perhaps a Close frame.
func drawSequence(r *rand.Rand) (s sequence) {
	control := func() {
		for r.IntN(4) == 0 {
			data := drawBytes(r, 10)
			if r.IntN(2) == 0 {
				s.frame(r, last|pongFrame, data)
				continue
			}
			s.frame(r, last|pingFrame, data)
			s.want.pings = append(append(s.want.pings, '|'), data...)
		}
	}
	for range r.IntN(6) {
		control()
		kind, size := byte(1+r.IntN(2)), 0
		for isLast := false; !isLast; control() {
			data := drawBytes(r, 40)
			size += len(data)
			if isLast = r.IntN(2) == 0; isLast && size == 0 {
				data, size = []byte("not an end"), 1
			}
			first := kind
			if isLast {
				first |= last
			}
			s.frame(r, first, data)
			s.want.payload = append(s.want.payload, data...)
			kind = continuation
		}
	}
	if r.IntN(2) == 0 {
		s.frame(r, last|binaryFrame, nil)
		s.want.ended = true
		control()
	}
	if r.IntN(2) == 0 {
		s.code = []int{1000, 1001, 1005, 1011, 3000, 4999}[r.IntN(6)]
		s.frame(r, last|closeFrame, closePayload(websocket.StatusCode(s.code), "why"))
		s.raw = append(s.raw, drawBytes(r, 20)...) // nobody looks at it
	}
	return s
}

func drawBytes(r *rand.Rand, most int) []byte {
	p := make([]byte, r.IntN(most))
	for i := range p {
		p[i] = byte(r.Uint32())
	}
	return p
}

// frame adds a frame, whose length may take more bytes than it needs.
func (s *sequence) frame(r *rand.Rand, first byte, data []byte) {
	s.raw = append(s.raw, first)
	switch r.IntN(8) {
	case 0:
		s.raw = binary.BigEndian.AppendUint16(append(s.raw, masked|126), uint16(len(data)))
	case 1:
		s.raw = binary.BigEndian.AppendUint64(append(s.raw, masked|127), uint64(len(data)))
	default:
		s.raw = append(s.raw, masked|byte(len(data)))
	}
	key := r.Uint32()
	s.raw = binary.LittleEndian.AppendUint32(s.raw, key)
	at := len(s.raw)
	s.raw = append(s.raw, data...)
	mask(s.raw[at:], s.raw[at:], key)
}

func TestR43_ASequenceOfFramesBringsEveryByteOnce(t *testing.T) {
	sequences := 1_000_000
	if !full() {
		sequences = 10_000
	}
	for seed := range uint64(sequences) {
		r := rand.New(rand.NewPCG(seed, 43))
		s := drawSequence(r)
		most := 1 + r.IntN(60)
		got := takeApart(s.raw, func() int { return 1 + r.IntN(most) })
		var status *CloseError
		switch {
		case !bytes.Equal(got.payload, s.want.payload), !bytes.Equal(got.pings, s.want.pings), got.ended != s.want.ended:
			t.Fatalf("seed %d: %+v, want %+v", seed, got, s.want)
		case s.code == 0 && got.err != nil, s.code != 0 && (!errors.As(got.err, &status) || status.Code != s.code):
			t.Fatalf("seed %d: %v, want status %d", seed, got.err, s.code)
		}
	}
}
