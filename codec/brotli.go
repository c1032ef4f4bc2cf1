package codec

import (
	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/compress"
)

var brotliMakers = []maker{
	{"br", "compress to Brotli", "unbr", func(f *form) (do, undo func() duplex.Transform) {
		var o compress.BrotliOptions
		f.integer("quality", 0, 11, "how hard to search; 10 and 11 are very slow (default 6)", func(n int) {
			if o.Quality = n; n == 0 {
				o.Quality = compress.BrotliFastest
			}
		})
		f.integer("windowbits", 10, 24, "the window's size, as a power of two (default 16)", func(n int) { o.WindowBits = n })
		return func() duplex.Transform { return compress.Brotli(o) },
			func() duplex.Transform { return compress.Unbrotli(compress.UnbrotliOptions{}) }
	}},
	{"unbr", "decompress Brotli", "br", func(f *form) (do, undo func() duplex.Transform) {
		var o compress.UnbrotliOptions
		decoderOptions(f, &o.MaxOutput, &o.MaxRatio, &o.Trailing, &o.AllowTruncated, "")
		f.integer("windowbits", 10, 24, "the largest window, as a power of two (default 24)", func(n int) { o.WindowBits = n })
		return func() duplex.Transform { return compress.Unbrotli(o) },
			func() duplex.Transform { return compress.Brotli(compress.BrotliOptions{}) }
	}},
}
