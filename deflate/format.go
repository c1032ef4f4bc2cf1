// Package deflate writes and reads the deflate format (RFC 1951), bare or in
// its zlib (RFC 1950) and gzip (RFC 1952) wrappings, with the bytes that zlib
// writes: the same level, strategy, memory level, window and flushes give the
// same output as zlib 1.2.13 to 1.3.1, byte for byte.
package deflate

import (
	"fmt"
	"runtime"
	"time"
)

// Format says what stands around the deflate data.
type Format uint8

const (
	// Raw is deflate data alone, without header, trailer or checksum.
	Raw Format = iota
	// Zlib is a two-byte header and an Adler-32 trailer (RFC 1950).
	Zlib
	// Gzip is a header with optional fields and a CRC-32 and length trailer
	// (RFC 1952).
	Gzip
	// Auto, for a decoder only, is Gzip or Zlib by the first two bytes.
	Auto
)

// String returns the format's name as errors print it.
func (f Format) String() string {
	switch f {
	case Raw:
		return "raw deflate"
	case Zlib:
		return "zlib"
	case Gzip:
		return "gzip"
	case Auto:
		return "gzip or zlib"
	}
	return fmt.Sprintf("Format(%d)", uint8(f))
}

// Level says how hard the encoder searches: 1 (fastest) to 9 (smallest).
// The zero value, DefaultLevel, is zlib's default of 6.
type Level int8

const (
	// DefaultLevel is zlib's default, 6.
	DefaultLevel Level = 0
	// Stored is zlib's level 0: the bytes are copied, not compressed.
	Stored Level = -1
	// Fastest is level 1.
	Fastest Level = 1
	// Smallest is level 9.
	Smallest Level = 9
)

// Strategy tunes the encoder to a kind of data. The numbers are zlib's.
type Strategy uint8

const (
	DefaultStrategy Strategy = iota // for most data
	Filtered                        // for small values of a filter or predictor: fewer short matches
	HuffmanOnly                     // no matches at all
	RLE                             // matches of distance one only
	Fixed                           // no dynamic Huffman codes
)

// Flush says how much of what was written must come out.
type Flush uint8

const (
	// PartialFlush puts out everything and aligns it with an empty block of
	// fixed codes (10 bits), as SSH's compression does.
	PartialFlush Flush = iota + 1
	// SyncFlush puts out everything and ends it on a byte boundary with an
	// empty stored block (00 00 ff ff).
	SyncFlush
	// FullFlush is SyncFlush and forgets the window, so that decoding can
	// start anew from there.
	FullFlush
	// Finish ends the stream; Close does it.
	Finish
	// BlockFlush ends the current block and keeps up to seven bits back.
	BlockFlush
)

// Header holds the optional fields of a gzip header (RFC 1952, section 2.3).
// The zero value writes what zlib writes by default: no fields, time 0 and
// the platform's operating system byte.
type Header struct {
	Name    string    // file name, Latin-1
	Comment string    // Latin-1
	Extra   []byte    // at most 65,535 bytes
	ModTime time.Time // zero means none
	OS      OS        // zero means the platform's
	Text    bool      // the data is probably text
	CRC     bool      // a CRC-16 of the header follows it
}

// OS is the operating system byte of a gzip header. The zero value is the
// byte that zlib writes on this platform.
type OS int16

const (
	PlatformOS OS = 0  // zlib's choice for this platform
	FAT        OS = -1 // the byte 0
	Unix       OS = 3
	Windows    OS = 10
	Darwin     OS = 19
	UnknownOS  OS = 255
)

// osByte returns the byte that stands in the header for o.
func (o OS) osByte() byte {
	switch {
	case o == FAT:
		return 0
	case o != PlatformOS:
		return byte(o)
	case runtime.GOOS == "darwin" || runtime.GOOS == "ios":
		return byte(Darwin)
	case runtime.GOOS == "windows":
		return byte(Windows)
	}
	return byte(Unix)
}
