package deflate_test

import (
	"io"
	"os"
	"strconv"
	"testing"

	"github.com/duplex-go/duplex/deflate"
)

// BenchmarkWriter compresses the files named in DEFLATE_BENCH, for profiles.
// The comparison with other compressors is in bench/gzip.
func BenchmarkWriter(b *testing.B) {
	name := os.Getenv("DEFLATE_BENCH")
	if name == "" {
		b.Skip("DEFLATE_BENCH names no file")
	}
	data, err := os.ReadFile(name)
	if err != nil {
		b.Fatal(err)
	}
	for _, level := range []deflate.Level{1, 3, 6, 9} {
		b.Run("level"+strconv.Itoa(int(level)), func(b *testing.B) {
			z, _ := deflate.NewWriter(io.Discard, deflate.Options{Level: level})
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			for b.Loop() {
				z.Reset(io.Discard)
				z.Write(data)
				z.Close()
			}
		})
	}
}
