package compress_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/duplex-go/duplex/deflate"
)

// FuzzTransforms decodes anything, cut in any way, in every format: the cuts
// change nothing, what comes out is bounded, and a failure is of a known kind.
// Then it encodes what it was given, with flushes, and decodes that.
func FuzzTransforms(f *testing.F) {
	all := formats()
	for i, ft := range all {
		f.Add(uint8(i), ft.encoded(f, []byte("some text, some text")), uint16(7))
	}
	f.Fuzz(func(t *testing.T, which uint8, in []byte, cut uint16) {
		if len(in) > 1<<15 {
			return
		}
		ft := all[int(which)%len(all)]
		const most = 1 << 20
		tr := ft.decode(guard{maxOutput: most})
		whole, err := decoded(tr, bytes.NewReader(in))
		pieces, perr := decoded(tr, &stepper{in, int(cut%512) + 1})
		same := bytes.Equal(whole, pieces)
		if err != nil && ft.foreign() {
			// How much comes before a failure is up to a decoder that is not ours.
			same = bytes.HasPrefix(whole, pieces) || bytes.HasPrefix(pieces, whole)
		}
		if !same || (err == nil) != (perr == nil) || len(whole) > most {
			t.Fatalf("%s: %d bytes, %v; in pieces %d bytes, %v", ft.name, len(whole), err, len(pieces), perr)
		}
		if err != nil && !known(err) {
			t.Fatalf("%s: %v", ft.name, err)
		}

		var z bytes.Buffer
		w := ft.encode.Writer(&z).(writeFlusher)
		for rest := in; len(rest) > 0; {
			n := min(len(rest), int(cut%4096)+1)
			if _, err := w.Write(rest[:n]); err != nil {
				t.Fatal(err)
			}
			if rest = rest[n:]; cut%3 == 0 {
				if err := w.Flush(); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		if back, err := decoded(ft.decode(guard{}), &z); err != nil || !bytes.Equal(back, in) {
			t.Fatalf("%s: %d bytes back of %d, %v", ft.name, len(back), len(in), err)
		}
	})
}

// foreign reports whether others wrote the decoder.
func (f format) foreign() bool {
	return strings.HasPrefix(f.name, "br") || strings.HasPrefix(f.name, "zstd")
}

// known reports whether err is of a kind that a caller can tell.
func known(err error) bool {
	for _, kind := range []error{
		io.ErrUnexpectedEOF, deflate.ErrHeader, deflate.ErrWindow, deflate.ErrCorrupt, deflate.ErrChecksum, deflate.ErrLength,
		deflate.ErrNoDictionary, deflate.ErrDictionary, deflate.ErrTooLarge,
	} {
		if errors.Is(err, kind) {
			return true
		}
	}
	return false
}

// stepper gives n bytes at a time.
type stepper struct {
	b []byte
	n int
}

func (s *stepper) Read(p []byte) (int, error) {
	if len(s.b) == 0 {
		return 0, io.EOF
	}
	n := copy(p[:min(len(p), s.n)], s.b)
	s.b = s.b[n:]
	return n, nil
}
