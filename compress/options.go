package compress

import (
	"errors"
	"fmt"

	"github.com/duplex-go/duplex/deflate"
)

// Options chooses what Gzip, Deflate and RawDeflate write. The zero value
// writes what zlib writes by default.
type Options struct {
	// Level says how hard to search. The zero value is zlib's default of 6;
	// deflate.Stored is zlib's level 0.
	Level deflate.Level
	// Strategy is the kind of data. The zero value is for most.
	Strategy deflate.Strategy
	// MemLevel is 1 to 9 and decides how long a block may get; zero means 8.
	MemLevel int
	// WindowBits is the base-two logarithm of the window, 9 to 15; zero means
	// 15. Deflate takes 8 and uses 9, as zlib does.
	WindowBits int
	// Dict is a preset dictionary that the decoder must have too; nil means
	// none. Gzip has none. It must not change while in use.
	Dict []byte
	// Header holds the fields of a gzip header. The zero value writes what
	// zlib does: no fields, time 0 and the platform's operating system byte.
	Header deflate.Header

	// Flush is what a flush of the stream does; zero means
	// deflate.SyncFlush. The function Flush does any kind at any time.
	Flush deflate.Flush
	// Parallel is how many goroutines may share the work; zero and one mean
	// none. The bytes stay the same. It needs large writes, or Steady.
	Parallel int
	// Steady makes the output that of one single write, however the input is
	// cut into writes: it is gathered into pieces of 64 KiB, or 1 MiB for each
	// goroutine of Parallel, until a flush or the end. Without it the cut can
	// show at level 0 and, very rarely, at others, exactly as in zlib.
	Steady bool
	// Park, if positive, gives the encoder's half megabyte back at each sync
	// or full flush, and keeps only this many of the last bytes, up to 32,768,
	// to refer to from what follows. The output up to the first flush is
	// zlib's; after it, it is a little larger. Zero parks nothing.
	Park int
	// Fast uses another encoder, that of github.com/klauspost/compress: two to
	// three times as fast and a few percent larger. Its bytes are not those
	// of zlib and may differ between versions. It has no MemLevel, WindowBits,
	// Parallel and Park, of the strategies only the default and HuffmanOnly,
	// and of the flushes only deflate.SyncFlush.
	Fast bool
}

// deflate returns o in the words of package deflate.
func (o *Options) deflate(f deflate.Format) deflate.Options {
	return deflate.Options{
		Format: f, Level: o.Level, Strategy: o.Strategy, MemLevel: o.MemLevel, WindowBits: o.WindowBits,
		Dict: o.Dict, Header: o.Header, Parallel: o.Parallel,
	}
}

// Check returns the error that the first use of o for f would: one for options
// out of range, or that do not go together.
func (o *Options) Check(f deflate.Format) error {
	if o.Flush > deflate.BlockFlush || o.Flush == deflate.Finish {
		return fmt.Errorf("compress: flush %d ends no write", o.Flush)
	}
	if o.Park < 0 || o.Park > maxPark {
		return fmt.Errorf("compress: parking with %d bytes, not 0 to %d", o.Park, maxPark)
	}
	if _, err := deflate.NewWriter(nil, o.deflate(f)); err != nil {
		return err
	}
	switch {
	case !o.Fast:
		return nil
	case o.MemLevel != 0 || o.WindowBits != 0:
		return errors.New("compress: the fast encoder has no memory level and window")
	case o.Strategy != deflate.DefaultStrategy && o.Strategy != deflate.HuffmanOnly:
		return fmt.Errorf("compress: the fast encoder has no strategy %d", o.Strategy)
	case o.Parallel > 1 || o.Park > 0:
		return errors.New("compress: the fast encoder cannot share its work or be parked")
	case o.Flush > 0 && o.Flush != deflate.SyncFlush:
		return fmt.Errorf("compress: the fast encoder has no flush %d", o.Flush)
	}
	return nil
}

// DecoderOptions says what Gunzip, Inflate, RawInflate and Unzip accept. The
// zero value accepts what Node's do, and has no limits.
type DecoderOptions struct {
	// WindowBits is the base-two logarithm of the largest window, 8 to 15;
	// zero means 15. A smaller one takes less memory.
	WindowBits int
	// Dict is the preset dictionary; nil means none.
	Dict []byte
	// Trailing is what happens to input after the end. By default further
	// gzip members are decoded, and what follows zlib and raw data is left
	// over. deflate.TrailingIgnore reads what it ignores to its end, so that a
	// failure of what lies below is not ignored with it.
	Trailing deflate.Trailing
	// MaxOutput is how many bytes the decoder will give; one more is
	// deflate.ErrTooLarge. Zero means any number.
	MaxOutput int64
	// MaxRatio is how many times larger than the input the output may get,
	// beyond the first deflate.RatioGrace bytes; more is deflate.ErrRatio.
	// Zero means any number.
	MaxRatio int
	// AllowTruncated takes the end of the input for the end of the stream,
	// wherever it comes.
	AllowTruncated bool
}

// deflate returns o in the words of package deflate.
func (o *DecoderOptions) deflate(f deflate.Format) deflate.DecoderOptions {
	return deflate.DecoderOptions{
		Format: f, WindowBits: o.WindowBits, Dict: o.Dict, Trailing: o.Trailing,
		MaxOutput: o.MaxOutput, MaxRatio: o.MaxRatio, AllowTruncated: o.AllowTruncated,
	}
}
