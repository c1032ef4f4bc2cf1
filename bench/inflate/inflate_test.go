// Package inflate sets the decoder beside its peers: Go's compress/flate and
// klauspost/compress/flate, in one process, on the same streams.
//
//	go test -bench . -count 6 | tee new.txt
package inflate

import (
	"bytes"
	stdflate "compress/flate"
	stdgzip "compress/gzip"
	stdzlib "compress/zlib"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/duplex-go/duplex/deflate"
	kflate "github.com/klauspost/compress/flate"
	kgzip "github.com/klauspost/compress/gzip"
	kzlib "github.com/klauspost/compress/zlib"
)

const corpusSize = 8 << 20

// corpora are what the issue names: source text, JSON logs, a binary.
var corpora = sync.OnceValue(func() map[string][]byte {
	return map[string][]byte{"source": source(), "json": logs(), "binary": binary()}
})

var corpusNames = []string{"source", "json", "binary"}

func source() []byte {
	var b bytes.Buffer
	filepath.WalkDir(filepath.Join(runtime.GOROOT(), "src"), func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && strings.HasSuffix(path, ".go") {
			p, _ := os.ReadFile(path)
			b.Write(p)
		}
		if b.Len() >= corpusSize {
			return fs.SkipAll
		}
		return nil
	})
	return b.Bytes()[:min(b.Len(), corpusSize)]
}

func logs() []byte {
	r := rand.New(rand.NewPCG(1, 2))
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	start := time.Date(2024, 1, 2, 3, 4, 5, 0, time.UTC)
	paths := []string{"/", "/index.html", "/api/v1/users", "/api/v1/streams", "/static/app.js", "/health"}
	for b.Len() < corpusSize {
		start = start.Add(time.Duration(r.IntN(1e9)))
		e.Encode(map[string]any{"time": start, "level": []string{"INFO", "WARN", "ERROR"}[r.IntN(16)/7],
			"msg": "request served", "method": "GET", "path": paths[r.IntN(len(paths))], "status": 200 + r.IntN(3)*100,
			"bytes": r.IntN(1 << 20), "remote": fmt.Sprintf("10.%d.%d.%d", r.IntN(4), r.IntN(256), r.IntN(256)),
			"id": fmt.Sprintf("%016x", r.Uint64())})
	}
	return b.Bytes()[:corpusSize]
}

func binary() []byte {
	p, err := os.ReadFile(filepath.Join(runtime.GOROOT(), "bin", "go"))
	if err != nil {
		p, _ = os.ReadFile(os.Args[0])
	}
	return p[:min(len(p), corpusSize)]
}

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

type peer struct {
	name string
	open func(src *bytes.Reader) (io.Reader, func(*bytes.Reader))
}

func peers(format string) []peer {
	f := map[string]deflate.Format{"raw": deflate.Raw, "gzip": deflate.Gzip, "zlib": deflate.Zlib}[format]
	ours := peer{"duplex", func(src *bytes.Reader) (io.Reader, func(*bytes.Reader)) {
		z, err := deflate.NewReader(src, deflate.DecoderOptions{Format: f})
		if err != nil {
			panic(err)
		}
		return z, func(r *bytes.Reader) { z.Reset(r) }
	}}
	switch format {
	case "raw":
		return []peer{ours,
			{"std", func(src *bytes.Reader) (io.Reader, func(*bytes.Reader)) {
				z := stdflate.NewReader(src)
				return z, func(r *bytes.Reader) { z.(stdflate.Resetter).Reset(r, nil) }
			}},
			{"klauspost", func(src *bytes.Reader) (io.Reader, func(*bytes.Reader)) {
				z := kflate.NewReader(src)
				return z, func(r *bytes.Reader) { z.(kflate.Resetter).Reset(r, nil) }
			}}}
	case "gzip":
		return []peer{ours,
			{"std", func(src *bytes.Reader) (io.Reader, func(*bytes.Reader)) {
				z, _ := stdgzip.NewReader(src)
				return z, func(r *bytes.Reader) { z.Reset(r) }
			}},
			{"klauspost", func(src *bytes.Reader) (io.Reader, func(*bytes.Reader)) {
				z, _ := kgzip.NewReader(src)
				return z, func(r *bytes.Reader) { z.Reset(r) }
			}}}
	}
	return []peer{ours,
		{"std", func(src *bytes.Reader) (io.Reader, func(*bytes.Reader)) {
			z, _ := stdzlib.NewReader(src)
			return z, func(r *bytes.Reader) { z.(stdzlib.Resetter).Reset(r, nil) }
		}},
		{"klauspost", func(src *bytes.Reader) (io.Reader, func(*bytes.Reader)) {
			z, _ := kzlib.NewReader(src)
			return z, func(r *bytes.Reader) { z.(kzlib.Resetter).Reset(r, nil) }
		}}}
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }

// BenchmarkDecode decodes whole streams through Read with a 32 KiB buffer.
func BenchmarkDecode(b *testing.B) {
	for _, format := range []string{"raw", "gzip", "zlib"} {
		for _, name := range corpusNames {
			plain := corpora()[name]
			data := coded(b, format, plain)
			for _, p := range peers(format) {
				b.Run(format+"/"+name+"/"+p.name, func(b *testing.B) {
					src := bytes.NewReader(data)
					z, reset := p.open(src)
					buf := make([]byte, 32<<10)
					b.SetBytes(int64(len(plain)))
					b.ReportAllocs()
					for b.Loop() {
						src.Reset(data)
						reset(src)
						n, err := io.CopyBuffer(discard{}, struct{ io.Reader }{z}, buf)
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
	for _, name := range corpusNames {
		for _, size := range []int{100, 1 << 10, 16 << 10} {
			plain := corpora()[name][100_000:][:size]
			data := coded(b, "raw", plain)
			for _, p := range peers("raw") {
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
