package compress

import (
	"io"

	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/deflate"
)

// Gzip compresses to gzip (RFC 1952). Options out of range are the error of the
// first use.
func Gzip(o Options) duplex.Transform { return deflating("gzip", deflate.Gzip, o) }

// Deflate compresses to zlib (RFC 1950), which HTTP and Node call deflate.
func Deflate(o Options) duplex.Transform { return deflating("deflate", deflate.Zlib, o) }

// RawDeflate compresses to deflate data (RFC 1951) without anything around it.
func RawDeflate(o Options) duplex.Transform { return deflating("rawdeflate", deflate.Raw, o) }

// Gunzip decompresses gzip, any number of members.
func Gunzip(o DecoderOptions) duplex.Transform { return inflating("gunzip", deflate.Gzip, o) }

// Inflate decompresses zlib.
func Inflate(o DecoderOptions) duplex.Transform { return inflating("inflate", deflate.Zlib, o) }

// RawInflate decompresses deflate data without anything around it.
func RawInflate(o DecoderOptions) duplex.Transform { return inflating("rawinflate", deflate.Raw, o) }

// Unzip decompresses gzip or zlib, whichever its input begins like.
func Unzip(o DecoderOptions) duplex.Transform { return inflating("unzip", deflate.Auto, o) }

// GzipCodec is Gzip and Gunzip.
func GzipCodec(e Options, d DecoderOptions) duplex.Codec {
	return duplex.Codec{Encode: Gzip(e), Decode: Gunzip(d)}
}

// DeflateCodec is Deflate and Inflate.
func DeflateCodec(e Options, d DecoderOptions) duplex.Codec {
	return duplex.Codec{Encode: Deflate(e), Decode: Inflate(d)}
}

// RawDeflateCodec is RawDeflate and RawInflate.
func RawDeflateCodec(e Options, d DecoderOptions) duplex.Codec {
	return duplex.Codec{Encode: RawDeflate(e), Decode: RawInflate(d)}
}

// deflating returns the transform that compresses to f.
func deflating(name string, f deflate.Format, o Options) duplex.Transform {
	return duplex.TryEncoder(func(w io.Writer) (*encoder, error) {
		if err := o.Check(f); err != nil {
			return nil, err
		}
		e := &encoder{kind: o.Flush, out: sink{w: w}}
		if e.kind == 0 {
			e.kind = deflate.SyncFlush
		}
		switch {
		case o.Fast:
			e.engine = newFastEngine(f, &o)
		case o.Park > 0:
			e.engine = newParkEngine(f, &o)
		default:
			e.engine = newZlibEngine(f, &o)
		}
		if o.Steady {
			e.engine = newSteadyEngine(e.engine, &o)
		}
		e.engine.reset(&e.out)
		return e, nil
	}).Named(name)
}

// inflating returns the transform that decompresses f.
func inflating(name string, f deflate.Format, o DecoderOptions) duplex.Transform {
	return duplex.TryDecoder(func(r io.Reader) (*inflater, error) {
		return newInflater(r, o.deflate(f))
	}).Named(name)
}
