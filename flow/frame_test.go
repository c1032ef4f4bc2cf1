package flow

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"runtime"
	"testing"
)

func TestAFrameIsReadAsItWasWritten(t *testing.T) {
	for _, f := range []Frame{
		{Data, 0, []byte("x")}, {Data, math.MaxUint64, nil}, {Kind: Window, Offset: 1 << 63}, {Kind: Ack}, {Kind: Fin, Offset: 7},
		{Kind: Stop, Offset: 1}, {Reset, 3, []byte("why")}, {Kind: Ping, Offset: math.MaxUint64},
	} {
		m := f.Append([]byte("before"))[len("before"):]
		m = append(m, "behind"...)
		got, rest, err := Parse(m)
		if err != nil || got.Kind != f.Kind || got.Offset != f.Offset || !bytes.Equal(got.Payload, f.Payload) || string(rest) != "behind" {
			t.Errorf("%v: got %+v, %q, %v", f, got, rest, err)
		}
		for short := range len(f.Append(nil)) {
			if _, _, err := Parse(m[:short]); !errors.As(err, new(*ProtocolError)) {
				t.Errorf("%v cut to %d bytes: %v", f, short, err)
			}
		}
	}
}

// claims are messages whose lengths and offsets promise what is not there.
func claims() map[string][]byte {
	data := func(offset uint64, size uint32) []byte {
		m := binary.BigEndian.AppendUint64([]byte{byte(Data)}, offset)
		return append(binary.BigEndian.AppendUint32(m, size), "some"...)
	}
	reset := data(0, math.MaxUint32)
	reset[0] = byte(Reset)
	return map[string][]byte{
		"a length of 2^31-1":        data(0, math.MaxInt32),
		"a length of 2^32-1":        data(0, math.MaxUint32),
		"an offset of 2^63-1":       data(math.MaxInt64, 4),
		"an offset of 2^64-1":       data(math.MaxUint64, 4),
		"both":                      data(math.MaxUint64, math.MaxUint32),
		"a cause of 2^32-1":         reset,
		"a cause that is too long":  Frame{Reset, 0, make([]byte, MaxCause+1)}.Append(nil),
		"a FIN at 2^64-1":           Frame{Kind: Fin, Offset: math.MaxUint64}.Append(nil),
		"a PING at 2^63":            Frame{Kind: Ping, Offset: 1 << 63}.Append(nil),
		"an ACK of 2^64-1":          Frame{Kind: Ack, Offset: math.MaxUint64}.Append(nil),
		"bytes that were not asked": Frame{Data, 0, make([]byte, DefaultWindow+1)}.Append(nil),
	}
}

func TestR36_ClaimsAreErrorsAndTakeNoMemory(t *testing.T) {
	for name, m := range claims() {
		s := New(Config{}, func(*Stream) {})
		s.Next()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		err := s.Receive(m)
		runtime.ReadMemStats(&after)
		if !errors.As(err, new(*ProtocolError)) {
			t.Errorf("%s: %v", name, err)
		}
		if took := after.TotalAlloc - before.TotalAlloc; took > 64<<10 {
			t.Errorf("%s took %d bytes", name, took)
		}
	}
}

// A peer that sends its window in single bytes must not cost many times that.
func TestManySmallMessagesTakeLittleMoreThanTheirBytes(t *testing.T) {
	s := New(Config{}, func(*Stream) {})
	s.Next()
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for i := range DefaultWindow {
		if err := s.Receive(Frame{Data, uint64(i), []byte{1}}.Append(nil)); err != nil {
			t.Fatal(err)
		}
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if held := int64(after.HeapAlloc) - int64(before.HeapAlloc); held > 2*DefaultWindow {
		t.Errorf("%d bytes take %d", DefaultWindow, held)
	}
	if in, _ := s.Waiting(); in != DefaultWindow {
		t.Errorf("%d bytes wait", in)
	}
}
