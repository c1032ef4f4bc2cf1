package main

import (
	"bytes"
	stdflate "compress/flate"
	stdgzip "compress/gzip"
	stdzlib "compress/zlib"
	"fmt"
	"io"
	"sync"
	"testing"

	"github.com/duplex-go/duplex/deflate"
	kflate "github.com/klauspost/compress/flate"
	kgzip "github.com/klauspost/compress/gzip"
	kzlib "github.com/klauspost/compress/zlib"
)

// texts are the inputs, by name.
var texts = sync.OnceValue(func() map[string][]byte {
	list, err := corpora(8 << 20)
	if err != nil {
		panic(err)
	}
	texts := make(map[string][]byte)
	for _, c := range list {
		texts[c.name] = c.data
	}
	return texts
})

var textNames = []string{"source", "logs", "binary"}

func coded(b *testing.B, format string, plain []byte) []byte {
	var out bytes.Buffer
	var w io.WriteCloser
	switch format {
	case "raw":
		w, _ = stdflate.NewWriter(&out, 6)
	case "gzip":
		w, _ = stdgzip.NewWriterLevel(&out, 6)
	case "zlib":
		w, _ = stdzlib.NewWriterLevel(&out, 6)
	}
	w.Write(plain)
	if err := w.Close(); err != nil {
		b.Fatal(err)
	}
	return out.Bytes()
}

// decoder is one that can be used again.
type decoder struct {
	name string
	open func(src *bytes.Reader) (io.Reader, func(*bytes.Reader))
}

func reusable(format string) []decoder {
	f := map[string]deflate.Format{"raw": deflate.Raw, "gzip": deflate.Gzip, "zlib": deflate.Zlib}[format]
	ours := decoder{"duplex", func(src *bytes.Reader) (io.Reader, func(*bytes.Reader)) {
		z, err := deflate.NewReader(src, deflate.DecoderOptions{Format: f})
		if err != nil {
			panic(err)
		}
		return z, func(r *bytes.Reader) { z.Reset(r) }
	}}
	switch format {
	case "raw":
		return []decoder{ours,
			{"std", func(src *bytes.Reader) (io.Reader, func(*bytes.Reader)) {
				z := stdflate.NewReader(src)
				return z, func(r *bytes.Reader) { z.(stdflate.Resetter).Reset(r, nil) }
			}},
			{"klauspost", func(src *bytes.Reader) (io.Reader, func(*bytes.Reader)) {
				z := kflate.NewReader(src)
				return z, func(r *bytes.Reader) { z.(kflate.Resetter).Reset(r, nil) }
			}}}
	case "gzip":
		return []decoder{ours,
			{"std", func(src *bytes.Reader) (io.Reader, func(*bytes.Reader)) {
				z, _ := stdgzip.NewReader(src)
				return z, func(r *bytes.Reader) { z.Reset(r) }
			}},
			{"klauspost", func(src *bytes.Reader) (io.Reader, func(*bytes.Reader)) {
				z, _ := kgzip.NewReader(src)
				return z, func(r *bytes.Reader) { z.Reset(r) }
			}}}
	}
	return []decoder{ours,
		{"std", func(src *bytes.Reader) (io.Reader, func(*bytes.Reader)) {
			z, _ := stdzlib.NewReader(src)
			return z, func(r *bytes.Reader) { z.(stdzlib.Resetter).Reset(r, nil) }
		}},
		{"klauspost", func(src *bytes.Reader) (io.Reader, func(*bytes.Reader)) {
			z, _ := kzlib.NewReader(src)
			return z, func(r *bytes.Reader) { z.(kzlib.Resetter).Reset(r, nil) }
		}}}
}

// BenchmarkDecode decodes whole streams through Read with a 32 KiB buffer.
func BenchmarkDecode(b *testing.B) {
	for _, format := range []string{"raw", "gzip", "zlib"} {
		for _, name := range textNames {
			plain := texts()[name]
			data := coded(b, format, plain)
			for _, p := range reusable(format) {
				b.Run(format+"/"+name+"/"+p.name, func(b *testing.B) {
					src := bytes.NewReader(data)
					z, reset := p.open(src)
					buf := make([]byte, 32<<10)
					b.SetBytes(int64(len(plain)))
					b.ReportAllocs()
					for b.Loop() {
						src.Reset(data)
						reset(src)
						n, err := io.CopyBuffer(&counter{}, struct{ io.Reader }{z}, buf)
						if err != nil || n != int64(len(plain)) {
							b.Fatal(n, err)
						}
					}
				})
			}
		}
	}
}

// BenchmarkSmall decodes short messages, as on a websocket.
func BenchmarkSmall(b *testing.B) {
	for _, name := range textNames {
		for _, size := range []int{100, 1 << 10, 16 << 10} {
			plain := texts()[name][100_000:][:size]
			data := coded(b, "raw", plain)
			for _, p := range reusable("raw") {
				b.Run(fmt.Sprintf("%s/%d/%s", name, size, p.name), func(b *testing.B) {
					src := bytes.NewReader(data)
					z, reset := p.open(src)
					buf := make([]byte, size)
					b.SetBytes(int64(size))
					b.ReportAllocs()
					for b.Loop() {
						src.Reset(data)
						reset(src)
						if n, err := io.ReadFull(z, buf); err != nil {
							b.Fatal(n, err)
						}
					}
				})
			}
		}
	}
}
