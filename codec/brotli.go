package codec

import (
	"math"

	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/compress"
	"github.com/duplex-go/duplex/deflate"
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
		f.size("maxoutput", 0, math.MaxInt64, "fail when more has come out; 0 is any number (default 0)", func(n int64) { o.MaxOutput = n })
		f.integer("maxratio", 0, math.MaxInt32, "fail when more than so many times the input has come out, beyond the first MiB; 0 is any (default 0)",
			func(n int) { o.MaxRatio = n })
		f.word("trailing", []string{"ignore", "reject"}, "what follows the end is ignored, or an error (default ignore)",
			func(i int) { o.Trailing = []deflate.Trailing{deflate.TrailingIgnore, deflate.TrailingReject}[i] })
		f.flag("truncated", "take the end of the input for the end of the data", func(on bool) { o.AllowTruncated = on })
		f.integer("windowbits", 10, 24, "the largest window, as a power of two (default 24)", func(n int) { o.WindowBits = n })
		return func() duplex.Transform { return compress.Unbrotli(o) },
			func() duplex.Transform { return compress.Brotli(compress.BrotliOptions{}) }
	}},
}
