package compress

import (
	"fmt"

	"github.com/duplex-go/duplex/deflate"
)

// Error says what was wrong with the input of a Zstandard or Brotli decoder,
// and where. The deflate formats have deflate.Error.
type Error struct {
	Format string // "zstd" or "brotli"
	Err    error  // a kind of package deflate, or io.ErrUnexpectedEOF
	Detail string // what exactly, in a few words
	Offset int64  // where in the input, from 0: the start of the wrong part, or where the decoder stood
}

// Error returns one line with the format, the detail and the offset.
func (e *Error) Error() string {
	return fmt.Sprintf("compress: %s: %s at input byte %d", e.Format, e.Detail, e.Offset)
}

// Unwrap returns the kind of the failure.
func (e *Error) Unwrap() error { return e.Err }

// limits guards the output of a decoder.
type limits struct {
	maxOutput int64 // zero: none
	maxRatio  int   // zero: none
}

func (l limits) check(format string) error {
	if l.maxOutput < 0 {
		return fmt.Errorf("compress: %s: output limit %d is negative", format, l.maxOutput)
	}
	if l.maxRatio < 0 {
		return fmt.Errorf("compress: %s: ratio limit %d is negative", format, l.maxRatio)
	}
	return nil
}

// admit returns how many of n more bytes of output may be given after out,
// decoded from in bytes of input, and the text and kind of the error that
// follows them, if any.
func (l limits) admit(n int, out, in int64) (ok int, detail string, kind error) {
	if l.maxOutput > 0 && int64(n) > l.maxOutput-out {
		return int(l.maxOutput - out), "decoded data exceeds the limit", deflate.ErrTooLarge
	}
	// Written as a division, since a product could overflow.
	if x := out + int64(n) - deflate.RatioGrace; l.maxRatio > 0 && x > 0 && (x-1)/int64(l.maxRatio) >= in {
		return 0, "data expands beyond the allowed ratio", deflate.ErrRatio
	}
	return n, "", nil
}
