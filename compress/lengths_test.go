package compress_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"io"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/compress"
)

// R36: a length that the input only claims costs nothing: the error comes
// before any memory is taken for it.
func TestR36_ALengthThatIsOnlyClaimedTakesNoMemory(t *testing.T) {
	gunzip := compress.Gunzip(compress.DecoderOptions{})
	unzstd := compress.Unzstd(compress.UnzstdOptions{})
	unbr := compress.Unbrotli(compress.UnbrotliOptions{})
	for _, tc := range []struct {
		name   string
		decode duplex.Transform
		in     string // in hexadecimal
		then   int    // this many bytes of 'a' follow
		want   error  // nil: any
	}{
		{"gzip: an extra field of 65,535 bytes", gunzip, "1f8b08040000000000ff ffff", 100, io.ErrUnexpectedEOF},
		{"gzip: a name without an end", gunzip, "1f8b08080000000000ff", 8 << 20, io.ErrUnexpectedEOF},
		{"gzip: a comment without an end", gunzip, "1f8b08100000000000ff", 8 << 20, io.ErrUnexpectedEOF},
		{"deflate: a stored block of 65,535 bytes", compress.Inflate(compress.DecoderOptions{}), "789c 01 ffff 0000", 10, io.ErrUnexpectedEOF},
		{"deflate: a distance beyond the window", compress.Inflate(compress.DecoderOptions{}), "0819 6364", 0, nil},
		{"zstd: a window of 3.75 TiB", unzstd, "28b52ffd 00 ff", 100, nil},
		{"zstd: a content of 2^64-1 bytes in one segment", unzstd, "28b52ffd e0 ffffffffffffffff", 100, nil},
		{"zstd: a content of 2^63-1 bytes in one segment", unzstd, "28b52ffd e0 ffffffffffffff7f", 100, nil},
		{"zstd: a content of 2^32 bytes in one segment", unzstd, "28b52ffd e0 0000000001000000", 100, nil},
		{"zstd: a content of 2^31-1 bytes in one segment", unzstd, "28b52ffd a0 ffffff7f", 100, nil},
		{"zstd: a block of 2 MiB", unzstd, "28b52ffd 00 58 fcffff", 100, nil},
		{"zstd: a skippable frame of 2^32-1 bytes", unzstd, "502a4d18 ffffffff", 1 << 20, io.ErrUnexpectedEOF},
		{"brotli: a window of a gigabyte", unbr, "11 1e", 100, nil},
		{"brotli: a metadata block of 16 MiB", unbr, "0c e0 ffffff", 100, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			in, err := hex.DecodeString(strings.ReplaceAll(tc.in, " ", ""))
			if err != nil {
				t.Fatal(err)
			}
			in = append(in, bytes.Repeat([]byte("a"), tc.then)...)
			try := func() (int64, error) {
				r := tc.decode.Reader(bytes.NewReader(in))
				defer r.Close()
				return io.Copy(io.Discard, r)
			}
			defer debug.SetGCPercent(debug.SetGCPercent(-1)) // which would empty the pools
			n, err := try()
			if err == nil || tc.want != nil && !errors.Is(err, tc.want) {
				t.Errorf("%d bytes and %v", n, err)
			}
			if race {
				return // pools forget there
			}
			took := ^uint64(0)
			for range 5 { // a pool of another processor may be cold
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				_, _ = try()
				runtime.ReadMemStats(&after)
				took = min(took, after.TotalAlloc-before.TotalAlloc)
			}
			if took > 64<<10 {
				t.Errorf("takes %d KiB: %v", took>>10, err)
			}
		})
	}
}
