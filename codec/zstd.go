package codec

import (
	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/compress"
)

// unzstdBits is the largest window that a decoder takes by default.
const unzstdBits = 23

var zstdMakers = []maker{
	{"zstd", "compress to Zstandard", "unzstd", func(f *form) (do, undo func() duplex.Transform) {
		var o compress.ZstdOptions
		f.integer("level", 1, 22, "how hard to search; there are four degrees: 1, 3, 6 and 10 (default 1)", func(n int) { o.Level = n })
		f.integer("windowbits", 10, 29, "the window's size, as a power of two (default 18)", func(n int) { o.WindowBits = n })
		f.flag("checksum", "end with a checksum of the data (default true)", func(on bool) { o.NoChecksum = !on })
		return func() duplex.Transform { return compress.Zstd(o) }, func() duplex.Transform {
			return compress.Unzstd(compress.UnzstdOptions{WindowBits: max(o.WindowBits, unzstdBits)}).Named("unzstd")
		}
	}},
	{"unzstd", "decompress Zstandard, any number of frames", "zstd", func(f *form) (do, undo func() duplex.Transform) {
		var o compress.UnzstdOptions
		decoderOptions(f, &o.MaxOutput, &o.MaxRatio, &o.Trailing, &o.AllowTruncated, "frames")
		f.integer("windowbits", 10, 31, "the largest window, as a power of two; it is held in memory (default 23)", func(n int) { o.WindowBits = n })
		return func() duplex.Transform { return compress.Unzstd(o) },
			func() duplex.Transform { return compress.Zstd(compress.ZstdOptions{}) }
	}},
}
