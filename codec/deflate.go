package codec

import (
	"errors"
	"math"
	"runtime"
	"strconv"
	"time"

	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/compress"
	"github.com/duplex-go/duplex/deflate"
)

var deflateMakers = []maker{
	{"gzip", "compress to gzip, with the bytes of zlib", "gunzip", func(f *form) (do, undo func() duplex.Transform) {
		o := deflateOptions(f, deflate.Gzip, 9)
		headerOptions(f, &o.Header)
		return func() duplex.Transform { return compress.Gzip(*o) },
			func() duplex.Transform { return compress.Gunzip(compress.DecoderOptions{}).Named("gunzip") }
	}},
	{"gunzip", "decompress gzip, any number of members", "gzip", func(f *form) (do, undo func() duplex.Transform) {
		o := inflateOptions(f, "members")
		return func() duplex.Transform { return compress.Gunzip(*o) },
			func() duplex.Transform { return compress.Gzip(compress.Options{Steady: true}).Named("gzip") }
	}},
	{"deflate", "compress to zlib's format, HTTP's deflate", "inflate", func(f *form) (do, undo func() duplex.Transform) {
		o := deflateOptions(f, deflate.Zlib, 8)
		return func() duplex.Transform { return compress.Deflate(*o) },
			func() duplex.Transform { return compress.Inflate(compress.DecoderOptions{}).Named("inflate") }
	}},
	{"inflate", "decompress zlib's format", "deflate", func(f *form) (do, undo func() duplex.Transform) {
		o := inflateOptions(f, "")
		return func() duplex.Transform { return compress.Inflate(*o) },
			func() duplex.Transform { return compress.Deflate(compress.Options{Steady: true}).Named("deflate") }
	}},
	{"rawdeflate", "compress to deflate data with nothing around it", "rawinflate", func(f *form) (do, undo func() duplex.Transform) {
		o := deflateOptions(f, deflate.Raw, 9)
		return func() duplex.Transform { return compress.RawDeflate(*o) },
			func() duplex.Transform { return compress.RawInflate(compress.DecoderOptions{}).Named("rawinflate") }
	}},
	{"rawinflate", "decompress deflate data with nothing around it", "rawdeflate", func(f *form) (do, undo func() duplex.Transform) {
		o := inflateOptions(f, "")
		return func() duplex.Transform { return compress.RawInflate(*o) },
			func() duplex.Transform {
				return compress.RawDeflate(compress.Options{Steady: true}).Named("rawdeflate")
			}
	}},
	{"unzip", "decompress gzip or zlib's format, whichever it is", "gzip", func(f *form) (do, undo func() duplex.Transform) {
		o := inflateOptions(f, "members")
		return func() duplex.Transform { return compress.Unzip(*o) },
			func() duplex.Transform { return compress.Gzip(compress.Options{Steady: true}).Named("gzip") }
	}},
}

// deflateOptions names the options of the deflate encoders. What they write
// does not depend on how their input arrives.
func deflateOptions(f *form, format deflate.Format, minBits int) *compress.Options {
	o := &compress.Options{Steady: true}
	f.integer("level", 0, 9, "how hard to search; 0 stores (default 6)", func(n int) {
		if o.Level = deflate.Level(n); n == 0 {
			o.Level = deflate.Stored
		}
	})
	f.word("strategy", []string{"default", "filtered", "huffman", "rle", "fixed"}, "the kind of data (default default)",
		func(i int) { o.Strategy = deflate.Strategy(i) })
	f.integer("memlevel", 1, 9, "how long a block may get (default 8)", func(n int) { o.MemLevel = n })
	f.integer("windowbits", minBits, 15, "the window's size, as a power of two (default 15)", func(n int) { o.WindowBits = n })
	f.integer("parallel", 0, 256, "goroutines that share the work, with the same bytes; 0 is one a core (default 1)", func(n int) {
		if o.Parallel = n; n == 0 {
			o.Parallel = runtime.GOMAXPROCS(0)
		}
	})
	f.flag("fast", "another encoder: faster, a little larger, and not the bytes of zlib", func(on bool) { o.Fast = on })
	f.word("flush", []string{"partial", "sync", "full"}, "how a pause of live input is flushed (default sync)",
		func(i int) { o.Flush = deflate.PartialFlush + deflate.Flush(i) })
	f.size("park", 0, 32<<10, "give memory back at each flush, and keep so much to refer to; 0 does not (default 0)",
		func(n int64) { o.Park = int(n) })
	f.check = func() error { return o.Check(format) }
	return o
}

// headerOptions names the fields of a gzip header.
func headerOptions(f *form, h *deflate.Header) {
	f.text("name", "the file's name, in the header", func(s string) { h.Name = s })
	f.text("comment", "a comment, in the header", func(s string) { h.Comment = s })
	f.add("mtime", "SECONDS|TIME", "the file's time, in seconds since 1970 or as 2006-01-02T15:04:05Z; 0 is none (default 0)", func(s string) error {
		t, err := parseTime(s)
		h.ModTime = t
		return err
	})
	f.integer("os", 0, 255, "the operating system's byte (default this system's, as in zlib)", func(n int) {
		if h.OS = deflate.OS(n); n == 0 {
			h.OS = deflate.FAT
		}
	})
	f.flag("headercrc", "put a checksum behind the header", func(on bool) { h.CRC = on })
}

// parseTime reads the time of a gzip header.
func parseTime(s string) (time.Time, error) {
	if n, err := strconv.ParseInt(s, 10, 64); err == nil && n >= 0 && n <= math.MaxUint32 {
		if n == 0 {
			return time.Time{}, nil
		}
		return time.Unix(n, 0), nil
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil || t.Unix() < 0 || t.Unix() > math.MaxUint32 {
		return t, errors.New("not seconds since 1970, 0 to 4294967295, or a time such as 2006-01-02T15:04:05Z")
	}
	return t, nil
}

// inflateOptions names the options of the deflate decoders.
func inflateOptions(f *form, more string) *compress.DecoderOptions {
	o := &compress.DecoderOptions{}
	decoderOptions(f, &o.MaxOutput, &o.MaxRatio, &o.Trailing, &o.AllowTruncated, more)
	f.integer("windowbits", 8, 15, "the largest window, as a power of two (default 15)", func(n int) { o.WindowBits = n })
	return o
}

// decoderOptions names what all decoders have. more is what further parts of
// the input are called; without any, what follows the end is ignored and yet
// read, so that a failure on the way to it is seen.
func decoderOptions(f *form, maxOutput *int64, maxRatio *int, trailing *deflate.Trailing, truncated *bool, more string) {
	f.size("maxoutput", 0, math.MaxInt64, "fail when more has come out; 0 is any number (default 0)", func(n int64) { *maxOutput = n })
	f.integer("maxratio", 0, math.MaxInt32, "fail when more than so many times the input has come out, beyond the first MiB; 0 is any (default 0)",
		func(n int) { *maxRatio = n })
	if more == "" {
		*trailing = deflate.TrailingIgnore
		f.word("trailing", []string{"ignore", "reject"}, "what follows the end is ignored, or an error (default ignore)",
			func(i int) { *trailing = []deflate.Trailing{deflate.TrailingIgnore, deflate.TrailingReject}[i] })
	} else {
		f.word("trailing", []string{more, "reject", "ignore"}, "what follows the end: more "+more+", or an error; nothing; or anything, which is ignored (default "+more+")",
			func(i int) { *trailing = deflate.Trailing(i) })
	}
	f.flag("truncated", "take the end of the input for the end of the data", func(on bool) { *truncated = on })
}
