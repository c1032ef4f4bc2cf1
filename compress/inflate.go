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
	src  source // what Reader reads from
	past bool   // the end: what follows is passed over
}

// newInflater returns a decoder of r, which it does not read yet.
func newInflater(r io.Reader, o deflate.DecoderOptions) (*inflater, error) {
	d := &inflater{src: source{r: r}, kind: inflaterKind{
		format: o.Format, windowBits: o.WindowBits, ratio: o.MaxRatio, trailing: o.Trailing,
		output: o.MaxOutput, allowTruncated: o.AllowTruncated, dictionary: o.Dict != nil,
	}}
	if !d.kind.dictionary {
		if z, ok := inflaters.get(d.kind); ok {
			z.Reset(&d.src)
			d.Reader = z
			return d, nil
		}
	}
	var err error
	d.Reader, err = deflate.NewReader(&d.src, o)
	return d, err
}

func (d *inflater) Read(p []byte) (int, error) {
	if !d.past {
		n, err := d.Reader.Read(p)
		if err != io.EOF || d.kind.trailing != deflate.TrailingIgnore {
			return n, err
		}
		d.past = true
	}
	return 0, passOver(&d.src)
}

// Unused returns what lies beyond the end, unless it was passed over.
func (d *inflater) Unused() []byte {
	if d.past {
		return nil
	}
	return d.Reader.Unused()
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
