package flow

import (
	"bytes"
	"testing"
)

// FuzzParse reads any message as frames, which written again are that message.
func FuzzParse(f *testing.F) {
	f.Fuzz(func(t *testing.T, message []byte) {
		var again []byte
		for rest := message; len(rest) > 0; {
			frame, behind, err := Parse(rest)
			if err != nil {
				again = append(again, rest...)
				break
			}
			again = frame.Append(again)
			rest = behind
		}
		if !bytes.Equal(again, message) {
			t.Errorf("%x became %x", message, again)
		}
	})
}

// FuzzReceive has a peer send any message twice, in whatever state a first one
// has brought about. What waits is never more than was allowed, nor than came.
func FuzzReceive(f *testing.F) {
	f.Fuzz(func(t *testing.T, first, second []byte, act byte) {
		s := tabled()
		_ = s.Receive(first)
		switch act % 5 {
		case 1:
			_ = s.CloseWrite()
		case 2:
			_ = s.Close()
		case 3:
			_ = s.CloseRead()
		case 4:
			s.Next()
		}
		for range 2 {
			_ = s.Receive(second)
		}
		if in, _ := s.Waiting(); in > 100 || in > 10+len(first)+len(second) {
			t.Errorf("%d bytes wait", in)
		}
		for range 10 {
			if s.Next() == nil {
				return
			}
		}
		t.Error("there is no end of what is to be sent")
	})
}

// FuzzSequence is R43 with a script that is not drawn.
func FuzzSequence(f *testing.F) {
	f.Fuzz(func(t *testing.T, script []byte, kind byte) {
		s := newSimulation(t, script, kind&0x80 != 0, simulated[int(kind&0x7f)%len(simulated)])
		s.run()
		s.check()
	})
}
