package compress_test

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/compress"
	"github.com/duplex-go/duplex/deflate"
)

// guard is what the decoders of all formats can be told.
type guard struct {
	trailing       deflate.Trailing
	maxOutput      int64
	maxRatio       int
	allowTruncated bool
}

// format is one of the formats, or one of the ways to write it.
type format struct {
	name   string
	encode duplex.Transform
	decode func(g guard) duplex.Transform
	// checked formats find damage by a checksum.
	checked bool
}

func (f format) codec() duplex.Codec {
	return duplex.Codec{Encode: f.encode, Decode: f.decode(guard{})}
}

var testDict = []byte("a dictionary that both sides have, with words such as hello and flush in it")

// formats returns all of them.
func formats() []format {
	inflating := func(f func(compress.DecoderOptions) duplex.Transform, o compress.DecoderOptions) func(g guard) duplex.Transform {
		return func(g guard) duplex.Transform {
			o := o
			o.Trailing, o.MaxOutput, o.MaxRatio, o.AllowTruncated = g.trailing, g.maxOutput, g.maxRatio, g.allowTruncated
			return f(o)
		}
	}
	plain := compress.DecoderOptions{}
	dict := compress.DecoderOptions{Dict: testDict}
	gunzip := inflating(compress.Gunzip, plain)
	unzip := inflating(compress.Unzip, plain)
	unzstd := func(o compress.UnzstdOptions) func(g guard) duplex.Transform {
		return func(g guard) duplex.Transform {
			o := o
			o.Trailing, o.MaxOutput, o.MaxRatio, o.AllowTruncated = g.trailing, g.maxOutput, g.maxRatio, g.allowTruncated
			return compress.Unzstd(o)
		}
	}
	unbr := func(g guard) duplex.Transform {
		return compress.Unbrotli(compress.UnbrotliOptions{
			Trailing: g.trailing, MaxOutput: g.maxOutput, MaxRatio: g.maxRatio, AllowTruncated: g.allowTruncated,
		})
	}
	return []format{
		{"gzip", compress.Gzip(compress.Options{}), gunzip, true},
		{"gzip level 9 with a header", compress.Gzip(compress.Options{Level: 9, Header: deflate.Header{Name: "a", Comment: "b", Extra: []byte("c"), CRC: true}}), gunzip, true},
		{"gzip level 0", compress.Gzip(compress.Options{Level: deflate.Stored}), gunzip, true},
		{"gzip steady", compress.Gzip(compress.Options{Steady: true}), unzip, true},
		{"gzip parallel", compress.Gzip(compress.Options{Steady: true, Parallel: 2}), gunzip, true},
		{"gzip parked", compress.Gzip(compress.Options{Park: 4 << 10}), gunzip, true},
		{"gzip fast", compress.Gzip(compress.Options{Fast: true}), gunzip, true},
		{"deflate", compress.Deflate(compress.Options{Strategy: deflate.Filtered}), inflating(compress.Inflate, plain), true},
		{"deflate unzip", compress.Deflate(compress.Options{WindowBits: 9, MemLevel: 1}), unzip, true},
		{"deflate dict", compress.Deflate(compress.Options{Dict: testDict}), inflating(compress.Inflate, dict), true},
		{"deflate dict parked", compress.Deflate(compress.Options{Dict: testDict, Park: 100}), inflating(compress.Inflate, dict), true},
		{"deflate dict fast", compress.Deflate(compress.Options{Dict: testDict, Fast: true}), inflating(compress.Inflate, dict), true},
		{"rawdeflate", compress.RawDeflate(compress.Options{Level: 1}), inflating(compress.RawInflate, plain), false},
		{"rawdeflate dict", compress.RawDeflate(compress.Options{Dict: testDict, Flush: deflate.FullFlush}), inflating(compress.RawInflate, dict), false},
		{"rawdeflate parked", compress.RawDeflate(compress.Options{Park: 32 << 10}), inflating(compress.RawInflate, plain), false},
		{"rawdeflate huffman fast", compress.RawDeflate(compress.Options{Fast: true, Strategy: deflate.HuffmanOnly}), inflating(compress.RawInflate, plain), false},
		{"zstd", compress.Zstd(compress.ZstdOptions{}), unzstd(compress.UnzstdOptions{}), true},
		{"zstd level 3", compress.Zstd(compress.ZstdOptions{Level: 3}), unzstd(compress.UnzstdOptions{}), true},
		{"zstd dict", compress.Zstd(compress.ZstdOptions{Dict: testDict, WindowBits: 10}), unzstd(compress.UnzstdOptions{Dict: testDict}), true},
		{"zstd unchecked", compress.Zstd(compress.ZstdOptions{NoChecksum: true}), unzstd(compress.UnzstdOptions{}), false},
		{"br", compress.Brotli(compress.BrotliOptions{}), unbr, false},
		{"br quality 0", compress.Brotli(compress.BrotliOptions{Quality: compress.BrotliFastest, WindowBits: 18}), unbr, false},
	}
}

func formatNamed(t testing.TB, name string) format {
	t.Helper()
	for _, f := range formats() {
		if f.name == name {
			return f
		}
	}
	t.Fatalf("no format %q", name)
	return format{}
}

// eachFormat runs f for every format.
func eachFormat(t *testing.T, f func(t *testing.T, f format)) {
	t.Helper()
	for _, ft := range formats() {
		t.Run(ft.name, func(t *testing.T) { f(t, ft) })
	}
}

// encoded returns what the format makes of p.
func (f format) encoded(t testing.TB, p []byte) []byte {
	t.Helper()
	out, err := compress.Compress(f.encode, p)
	if err != nil {
		t.Fatalf("compress: %v", err)
	}
	return out
}

// decoded reads r through t, which is closed.
func decoded(tr duplex.Transform, r io.Reader) ([]byte, error) {
	z := tr.Reader(r)
	defer z.Close()
	return io.ReadAll(z)
}

// text returns n bytes that compress about as prose does.
func text(n int) []byte {
	rnd := rand.New(rand.NewPCG(1, uint64(n)))
	var b bytes.Buffer
	for b.Len() < n {
		fmt.Fprintf(&b, "%s %d ", []string{"hello", "flush", "stream", "the", "of", "duplex", "window"}[rnd.IntN(7)], rnd.IntN(300))
	}
	return b.Bytes()[:n]
}

// noise returns n bytes that do not compress.
func noise(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{byte(n)}).Read(b)
	return b
}

// samples are inputs worth a look each.
func samples() map[string][]byte {
	return map[string][]byte{
		"nothing": {}, "a byte": {'x'}, "text": text(5000), "long text": text(300_000), "noise": noise(150_000), "zeros": make([]byte, 400_000),
	}
}
