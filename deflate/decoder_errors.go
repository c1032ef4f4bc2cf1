package deflate

import (
	"errors"
	"fmt"
)

// The kinds of failure of a decoder. A failure is an [*Error] that wraps one
// of them, so errors.Is tells them apart. Input that ends too early wraps
// io.ErrUnexpectedEOF instead.
var (
	// ErrHeader is a gzip or zlib header that is none: the first bytes, the
	// compression method, a reserved flag or the header's own checksum.
	ErrHeader = errors.New("deflate: invalid header")
	// ErrWindow is a header that asks for a larger window than allowed.
	ErrWindow = errors.New("deflate: invalid window size")
	// ErrCorrupt is compressed data that cannot have been written by an
	// encoder; the Error's Detail says what was wrong with it.
	ErrCorrupt = errors.New("deflate: corrupt data")
	// ErrChecksum is decoded data that does not match its CRC-32 or Adler-32.
	ErrChecksum = errors.New("deflate: incorrect data check")
	// ErrLength is decoded data that does not match the length after it.
	ErrLength = errors.New("deflate: incorrect length check")
	// ErrNoDictionary is a stream that needs a preset dictionary where none
	// was given.
	ErrNoDictionary = errors.New("deflate: missing dictionary")
	// ErrDictionary is a stream that needs another preset dictionary.
	ErrDictionary = errors.New("deflate: wrong dictionary")
	// ErrTrailing is input after the end, where that is to be an error.
	ErrTrailing = errors.New("deflate: input after the end")
	// ErrTooLarge is more decoded data than DecoderOptions.MaxOutput.
	ErrTooLarge = errors.New("deflate: decoded data exceeds the limit")
	// ErrRatio is more expansion than DecoderOptions.MaxRatio.
	ErrRatio = errors.New("deflate: data expands beyond the allowed ratio")
)

// errInvalidWrite is a destination that claims to have written what it cannot.
var errInvalidWrite = errors.New("deflate: decode writer: destination returned an invalid count")

// Error says what was wrong with a decoder's input, and where.
type Error struct {
	Format Format // what was being decoded
	Err    error  // one of the kinds above, or io.ErrUnexpectedEOF
	Detail string // what exactly, in a few words
	Offset int64  // the input byte at which the wrong part begins, from 0
}

// Error returns one line with the format, the detail and the offset.
func (e *Error) Error() string {
	return fmt.Sprintf("deflate: %s: %s at input byte %d", e.Format, e.Detail, e.Offset)
}

// Unwrap returns the kind of the failure.
func (e *Error) Unwrap() error { return e.Err }
