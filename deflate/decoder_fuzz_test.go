package deflate_test

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/duplex-go/duplex/deflate"
)

const fuzzLimit = 1 << 20

// goVerdict decodes with Go's own packages.
func goVerdict(f deflate.Format, data []byte) ([]byte, error) {
	r := bytes.NewReader(data)
	var z io.Reader
	var err error
	switch f {
	case deflate.Raw:
		z = flate.NewReader(r)
	case deflate.Zlib:
		z, err = zlib.NewReader(r)
	case deflate.Gzip:
		var g *gzip.Reader
		if g, err = gzip.NewReader(r); err == nil {
			g.Multistream(false)
			z = g
		}
	}
	if err != nil {
		return nil, err
	}
	out, err := io.ReadAll(io.LimitReader(z, fuzzLimit))
	return out, err
}

// FuzzDecoder decodes anything, cut in any way: the cuts change nothing, and
// where Go's decoders are content, so is this one.
func FuzzDecoder(f *testing.F) {
	f.Add([]byte{}, uint8(0), uint16(0), uint16(1))
	f.Add([]byte("\x03\x00"), uint8(0), uint16(1), uint16(1))
	f.Add([]byte("\x78\x9c\x4b\x4c\x4a\x06\x00\x02\x4d\x01\x27"), uint8(1), uint16(2), uint16(3))
	f.Add([]byte("\x1f\x8b\x08\x1f\x00\x00\x00\x00\x00\x03"), uint8(2), uint16(3), uint16(100))
	f.Add([]byte("\x05\xe0\x81\x00\x00\x00\x00\x00\x10\xff\xd5\x08"), uint8(0), uint16(5), uint16(7))
	f.Add([]byte("\x4b\x04\x12\x00"), uint8(4), uint16(5), uint16(7))
	f.Fuzz(func(t *testing.T, data []byte, format uint8, step, room uint16) {
		o := deflate.DecoderOptions{Format: deflate.Format(format % 4), MaxOutput: fuzzLimit, Trailing: deflate.TrailingReturn}
		if len(data) > 1<<16 {
			return
		}
		if format&4 != 0 && o.Format == deflate.Raw {
			// The smallest ring, filled up to where it begins anew.
			o.WindowBits = 8
			stored := repeatable(8700-int(room%700), 1)
			n := uint16(len(stored))
			data = slices.Concat([]byte{0, byte(n), byte(n >> 8), ^byte(n), ^byte(n >> 8)}, stored, data)
		}
		whole := decodeAll(t, o, data, 0, 1<<16)
		cut := decodeAll(t, o, data, int(step%300)+1, int(room)+1)
		if !bytes.Equal(whole.out, cut.out) || whole.used != cut.used && whole.err == nil || (whole.err == nil) != (cut.err == nil) ||
			whole.err != nil && whole.err.Error() != cut.err.Error() {
			t.Fatalf("pieces of %d, room of %d: %d bytes, %v; in one: %d bytes, %v", step%300+1, room+1, len(cut.out), cut.err, len(whole.out), whole.err)
		}
		var e *deflate.Error
		if whole.err != nil && (!errors.As(whole.err, &e) || e.Offset < 0 || e.Offset > int64(len(data)) || strings.Contains(e.Error(), "\n")) {
			t.Fatalf("error %v", whole.err)
		}
		if len(whole.out) > fuzzLimit {
			t.Fatalf("%d bytes came out", len(whole.out))
		}
		if o.Format == deflate.Auto {
			return
		}
		out, err := goVerdict(o.Format, data)
		switch {
		case len(out) >= fuzzLimit:
		case whole.err == nil && (err != nil && !goRefuses(o.Format, data, err) || err == nil && !bytes.Equal(out, whole.out)):
			t.Fatalf("%d bytes; Go: %d bytes, %v", len(whole.out), len(out), err)
		case err == nil && whole.err != nil && !goTolerates(whole.err, o.WindowBits != 0):
			t.Fatalf("%v; Go decodes %d bytes", whole.err, len(out))
		}
	})
}

