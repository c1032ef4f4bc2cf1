package compress

import (
	"errors"
	"io"

	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/deflate"
)

// Flush flushes the encoder of w in the manner of k, whatever the stream's own
// flush does; encoders that are not deflate's only know deflate.SyncFlush.
// Unlike a plain flush it is a call of zlib's deflate, and so it may put out
// the marks of a flush although nothing was written: see deflate.Writer.Flush.
// What lies below is flushed too, except by deflate.BlockFlush, which keeps bits
// back anyhow.
//
// w is a stream with a layer, a transform as a stream, or what the Writer of a
// transform returned. The function waits for a write that is under way. Without
// an encoder of this package in w it fails with an error that matches
// errors.ErrUnsupported.
func Flush(w io.Writer, k deflate.Flush) error {
	if k == deflate.Finish {
		return errNoFlush // only the end of the stream is the end of the codec
	}
	if err := eachEncoder(w, func(e *encoder) error { return e.flush(k) }); err != nil {
		return err
	}
	if k == deflate.BlockFlush {
		return nil // the stream's own flush would put out what this one keeps back
	}
	if f, ok := w.(interface{ Flush() error }); ok {
		return f.Flush() // what lies below may buffer too
	}
	return nil
}

// Params changes level and strategy of the encoder of w from here on, as
// zlib's deflateParams does: what was written before is coded with the old
// ones. Only the encoders with zlib's bytes can. See Flush for what w may be.
func Params(w io.Writer, l deflate.Level, s deflate.Strategy) error {
	return eachEncoder(w, func(e *encoder) error { return e.params(l, s) })
}

// Reset makes the encoder of w forget its stream, without an end: what is
// written next begins a new and complete one, with the options, the dictionary
// too, that the transform was made with. What had been put out stays put out.
// See Flush for what w may be.
func Reset(w io.Writer) error {
	return eachEncoder(w, func(e *encoder) error {
		e.reset()
		return nil
	})
}

// Stats counts what passed a codec.
type Stats struct {
	In  int64 // bytes that the codec has used
	Out int64 // bytes that it has given
}

// EncoderStats counts what was written to the encoder of w, also after its end;
// of several, the first in and the last out. See Flush for what w may be.
func EncoderStats(w io.Writer) (Stats, error) {
	var s Stats
	n := 0
	err := everyEncoder(w, func(e *encoder) error {
		if n++; n == 1 {
			s.In = e.in
		}
		s.Out = e.out.n
		return nil
	})
	if n > 0 && errors.Is(err, duplex.ErrEnded) {
		err = nil
	}
	return s, err
}

// DecoderStats counts what was read from the decoder of r, a stream with a
// layer, a transform as a stream, or what the Reader of a transform returned.
// In is exact at the end of the data: what is beyond is not in it. It waits
// for a read that is under way.
func DecoderStats(r io.Reader) (Stats, error) {
	var s Stats
	n := 0
	err := eachDecoder(r, func(d decoder) {
		if n++; n == 1 {
			s.In = d.InputOffset()
		}
		s.Out = d.OutputOffset()
	})
	return s, err
}

// Unused returns the input of the decoder of r that was read and lies beyond
// the end of the data, once a Read has returned io.EOF. The rest of the source
// follows it. See DecoderStats for what r may be.
func Unused(r io.Reader) ([]byte, error) {
	var rest []byte
	n := 0
	err := eachDecoder(r, func(d decoder) {
		if n++; n == 1 {
			rest = append([]byte(nil), d.Unused()...)
		}
	})
	return rest, err
}

// Header returns the header of the gzip member that the decoder of r has begun
// last, and whether there was one yet. See DecoderStats for what r may be, and
// Members for the header of every member.
func Header(r io.Reader) (h deflate.Header, ok bool) {
	_ = eachDecoder(r, func(d decoder) {
		if z, is := d.(*inflater); is && !ok {
			h, ok = z.Header()
		}
	})
	return h, ok
}

// decoder is what the decoders of this package have beside Read.
type decoder interface {
	Unused() []byte
	InputOffset() int64
	OutputOffset() int64
}

var errNoCodec = noSuch("compress: the stream has no codec of this package")

// eachEncoder calls f with the encoders of this package in w that have not
// ended.
func eachEncoder(w any, f func(*encoder) error) error {
	return everyEncoder(w, func(e *encoder) error {
		if e.closed {
			return duplex.ErrEnded
		}
		return f(e)
	})
}

// everyEncoder is eachEncoder for those that have ended, too.
func everyEncoder(w any, f func(*encoder) error) error {
	found := false
	err := reach(w, func(h interface {
		Encoders(func(io.WriteCloser) error) error
	}) error {
		return h.Encoders(func(c io.WriteCloser) error {
			if e, ok := c.(*encoder); ok {
				found = true
				return f(e)
			}
			return nil
		})
	})
	if err == nil && !found {
		err = errNoCodec
	}
	return err
}

// eachDecoder calls f with the decoders of this package in r.
func eachDecoder(r any, f func(decoder)) error {
	return reach(r, func(h interface {
		Decoders(func(io.Reader) error) error
	}) error {
		return h.Decoders(func(c io.Reader) error {
			if d, ok := c.(decoder); ok {
				f(d)
			}
			return nil
		})
	})
}

// reach calls f with v, or the stream below it, whichever has what f wants.
func reach[T any](v any, f func(T) error) error {
	for {
		if t, ok := v.(T); ok {
			return f(t)
		}
		u, ok := v.(interface{ Unwrap() duplex.Stream })
		if !ok {
			return errNoCodec
		}
		v = u.Unwrap()
	}
}
