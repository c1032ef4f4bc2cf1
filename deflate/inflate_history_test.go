package deflate

import (
	"bytes"
	"compress/flate"
	"math/rand/v2"
	"testing"
)

// storedThenCoded returns raw data: stored as it is, then rest, coded with what
// was stored as its window.
func storedThenCoded(t *testing.T, stored, rest []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	for p := stored; len(p) > 0; {
		n := min(len(p), 0xffff)
		b.Write([]byte{0, byte(n), byte(n >> 8), ^byte(n), ^byte(n >> 8)})
		b.Write(p[:n])
		p = p[n:]
	}
	w, err := flate.NewWriterDict(&b, 9, stored)
	if err != nil {
		t.Fatal(err)
	}
	w.Write(rest)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// Only stored blocks fill the ring to its last byte. Matches after that reach
// around its start, to bytes with nothing behind them.
func TestHistory_MatchesAroundTheEdgeOfTheRing_AreCopiedWhole(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 7))
	ring := 1<<15 + spareRoom
	for _, size := range []int{ring - fastRoom - 1, ring - fastRoom, ring - fastRoom + 1, ring - 17, ring - 16, ring - 1, ring, ring + 1, 2 * ring} {
		stored := make([]byte, size)
		for i := range stored {
			stored[i] = byte(r.Uint32())
		}
		var rest []byte
		for back := 4; back < 300; back += 1 + back/40 {
			for _, n := range []int{4, 5, 15, 16, 17, 31, 33, back} {
				at := size - back
				rest = append(rest, stored[at:min(size, at+n)]...)
				rest = append(rest, byte(r.Uint32()))
			}
		}
		plain := append(bytes.Clone(stored), rest...)
		coded := storedThenCoded(t, stored, rest)
		for _, step := range []int{len(coded), 1000, 1} {
			var out bytes.Buffer
			z, err := NewDecodeWriter(&out, DecoderOptions{})
			if err != nil {
				t.Fatal(err)
			}
			for p := coded; len(p) > 0 && err == nil; {
				n := min(step, len(p))
				_, err = z.Write(p[:n])
				p = p[n:]
			}
			if err == nil {
				err = z.Close()
			}
			if err != nil || !bytes.Equal(out.Bytes(), plain) {
				t.Errorf("%d stored, pieces of %d: %v, %d of %d bytes", size, step, err, out.Len(), len(plain))
			}
		}
	}
}