// goRefuses names what zlib decodes and Go does not: a gzip name or comment
// longer than 512 bytes, or a zlib header with a dictionary.
func goRefuses(f deflate.Format, data []byte, err error) bool {
	return f == deflate.Gzip && errors.Is(err, gzip.ErrHeader) && data[3]&0x18 != 0
}

// goTolerates names what Go decodes and zlib does not: a code length code of
// one symbol, reserved header flags, a block without an end code, and a match
// beyond a window smaller than the full one.
func goTolerates(err error, far bool) bool {
	var e *deflate.Error
	return errors.As(err, &e) && (far && e.Detail == "invalid distance too far back" || e.Detail == "invalid code lengths set" || e.Detail == "unknown header flags set" ||
		e.Detail == "invalid code -- missing end-of-block")
}

// FuzzDecoderRoundTrip codes anything with Go and decodes it, cut in any way,
// through each of the three shapes.
func FuzzDecoderRoundTrip(f *testing.F) {
	f.Add([]byte{}, int8(6), uint8(0), uint16(0))
	f.Add([]byte("abc"), int8(-2), uint8(1), uint16(1))
	f.Add([]byte(strings.Repeat("abc", 1000)), int8(9), uint8(2), uint16(7))
	f.Add(bytes.Repeat([]byte{0}, 40_000), int8(1), uint8(0), uint16(100))
	f.Add(repeatable(5000, 1), int8(0), uint8(1), uint16(1000))
	f.Fuzz(func(t *testing.T, plain []byte, level int8, format uint8, step uint16) {
		o := deflate.DecoderOptions{Format: deflate.Format(format % 3)}
		l := int(uint8(level))%12 - 2
		var coded []byte
		switch o.Format {
		case deflate.Raw:
			coded = goRaw(t, plain, l)
		case deflate.Zlib:
			coded = goZlib(t, plain, l)
		case deflate.Gzip:
			coded = goGzip(t, plain, l)
		}
		n := int(step)%len(coded) + 1
		if v := decodeAll(t, o, coded, n, int(step)+1); v.err != nil || !bytes.Equal(v.out, plain) || v.used != int64(len(coded)) {
			t.Fatalf("decoder: %v, %d of %d bytes", v.err, len(v.out), len(plain))
		}
		z, err := deflate.NewReader(io.MultiReader(bytes.NewReader(coded[:n]), bytes.NewReader(coded[n:])), o)
		if err != nil {
			t.Fatal(err)
		}
		if out, err := io.ReadAll(z); err != nil || !bytes.Equal(out, plain) {
			t.Fatalf("reader: %v, %d of %d bytes", err, len(out), len(plain))
		}
		var out bytes.Buffer
		w, err := deflate.NewDecodeWriter(&out, o)
		if err != nil {
			t.Fatal(err)
		}
		_, err1 := w.Write(coded[:n])
		_, err2 := w.Write(coded[n:])
		if err := errors.Join(err1, err2, w.Close()); err != nil || !bytes.Equal(out.Bytes(), plain) {
			t.Fatalf("writer: %v, %d of %d bytes", err, out.Len(), len(plain))
		}
	})
}

// R42: a corpus that does not load guards nothing.
func TestDecoder_FuzzCorpora_ExistAndLoad(t *testing.T) {
	for _, target := range []string{"FuzzDecoder", "FuzzDecoderRoundTrip"} {
		files, err := filepath.Glob(filepath.Join("testdata", "fuzz", target, "*"))
		if err != nil || len(files) < 5 {
			t.Errorf("%s has %d files of corpus, want at least 5: %v", target, len(files), err)
		}
		for _, name := range files {
			p, err := os.ReadFile(name)
			if err != nil || !bytes.HasPrefix(p, []byte("go test fuzz v1\n[]byte(")) {
				t.Errorf("%s is no corpus file: %v", name, err)
			}
		}
	}
}
