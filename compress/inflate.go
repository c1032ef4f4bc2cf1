package compress

import (
	"io"

	"github.com/duplex-go/duplex/deflate"
)

// inflaterKind is what makes two decoders the same; those with a dictionary
// are not kept.
type inflaterKind struct {
	format                     deflate.Format
	windowBits, ratio          int
	trailing                   deflate.Trailing
	output                     int64
	allowTruncated, dictionary bool
}

// inflaters holds decoders between streams.
var inflaters pools[inflaterKind, *deflate.Reader]

// inflater is the decoder of the deflate formats.
type inflater struct {
	*deflate.Reader
	kind inflaterKind
}

// newInflater returns a decoder of r, which it does not read yet.
func newInflater(r io.Reader, o deflate.DecoderOptions) (*inflater, error) {
	kind := inflaterKind{
		format: o.Format, windowBits: o.WindowBits, ratio: o.MaxRatio, trailing: o.Trailing,
		output: o.MaxOutput, allowTruncated: o.AllowTruncated, dictionary: o.Dict != nil,
	}
	if !kind.dictionary {
		if z, ok := inflaters.get(kind); ok {
			z.Reset(r)
			return &inflater{z, kind}, nil
		}
	}
	z, err := deflate.NewReader(r, o)
	if err != nil {
		return nil, err
	}
	return &inflater{z, kind}, nil
}

// Close gives the decoder back.
func (d *inflater) Close() error {
	if z := d.Reader; z != nil && !d.kind.dictionary {
		z.Reset(nil)
		inflaters.put(d.kind, z)
	}
	d.Reader = nil
	return nil
}
