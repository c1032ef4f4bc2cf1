package compress

import (
	"fmt"
	"io"
	"reflect"
	"strings"
	"sync"

	"github.com/andybalholm/brotli"
	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/deflate"
)

// UnbrotliOptions says what Unbrotli accepts. The zero value accepts what any
// decoder does, and has no limits.
type UnbrotliOptions struct {
	// WindowBits is the base-two logarithm of the largest window, 10 to 24;
	// zero means 24, 16 MiB. A stream that asks for more is deflate.ErrWindow.
	// The decoder's memory grows with what it has decoded, up to the window.
	WindowBits int
	// Trailing is what happens to input after the end. By default it is left
	// over; deflate.TrailingIgnore reads it to its end.
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

func (o *UnbrotliOptions) check() error {
	switch {
	case o.WindowBits != 0 && (o.WindowBits < brotliMinBits || o.WindowBits > brotliMaxBits):
		return fmt.Errorf("compress: brotli: %d window bits, not %d to %d", o.WindowBits, brotliMinBits, brotliMaxBits)
	case o.Trailing > deflate.TrailingReturn:
		return fmt.Errorf("compress: brotli: unknown trailing policy %d", o.Trailing)
	}
	return limits{o.MaxOutput, o.MaxRatio}.check("brotli")
}

// Unbrotli decompresses Brotli. It sees the end of the stream when the input
// ends or goes on after it, not before.
func Unbrotli(o UnbrotliOptions) duplex.Transform {
	return duplex.TryDecoder(func(r io.Reader) (*brotliReader, error) {
		return newBrotliReader(r, o)
	}).Named("unbr")
}

// brotliReader decodes Brotli.
type brotliReader struct {
	src     source
	limits  limits
	options UnbrotliOptions
	dec     *brotli.Reader
	last    []byte // what the decoder was given last
	stopped error  // what the source ended the decoder's call with
	out     int64
	unused  []byte
	used    int64 // input up to the end, if there is more
	past    bool  // the end: what follows is passed over
	err     error // final
}

// brotliDecoders holds decoders between streams.
var brotliDecoders = sync.Pool{New: func() any { return brotli.NewReader(nil) }}

// newBrotliReader returns a decoder of r, which it does not read yet.
func newBrotliReader(r io.Reader, o UnbrotliOptions) (*brotliReader, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	z := &brotliReader{src: source{r: r}, limits: limits{o.MaxOutput, o.MaxRatio}, options: o}
	z.dec = brotliDecoders.Get().(*brotli.Reader)
	return z, z.dec.Reset((*brotliInput)(z))
}

// brotliInput is what the decoder reads from.
type brotliInput brotliReader

func (z *brotliInput) Read(p []byte) (int, error) {
	first := z.src.n == 0
	n, err := z.src.Read(p)
	z.last, z.stopped = p[:n], err
	if first && n > 0 {
		if bits := brotliWindow(p[0]); bits > z.options.WindowBits && z.options.WindowBits > 0 {
			detail := fmt.Sprintf("window of %d bits, more than %d", bits, z.options.WindowBits)
			z.err = &Error{Format: "brotli", Err: deflate.ErrWindow, Detail: detail}
			return 0, z.err
		}
	}
	return n, err
}

// brotliWindow returns the window bits that the first byte of a stream says.
func brotliWindow(b byte) int {
	switch {
	case b&1 == 0:
		return 16
	case b>>1&7 != 0:
		return 17 + int(b>>1&7)
	case b>>4&7 == 0:
		return 17
	}
	return 8 + int(b>>4&7)
}

func (z *brotliInput) fail(kind error, detail string) error {
	return &Error{Format: "brotli", Err: kind, Detail: detail, Offset: z.src.n}
}

func (z *brotliReader) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for z.err == nil {
		if z.past {
			err := passOver(&z.src)
			if err == io.EOF {
				z.err = err
			}
			return 0, err
		}
		z.stopped = nil
		n, err := z.dec.Read(p)
		if err != nil {
			z.ended(err)
		}
		ok, detail, kind := z.limits.admit(n, z.out, z.src.n)
		if kind != nil {
			z.err = (*brotliInput)(z).fail(kind, detail)
		}
		z.out += int64(ok)
		switch {
		case ok > 0:
			return ok, nil // an error follows
		case z.err == nil && err != nil:
			return 0, err // the source's own; the next call goes on
		}
	}
	return 0, z.err
}

// ended makes the final error of what the decoder returned, unless that is an
// error of the source's that may be got over.
func (z *brotliReader) ended(err error) {
	in := (*brotliInput)(z)
	switch {
	case z.err != nil: // the window
	case err == errBrotliExcess():
		z.unused = z.last[len(z.last)-unread(z.dec):]
		z.used = z.src.n - int64(len(z.unused))
		z.err = io.EOF
		switch z.options.Trailing {
		case deflate.TrailingReject:
			z.err = in.fail(deflate.ErrTrailing, "input after the end")
		case deflate.TrailingIgnore:
			z.err, z.past, z.unused = nil, true, nil
		}
	case z.stopped == nil:
		z.err = in.fail(deflate.ErrCorrupt, strings.TrimPrefix(err.Error(), "brotli: "))
	case z.stopped != io.EOF: // the source's own
	case err == io.EOF || z.options.AllowTruncated:
		z.err = io.EOF
	default:
		z.err = in.fail(io.ErrUnexpectedEOF, "unexpected end of input")
	}
}

// errBrotliExcess is the library's error for input after the end, which it does
// not name.
var errBrotliExcess = sync.OnceValue(func() error {
	_, err := io.ReadAll(brotli.NewReader(strings.NewReader("\x06."))) // an empty stream and a byte
	return err
})

// unread returns how much of its last input the decoder has left, which it does
// not tell otherwise.
func unread(z *brotli.Reader) int {
	return reflect.ValueOf(z).Elem().FieldByName("in").Len()
}

// Close gives the decoder back.
func (z *brotliReader) Close() error {
	if z.dec != nil {
		_ = z.dec.Reset(nil) // never fails
		brotliDecoders.Put(z.dec)
		z.dec = nil
	}
	z.last, z.unused = nil, nil
	if z.err == nil {
		z.err = io.ErrClosedPipe
	}
	return nil
}

// Unused returns the input that was read and lies beyond the end.
func (z *brotliReader) Unused() []byte { return z.unused }

// InputOffset returns how many bytes of the input were decoded, or wait in the
// decoder.
func (z *brotliReader) InputOffset() int64 {
	if z.used > 0 {
		return z.used
	}
	return z.src.n
}

// OutputOffset returns how many bytes were returned.
func (z *brotliReader) OutputOffset() int64 { return z.out }
