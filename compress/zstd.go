package compress

import (
	"errors"
	"fmt"
	"io"

	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/deflate"
	"github.com/klauspost/compress/zstd"
)

// ZstdOptions chooses what Zstd writes. The zero value suits a stream for every
// connection: encoder and decoder together hold about 1.5 MiB, where the
// library's own defaults take 27.
type ZstdOptions struct {
	// Level is 1 (fastest) to 22 (smallest); zero means 1. The encoder knows
	// four: 1 and 2, 3 to 5, 6 to 9, and 10 and more are each the same.
	// Beyond 2 it holds 1, 4 or 35 MiB more.
	Level int
	// WindowBits is the base-two logarithm of the window, 10 to 29; zero means
	// 18, 256 KiB. The decoder needs as much memory.
	WindowBits int
	// Dict is a dictionary that the decoder must have too, made by
	// "zstd --train" or any bytes; nil means none.
	Dict []byte
	// NoChecksum leaves the checksum of the data out.
	NoChecksum bool
}

const (
	zstdLevel      = 1
	zstdWindowBits = 18
	zstdMinBits    = 10
	zstdMaxBits    = 29
)

func (o *ZstdOptions) check() error {
	switch {
	case o.Level < 0 || o.Level > 22:
		return fmt.Errorf("compress: zstd: level %d, not 1 to 22", o.Level)
	case o.WindowBits != 0 && (o.WindowBits < zstdMinBits || o.WindowBits > zstdMaxBits):
		return fmt.Errorf("compress: zstd: %d window bits, not %d to %d", o.WindowBits, zstdMinBits, zstdMaxBits)
	}
	return nil
}

// Zstd compresses to Zstandard (RFC 8878). Its only flush is a sync flush, and
// one with nothing pending writes nothing.
func Zstd(o ZstdOptions) duplex.Transform {
	return duplex.TryEncoder(func(w io.Writer) (*encoder, error) {
		if err := o.check(); err != nil {
			return nil, err
		}
		e := &encoder{kind: deflate.SyncFlush, out: sink{w: w}, engine: newZstdEngine(&o)}
		e.engine.reset(&e.out)
		return e, nil
	}).Named("zstd")
}

// ZstdCodec is Zstd and Unzstd.
func ZstdCodec(e ZstdOptions, d UnzstdOptions) duplex.Codec {
	return duplex.Codec{Encode: Zstd(e), Decode: Unzstd(d)}
}

// zstdKind is what makes two encoders the same; those with a dictionary are
// not kept.
type zstdKind struct {
	level      zstd.EncoderLevel
	windowBits int
	checksum   bool
}

// zstdEncoders holds encoders between streams.
var zstdEncoders pools[zstdKind, *zstd.Encoder]

// zstdEngine compresses with klauspost/compress.
type zstdEngine struct {
	kind  zstdKind
	dict  []byte
	w     io.Writer
	z     *zstd.Encoder // nil before the first byte and after the end
	ended bool
}

// newZstdEngine returns the engine for options that have been checked.
func newZstdEngine(o *ZstdOptions) *zstdEngine {
	level := o.Level
	if level == 0 {
		level = zstdLevel
	}
	kind := zstdKind{zstd.EncoderLevelFromZstd(level), o.WindowBits, !o.NoChecksum}
	if kind.windowBits == 0 {
		kind.windowBits = zstdWindowBits
	}
	return &zstdEngine{kind: kind, dict: o.Dict}
}

func (e *zstdEngine) reset(w io.Writer) {
	e.release()
	e.w, e.ended = w, false
}

// open gets an encoder at the first call of a stream.
func (e *zstdEngine) open() error {
	if e.ended {
		return deflate.ErrClosed
	}
	if e.z != nil {
		return nil
	}
	if len(e.dict) == 0 {
		if z, ok := zstdEncoders.get(e.kind); ok {
			z.Reset(e.w)
			e.z = z
			return nil
		}
	}
	options := []zstd.EOption{
		zstd.WithEncoderLevel(e.kind.level),
		zstd.WithWindowSize(1 << e.kind.windowBits),
		zstd.WithEncoderConcurrency(1), // its goroutines would write between the calls
		zstd.WithEncoderCRC(e.kind.checksum),
		zstd.WithLowerEncoderMem(true),
	}
	switch {
	case isZstdDict(e.dict):
		options = append(options, zstd.WithEncoderDict(e.dict))
	case len(e.dict) > 0:
		options = append(options, zstd.WithEncoderDictRaw(0, e.dict))
	}
	z, err := zstd.NewWriter(e.w, options...)
	if err != nil {
		return fmt.Errorf("compress: zstd: %w", err)
	}
	e.z = z
	return nil
}

// isZstdDict reports whether dict has the form that "zstd --train" writes; any
// other bytes are a dictionary as they are.
func isZstdDict(dict []byte) bool {
	return len(dict) >= 8 && string(dict[:4]) == "\x37\xa4\x30\xec"
}

func (e *zstdEngine) Write(p []byte) (int, error) {
	if err := e.open(); err != nil {
		return 0, err
	}
	return e.z.Write(p)
}

func (e *zstdEngine) flush(k deflate.Flush) error {
	if k != deflate.SyncFlush {
		return errNoFlush
	}
	if err := e.open(); err != nil {
		return err
	}
	return e.z.Flush()
}

func (e *zstdEngine) params(deflate.Level, deflate.Strategy) error { return errNoParams }

func (e *zstdEngine) Close() error {
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
func (e *zstdEngine) release() {
	if e.z == nil {
		return
	}
	e.z.Reset(io.Discard) // it must not hold on to the stream
	if len(e.dict) == 0 {
		zstdEncoders.put(e.kind, e.z)
	}
	e.z = nil
}

// zstdKinds are the errors of the library's decoder by the kind that they are
// of; all others are corrupt data.
var zstdKinds = []struct{ err, kind error }{
	{zstd.ErrMagicMismatch, deflate.ErrHeader},
	{zstd.ErrCRCMismatch, deflate.ErrChecksum},
	{zstd.ErrUnknownDictionary, deflate.ErrNoDictionary},
	{zstd.ErrFrameSizeExceeded, deflate.ErrLength},
	{zstd.ErrFrameSizeMismatch, deflate.ErrLength},
	{io.ErrUnexpectedEOF, deflate.ErrCorrupt}, // within a block that is there
}

// zstdError returns the kind of a failure of the library's decoder.
func zstdKindOf(err error) error {
	for _, k := range zstdKinds {
		if errors.Is(err, k.err) {
			return k.kind
		}
	}
	return deflate.ErrCorrupt
}
