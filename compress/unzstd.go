package compress

import (
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/deflate"
	"github.com/klauspost/compress/zstd"
)

// UnzstdOptions says what Unzstd accepts. The zero value accepts what any
// decoder must, and has no limits.
type UnzstdOptions struct {
	// WindowBits is the base-two logarithm of the largest window, 10 to 31;
	// zero means 23, 8 MiB, which covers what is written up to level 19. A
	// frame that asks for more is deflate.ErrWindow: the decoder holds its
	// window in memory, so this is what a peer can make it hold.
	WindowBits int
	// Dict is the dictionary that frames may need; nil means none.
	Dict []byte
	// Trailing is what happens to input after a frame. By default further
	// frames are decoded, and anything else is deflate.ErrHeader;
	// deflate.TrailingIgnore reads that to its end.
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

const (
	zstdMaxWindowBits = 23
	zstdMostBits      = 31
)

func (o *UnzstdOptions) check() error {
	switch {
	case o.WindowBits != 0 && (o.WindowBits < zstdMinBits || o.WindowBits > zstdMostBits):
		return fmt.Errorf("compress: zstd: %d window bits, not %d to %d", o.WindowBits, zstdMinBits, zstdMostBits)
	case o.Trailing > deflate.TrailingReturn:
		return fmt.Errorf("compress: zstd: unknown trailing policy %d", o.Trailing)
	}
	return limits{o.MaxOutput, o.MaxRatio}.check("zstd")
}

// Unzstd decompresses Zstandard, any number of frames; skippable ones are
// passed over. A frame's bytes come out block by block: what the peer has
// flushed comes at once.
func Unzstd(o UnzstdOptions) duplex.Transform {
	return duplex.TryDecoder(func(r io.Reader) (*zstdReader, error) {
		return newZstdReader(r, o)
	}).Named("unzstd")
}

// zstdReader decodes Zstandard.
type zstdReader struct {
	parts   zstdParts
	limits  limits
	options UnzstdOptions
	dec     *zstd.Decoder
	block   *[zstdMaxBlock]byte // nil while nothing waits in it
	waiting []byte              // of block
	out     int64               // bytes returned, or waiting
	past    bool                // the end: what follows is passed over
	err     error               // follows what waits
}

// zstdBlocks holds the buffers of decoded blocks, which an idle stream has none
// of.
var zstdBlocks = sync.Pool{New: func() any { return new([zstdMaxBlock]byte) }}

// newZstdReader returns a decoder of r, which it does not read yet.
func newZstdReader(r io.Reader, o UnzstdOptions) (*zstdReader, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	z := &zstdReader{limits: limits{o.MaxOutput, o.MaxRatio}, options: o}
	z.parts.reset(r, &o)
	options := []zstd.DOption{
		zstd.WithDecoderConcurrency(1), // no goroutines
		zstd.WithDecoderLowmem(true),
		zstd.WithDecoderMaxWindow(1 << zstdMostBits), // each reader has its own limit
	}
	switch {
	case isZstdDict(o.Dict):
		options = append(options, zstd.WithDecoderDicts(o.Dict))
	case o.Dict != nil:
		options = append(options, zstd.WithDecoderDictRaw(0, o.Dict))
	}
	dec, err := zstd.NewReader(nil, options...)
	if err != nil {
		return nil, fmt.Errorf("compress: zstd: %w", err)
	}
	z.dec = dec
	return z, nil
}

func (z *zstdReader) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for len(z.waiting) == 0 {
		z.freeBlock()
		if z.err != nil {
			return 0, z.err
		}
		if err := z.decode(); err != nil {
			return 0, err
		}
	}
	n := copy(p, z.waiting)
	z.waiting = z.waiting[n:]
	if len(z.waiting) == 0 {
		z.freeBlock()
	}
	return n, nil
}

// decode decodes the next block, or sets z.err. An error that it returns may be
// got over.
func (z *zstdReader) decode() error {
	err := z.parts.advance()
	var e *Error
	switch {
	case err == nil:
	case errors.As(err, &e):
		z.err = err
		if e.Err == io.ErrUnexpectedEOF && z.options.AllowTruncated {
			z.err = io.EOF
		}
		return nil
	case err == io.EOF && z.options.Trailing == deflate.TrailingIgnore:
		z.past = true
		if err = passOver(&z.parts.src); err == io.EOF {
			z.err = err
			return nil
		}
		return err
	case err == io.EOF:
		z.err = err
		return nil
	default:
		return err // the source's own
	}
	at := z.parts.at
	if z.parts.fresh {
		z.parts.fresh = false
		if err := z.dec.Reset(&z.parts); err != nil {
			return err
		}
	}
	z.block = zstdBlocks.Get().(*[zstdMaxBlock]byte)
	n, err := z.dec.Read(z.block[:])
	if err != nil && err != io.EOF { // that is the end of a frame
		kind := zstdKindOf(err)
		if kind == deflate.ErrNoDictionary && z.options.Dict != nil {
			kind = deflate.ErrDictionary
		}
		z.err = &Error{Format: "zstd", Err: kind, Detail: err.Error(), Offset: at}
	}
	ok, detail, kind := z.limits.admit(n, z.out, z.parts.at)
	if kind != nil {
		z.err = &Error{Format: "zstd", Err: kind, Detail: detail, Offset: at}
	}
	z.waiting = z.block[:ok]
	z.out += int64(ok)
	return nil
}

func (z *zstdReader) freeBlock() {
	if z.block != nil {
		zstdBlocks.Put(z.block)
		z.block, z.waiting = nil, nil
	}
}

// Close lets the decoder go. It is not kept for another stream: it has channels,
// and those of a testing/synctest bubble must not leave it.
func (z *zstdReader) Close() error {
	z.freeBlock()
	z.dec = nil
	if z.err == nil {
		z.err = io.ErrClosedPipe
	}
	return nil
}

// Unused returns the input that was read and lies beyond the end.
func (z *zstdReader) Unused() []byte {
	if z.past {
		return nil // passed over
	}
	return z.parts.ahead()
}

// InputOffset returns how many bytes of the input were decoded.
func (z *zstdReader) InputOffset() int64 { return z.parts.at }

// OutputOffset returns how many bytes were returned.
func (z *zstdReader) OutputOffset() int64 { return z.out - int64(len(z.waiting)) }
