package deflate

import (
	"fmt"
	"io"
)

// Trailing says what a decoder does with input after the end of a stream.
type Trailing uint8

const (
	// TrailingMembers, the default, does what Node does. Gzip: a further
	// member is decoded, a zero byte ends the stream, and anything else is
	// ErrHeader. Zlib and Raw: the stream ends and the rest is left over. Auto
	// goes by the first stream, and after a gzip member takes a zlib stream for
	// a further one.
	TrailingMembers Trailing = iota
	// TrailingReject makes any input after the first end ErrTrailing, a
	// second gzip member too.
	TrailingReject
	// TrailingIgnore decodes further gzip members and passes over whatever
	// does not begin with a member's two first bytes.
	TrailingIgnore
	// TrailingReturn stops at the first end and leaves the rest to the
	// caller, a second gzip member too.
	TrailingReturn
)

// DecoderOptions says what a decoder accepts. The zero value decodes raw
// deflate data with no limits.
type DecoderOptions struct {
	// Format is what stands around the deflate data.
	Format Format
	// WindowBits is the base-two logarithm of the largest window, 8 to 15;
	// 0 means 15. A zlib header that asks for more is ErrWindow, a match that
	// reaches back further is ErrCorrupt. A smaller one takes less memory.
	WindowBits int
	// Dict is the preset dictionary. Zlib data uses it when it asks for one,
	// raw data always, gzip never. It must not change while in use.
	Dict []byte
	// Trailing is what happens to input after the end.
	Trailing Trailing
	// MaxOutput is how many bytes the decoder will give, over all members; 0
	// means any number. One more is ErrTooLarge.
	MaxOutput int64
	// MaxRatio is how many times larger than its input the output may be; 0
	// means any number. It is looked at every 16 KiB of output, after the
	// first RatioGrace bytes: more than RatioGrace + MaxRatio times the input
	// used so far is ErrRatio. Deflate cannot expand more than 1,032 times.
	MaxRatio int
	// AllowTruncated takes the end of the input for the end of the stream,
	// wherever it comes. Other faults are still errors.
	AllowTruncated bool
}

// RatioGrace is the output to which DecoderOptions.MaxRatio does not apply, so
// that a small message may shrink as far as it will.
const RatioGrace = 1 << 20

// ratioStep is how often, in bytes of output, the ratio is looked at. The
// places are fixed, so that the verdict does not depend on how the input or
// the room is cut.
const ratioStep = 16 << 10

// Decoder turns deflate data, bare or as zlib or gzip, into what it was, in
// pieces of any size. It is pushed: input goes in, and every byte that can be
// decoded from the bits so far comes out, without a wait for more.
//
// It takes no byte beyond the end of the stream. The first failure is final:
// the bytes decoded before it are given out, then every call returns it.
//
// It holds 53 KiB from its first input on and starts no goroutine. It must not
// be used by two goroutines at once.
type Decoder struct {
	inflater
	options DecoderOptions

	state   decoderState
	format  Format // of the current stream; Auto until its first bytes are known
	members int    // streams begun
	many    bool   // the first one was a gzip member, so that others may follow
	sum     uint32 // checksum of the current stream's data: CRC-32 or Adler-32
	size    uint32 // its length
	member  memberHeader
	blocked bool // more output was due but had no room
	checked int64
	err     error
}

// NewDecoder returns a decoder. It fails only for options out of range.
func NewDecoder(o DecoderOptions) (*Decoder, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	d := &Decoder{options: o}
	d.Reset()
	return d, nil
}

func (o *DecoderOptions) check() error {
	switch {
	case o.Format > Auto:
		return fmt.Errorf("deflate: decoder: unknown format %d", o.Format)
	case o.WindowBits != 0 && (o.WindowBits < 8 || o.WindowBits > 15):
		return fmt.Errorf("deflate: decoder: window bits %d are not 8 to 15", o.WindowBits)
	case o.Trailing > TrailingReturn:
		return fmt.Errorf("deflate: decoder: unknown trailing policy %d", o.Trailing)
	case o.MaxOutput < 0:
		return fmt.Errorf("deflate: decoder: output limit %d is negative", o.MaxOutput)
	case o.MaxRatio < 0:
		return fmt.Errorf("deflate: decoder: ratio limit %d is negative", o.MaxRatio)
	}
	return nil
}

// Reset prepares for a new input with the same options. It keeps the memory.
func (d *Decoder) Reset() {
	d.bitReader = bitReader{}
	d.history = history{ring: d.ring, max: d.max}
	d.restart()
	d.state, d.format = atHeader, d.options.Format
	d.members, d.many, d.blocked, d.checked, d.err = 0, false, false, RatioGrace, nil
	d.member.reset()
}

// Decode takes input from the start of src and puts output at the start of
// dst. It returns how many bytes of each were used; they count even if err is
// not nil.
//
// With err nil, either dst is full (nDst == len(dst)), and Decode is to be
// called again with more room and the rest of src; or all of src was taken,
// and the stream needs more. The rest of dst may be used as scratch space.
// Neither slice is kept.
//
// At the end of the stream err is io.EOF and src[nSrc:] is what follows it.
// Where the options allow further members, a stream ends only with the input:
// then Decode returns nil until Finish says so. Failures are an [*Error].
func (d *Decoder) Decode(dst, src []byte) (nDst, nSrc int, err error) {
	for {
		nDst += d.handOut(dst[nDst:])
		if len(d.waiting()) > 0 {
			return nDst, nSrc, nil
		}
		if d.err != nil {
			return nDst, nSrc, d.err
		}
		if nDst == len(dst) && len(dst) > 0 {
			return nDst, nSrc, nil
		}
		n := d.run(src[nSrc:])
		nSrc += n
		if len(d.waiting()) == 0 && d.err == nil && !d.blocked {
			return nDst, nSrc, nil
		}
	}
}

// handOut moves waiting output to dst.
func (d *Decoder) handOut(dst []byte) int {
	n := copy(dst, d.waiting())
	d.rd += n
	return n
}

// Finish says that the input has ended. It returns nil if the stream may end
// here, and otherwise an [*Error] that wraps io.ErrUnexpectedEOF, or the
// earlier failure. No input at all is a cut stream too. As long as Decode has
// filled all of its dst, there may be output left; Finish then returns
// io.ErrShortBuffer and changes nothing.
func (d *Decoder) Finish() error {
	switch {
	case len(d.waiting()) > 0 || d.err == nil && d.blocked:
		return io.ErrShortBuffer
	case d.err == io.EOF:
		return nil
	case d.err != nil:
		return d.err
	case d.options.AllowTruncated || d.mayEnd():
		d.err = io.EOF
		return nil
	}
	d.fail(io.ErrUnexpectedEOF, "unexpected end of input", d.past)
	return d.err
}

// Header returns the header of the gzip member that was begun last, and
// whether there was one. Name and Comment are turned from Latin-1 into UTF-8. Of
// a name, a comment or an extra field that is longer than 1 KiB only the first
// 1 KiB is kept.
func (d *Decoder) Header() (Header, bool) { return d.member.header() }

// InputOffset returns how many bytes of the input were taken.
func (d *Decoder) InputOffset() int64 { return d.past }

// OutputOffset returns how many bytes were given out.
func (d *Decoder) OutputOffset() int64 { return d.total - int64(len(d.waiting())) }

// fail makes err final.
func (d *Decoder) fail(err error, detail string, offset int64) {
	d.err = &Error{Format: d.format, Err: err, Detail: detail, Offset: offset}
}
