package deflate

import (
	"bytes"
	"hash/adler32"
	"math/rand/v2"
	"testing"
)

func TestAdlerSum_IsThatOfTheStandardLibrary(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 5))
	full := bytes.Repeat([]byte{0xff}, 100_000)
	mixed := bytes.Clone(full)
	for i := range mixed {
		mixed[i] = byte(r.Uint32())
	}
	for _, p := range [][]byte{full, mixed, make([]byte, 100_000)} {
		for n := range 64 {
			if got, want := adlerSum(1, p[:n]), adler32.Checksum(p[:n]); got != want {
				t.Fatalf("%d bytes: %08x, want %08x", n, got, want)
			}
		}
		for range 200 {
			from := r.IntN(len(p))
			q := p[from : from+r.IntN(len(p)-from)]
			cut := r.IntN(len(q) + 1)
			if got, want := adlerSum(adlerSum(1, q[:cut]), q[cut:]), adler32.Checksum(q); got != want {
				t.Fatalf("%d and %d bytes: %08x, want %08x", cut, len(q)-cut, got, want)
			}
		}
	}
}

func TestDecoder_ZeroValue_DecodesRawData(t *testing.T) {
	var d Decoder
	dst := make([]byte, 10)
	// "abc" in a final stored block.
	n, used, err := d.Decode(dst, []byte{1, 3, 0, 0xfc, 0xff, 'a', 'b', 'c', 'x'})
	if err.Error() != "EOF" || string(dst[:n]) != "abc" || used != 8 {
		t.Errorf("%q, %d, %v", dst[:n], used, err)
	}
}

func BenchmarkAdlerSum(b *testing.B) {
	p := make([]byte, 32<<10)
	b.SetBytes(int64(len(p)))
	for b.Loop() {
		adlerSum(1, p)
	}
}

func BenchmarkAdlerStandard(b *testing.B) {
	p := make([]byte, 32<<10)
	b.SetBytes(int64(len(p)))
	for b.Loop() {
		adler32.Checksum(p)
	}
}
