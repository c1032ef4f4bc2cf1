package compress

import (
	"fmt"
	"io"

	"github.com/andybalholm/brotli"
	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/deflate"
)

// BrotliOptions chooses what Brotli writes. The zero value suits a stream for
// every connection: its encoder holds between 0.5 and 2 MiB.
type BrotliOptions struct {
	// Quality is 1 (fast) to 11 (smallest, and very slow); zero means 6, and
	// BrotliFastest is the format's quality 0.
	Quality int
	// WindowBits is the base-two logarithm of the window, 10 to 24; zero means
	// 16, 64 KiB. Larger ones take far more memory, up to 48 MiB. The two
	// lowest qualities use at least 18.
	WindowBits int
}

// BrotliFastest is the Quality that the format counts as 0.
const BrotliFastest = -1

const (
	brotliQuality    = 6
	brotliWindowBits = 16
	brotliMinBits    = 10
	brotliMaxBits    = 24
)

func (o *BrotliOptions) check() error {
	switch {
	case o.Quality < BrotliFastest || o.Quality > 11:
		return fmt.Errorf("compress: brotli: quality %d, not -1 to 11", o.Quality)
	case o.WindowBits != 0 && (o.WindowBits < brotliMinBits || o.WindowBits > brotliMaxBits):
		return fmt.Errorf("compress: brotli: %d window bits, not %d to %d", o.WindowBits, brotliMinBits, brotliMaxBits)
	}
	return nil
}

// Brotli compresses to Brotli (RFC 7932). Its only flush is a sync flush.
func Brotli(o BrotliOptions) duplex.Transform {
	return duplex.TryEncoder(func(w io.Writer) (*encoder, error) {
		if err := o.check(); err != nil {
			return nil, err
		}
		e := &encoder{kind: deflate.SyncFlush, out: sink{w: w}, engine: newBrotliEngine(&o)}
		e.engine.reset(&e.out)
		return e, nil
	}).Named("br")
}

// BrotliCodec is Brotli and Unbrotli.
func BrotliCodec(e BrotliOptions, d UnbrotliOptions) duplex.Codec {
	return duplex.Codec{Encode: Brotli(e), Decode: Unbrotli(d)}
}

// brotliEncoders holds encoders between streams.
var brotliEncoders pools[brotli.WriterOptions, *brotli.Writer]

// brotliEngine compresses with andybalholm/brotli.
type brotliEngine struct {
	kind  brotli.WriterOptions
	w     io.Writer
	z     *brotli.Writer // nil before the first byte and after the end
	ended bool
}

// newBrotliEngine returns the engine for options that have been checked.
func newBrotliEngine(o *BrotliOptions) *brotliEngine {
	kind := brotli.WriterOptions{Quality: o.Quality, LGWin: o.WindowBits}
	switch kind.Quality {
	case 0:
		kind.Quality = brotliQuality
	case BrotliFastest:
		kind.Quality = 0
	}
	if kind.LGWin == 0 {
		kind.LGWin = brotliWindowBits
	}
	return &brotliEngine{kind: kind}
}

func (e *brotliEngine) reset(w io.Writer) {
	e.release()
	e.w, e.ended = w, false
}

// open gets an encoder at the first call of a stream.
func (e *brotliEngine) open() error {
	if e.ended {
		return deflate.ErrClosed
	}
	if e.z != nil {
		return nil
	}
	if z, ok := brotliEncoders.get(e.kind); ok {
		z.Reset(e.w)
		e.z = z
		return nil
	}
	e.z = brotli.NewWriterOptions(e.w, e.kind)
	return nil
}

func (e *brotliEngine) Write(p []byte) (int, error) {
	if err := e.open(); err != nil {
		return 0, err
	}
	return e.z.Write(p)
}

func (e *brotliEngine) flush(k deflate.Flush) error {
	if k != deflate.SyncFlush {
		return errNoFlush
	}
	if err := e.open(); err != nil {
		return err
	}
	return e.z.Flush()
}

func (e *brotliEngine) params(deflate.Level, deflate.Strategy) error { return errNoParams }

func (e *brotliEngine) Close() error {
	if e.ended {
		return nil
	}
	if err := e.open(); err != nil {
		return err
	}
	err := e.z.Close()
	e.ended = true
	e.release()
	return err
}

// release gives the encoder back.
func (e *brotliEngine) release() {
	if e.z != nil {
		e.z.Reset(nil) // it must not hold on to the stream
		brotliEncoders.put(e.kind, e.z)
		e.z = nil
	}
}
