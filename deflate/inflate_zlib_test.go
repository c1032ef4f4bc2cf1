package deflate_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/duplex-go/duplex/deflate"
)

// sameVerdict compares what the decoder made of data with zlib's verdict.
func sameVerdict(o deflate.DecoderOptions, v verdict, a oracleAnswer) error {
	var e *deflate.Error
	switch {
	case v.err != nil && !errors.As(v.err, &e):
		return fmt.Errorf("error %v is no *Error", v.err)
	case a.Err == "" && a.End:
		if v.err != nil {
			return fmt.Errorf("got %v, zlib decodes it", v.err)
		}
		if int64(a.Used) != v.used {
			return fmt.Errorf("%d bytes used, zlib used %d", v.used, a.Used)
		}
	case a.Err == "":
		if !errors.Is(v.err, io.ErrUnexpectedEOF) {
			return fmt.Errorf("got %v, zlib wants more input", v.err)
		}
	case strings.HasPrefix(a.Err, "Error 2 "):
		want := deflate.ErrNoDictionary
		if o.Dict != nil {
			want = deflate.ErrDictionary
		}
		if !errors.Is(v.err, want) {
			return fmt.Errorf("got %v, zlib needs a dictionary", v.err)
		}
	case strings.Contains(a.Err, "zdict") || strings.Contains(a.Err, "dictionary"):
		if !errors.Is(v.err, deflate.ErrDictionary) {
			return fmt.Errorf("got %v, zlib says %s", v.err, a.Err)
		}
		return nil
	default:
		if v.err == nil || !strings.HasSuffix(a.Err, ": "+e.Detail) {
			return fmt.Errorf("got %v, zlib says %s", v.err, a.Err)
		}
	}
	// Python drops what came out in a piece that has an error.
	if !bytes.HasPrefix(v.out, a.Out) || a.Err == "" && len(v.out) != len(a.Out) {
		return fmt.Errorf("output differs: %d bytes, zlib %d", len(v.out), len(a.Out))
	}
	return nil
}

func TestDecoder_SmallStreams_DecodeWhateverTheCuts(t *testing.T) {
	for _, s := range makeSmallStreams(t) {
		for _, step := range []int{0, 1, 2, 3, 7, 64} {
			for _, room := range []int{1, 2, 5, 257, 1 << 16} {
				v := decodeAll(t, s.options, s.coded, step, room)
				if v.err != nil || !bytes.Equal(v.out, s.plain) || v.used != int64(len(s.coded)) {
					t.Errorf("%s, pieces of %d, room of %d: %v, %d of %d bytes", s.name, step, room, v.err, len(v.out), len(s.plain))
				}
			}
		}
	}
}

func TestDecoder_EveryTruncation_IsUnexpectedEOFWithAllThatCanBeDecoded(t *testing.T) {
	cases := 0
	for _, s := range makeSmallStreams(t) {
		var questions []oracleQuestion
		for i := range s.coded {
			questions = append(questions, s.question(s.coded[:i], 0))
		}
		for i, a := range ask(t, questions...) {
			v := decodeAll(t, s.options, s.coded[:i], 0, 64)
			if s.name == "gzip/two members" && a.End {
				if v.err != nil {
					t.Errorf("%s cut between its members: %v", s.name, v.err)
				}
				continue
			}
			if !errors.Is(v.err, io.ErrUnexpectedEOF) {
				t.Errorf("%s cut at %d: %v", s.name, i, v.err)
			}
			if !bytes.Equal(v.out, a.Out) {
				t.Errorf("%s cut at %d: %d bytes came out, zlib gives %d", s.name, i, len(v.out), len(a.Out))
			}
			o := s.options
			o.AllowTruncated = true
			if v := decodeAll(t, o, s.coded[:i], 0, 64); v.err != nil || !bytes.Equal(v.out, a.Out) {
				t.Errorf("%s cut at %d, truncation allowed: %v, %d bytes", s.name, i, v.err, len(v.out))
			}
			cases++
		}
	}
	t.Logf("%d truncations", cases)
}

func TestDecoder_EveryFlippedBit_GivesZlibsVerdict(t *testing.T) {
	cases := 0
	stride := max(1, fewer-1) // an odd one meets every bit of a byte in turn
	for _, s := range makeSmallStreams(t) {
		var questions []oracleQuestion
		var inputs [][]byte
		for i := 0; i < len(s.coded)*8; i += stride {
			p := bytes.Clone(s.coded)
			p[i/8] ^= 1 << (i % 8)
			inputs = append(inputs, p)
			questions = append(questions, s.question(p, 0))
		}
		for i, a := range ask(t, questions...) {
			for _, step := range []int{0, 1} {
				v := decodeAll(t, s.options, inputs[i], step, 100)
				if err := sameVerdict(s.options, v, a); err != nil {
					t.Errorf("%s, bit %d, pieces of %d: %v", s.name, i*stride, step, err)
				}
				if v.err == nil && s.options.Format != deflate.Raw && !bytes.Equal(v.out, s.plain) {
					t.Errorf("%s, bit %d: a clean end with wrong output", s.name, i*stride)
				}
				cases++
			}
		}
	}
	t.Logf("%d flips", cases)
}

func TestDecoder_ByteByByte_DeliversAsEarlyAsZlib(t *testing.T) {
	streams := makeSmallStreams(t)
	for level := range 10 {
		var parts []oraclePart
		var plain []byte
		for i, f := range []string{"none", "partial", "sync", "full", "block", "partial", "none", "block", "sync", "finish"} {
			p := prose(700+i*150, uint64(level*10+i))
			if i == 4 {
				p = repeatable(900, 4)
			}
			parts = append(parts, oraclePart{p, f})
			plain = append(plain, p...)
		}
		for _, f := range []deflate.Format{deflate.Raw, deflate.Zlib, deflate.Gzip} {
			a := ask(t, oracleQuestion{Op: "encode", Bits: oracleBits(formatWord(f), 15), Level: level, Mem: 8, Parts: parts})[0]
			streams = append(streams, codedStream{fmt.Sprintf("%s/level %d", formatWord(f), level), deflate.DecoderOptions{Format: f}, plain, a.Out})
		}
	}
	bytesSeen := 0
	for _, s := range streams {
		a := ask(t, s.question(s.coded, 1))[0]
		d, err := deflate.NewDecoder(s.options)
		if err != nil {
			t.Fatal(err)
		}
		dst, total := make([]byte, 1<<16), 0
		for i := range s.coded {
			n, _, err := d.Decode(dst, s.coded[i:i+1])
			if err != nil && err != io.EOF {
				t.Fatalf("%s: %v", s.name, err)
			}
			total += n
			if total != a.Counts[i] {
				t.Fatalf("%s: after byte %d, %d bytes have come out, zlib gives %d", s.name, i, total, a.Counts[i])
			}
			bytesSeen++
		}
		if err := d.Finish(); err != nil {
			t.Errorf("%s: %v", s.name, err)
		}
	}
	t.Logf("%d bytes", bytesSeen)
}
