package deflate

import (
	"hash/crc32"
	"io"
	"math/bits"
)

// decoderState is where in its input a decoder is.
//
//	atHeader -> (gzip fields, dictionary) -> inBody -> atCheck -> atLength -> betweenStreams
//	   ^                                                                          |
//	   +------------------------------- a further member -------------------------+
type decoderState uint8

const (
	atHeader       decoderState = iota // before the first bytes of a stream
	inMember                           // within a gzip header
	atDictionary                       // before a zlib header's dictionary checksum
	inBody                             // within deflate data
	atCheck                            // before the data's checksum
	atLength                           // before the data's length
	betweenStreams                     // after a stream
)

// run decodes from src into the ring, which must have been emptied, until it
// needs more input or room, the stream ends, or it is wrong. It returns how
// many bytes of src it took.
func (d *Decoder) run(src []byte) int {
	d.in, d.ip, d.blocked = src, 0, false
	for d.err == nil && d.step() {
	}
	n := d.ip
	d.in, d.ip = nil, 0
	d.past += int64(n)
	return n
}

// step does what is next. It returns false if it can do no more for now.
func (d *Decoder) step() bool {
	switch d.state {
	case atHeader:
		return d.readHeader()
	case inMember:
		return d.readMember()
	case atDictionary:
		return d.readDictionary()
	case inBody:
		return d.readBody()
	case atCheck:
		return d.readCheck()
	case atLength:
		return d.readLength()
	}
	return d.readBetween()
}

// window makes the ring at the first input.
func (d *Decoder) window() {
	if d.ring == nil {
		bits := d.options.WindowBits
		if bits == 0 {
			bits = 15
		}
		d.history.init(bits)
	}
}

// readHeader reads the first bytes of a stream.
func (d *Decoder) readHeader() bool {
	if d.format == Raw {
		if d.ip == len(d.in) {
			return false
		}
		d.window()
		d.startBody()
		d.preset(d.options.Dict)
		return true
	}
	if !d.need(16) {
		return false
	}
	first := d.peek(16)
	isGzip := first == 0x8b1f
	isZlib := (first&0xff<<8|first>>8)%31 == 0
	if d.format == Auto && isGzip {
		d.format = Gzip
	}
	if d.format == Gzip {
		if !isGzip {
			if d.members > 0 && d.options.Trailing == TrailingIgnore {
				d.err = io.EOF
				return false
			}
			d.fail(ErrHeader, "incorrect header check", d.offset())
			return false
		}
		d.window()
		d.drop(16)
		if d.members == 0 {
			d.many = true
		}
		d.member.start()
		d.state = inMember
		return true
	}
	windowBits := int(first>>4&15) + 8
	switch {
	case !isZlib:
		d.fail(ErrHeader, "incorrect header check", d.offset())
		return false
	case first&15 != 8:
		d.fail(ErrHeader, "unknown compression method", d.offset())
		return false
	case windowBits > 15 || d.options.WindowBits != 0 && windowBits > d.options.WindowBits:
		d.fail(ErrWindow, "invalid window size", d.offset())
		return false
	}
	d.format = Zlib
	d.window()
	d.drop(16)
	if first>>8&0x20 != 0 {
		d.state = atDictionary
		return true
	}
	d.startBody()
	return true
}

// readDictionary reads which dictionary zlib data needs.
func (d *Decoder) readDictionary() bool {
	if !d.need(32) {
		return false
	}
	switch id := bits.ReverseBytes32(d.peek(32)); {
	case d.options.Dict == nil:
		d.fail(ErrNoDictionary, "missing dictionary", d.offset())
		return false
	case id != adlerSum(1, d.options.Dict):
		d.fail(ErrDictionary, "wrong dictionary", d.offset())
		return false
	case len(d.waiting()) > 0:
		d.blocked = true // the dictionary goes where the member before it still lies
		return false
	}
	d.drop(32)
	d.startBody()
	d.preset(d.options.Dict)
	return true
}

// startBody prepares for deflate data.
func (d *Decoder) startBody() {
	d.forget()
	d.restart()
	d.members++
	d.sum, d.size = 0, 0
	if d.format == Zlib {
		d.sum = 1
	}
	d.state = inBody
}

// readBody decodes deflate data as far as the limits allow.
func (d *Decoder) readBody() bool {
	limit, guard := d.room()
	start := d.wr
	stop, detail := d.inflate(limit)
	data := d.ring[start:d.wr]
	switch d.format {
	case Gzip:
		d.sum = crc32.Update(d.sum, crc32.IEEETable, data)
		d.size += uint32(len(data))
	case Zlib:
		d.sum = adlerSum(d.sum, data)
	}
	switch stop {
	case stopEnd:
		d.state = atCheck
		if d.format == Raw {
			d.state = betweenStreams
		}
		return true
	case stopCorrupt:
		d.fail(ErrCorrupt, detail, d.offset())
	case stopRoom:
		d.blocked = true
		if d.wr == limit && guard {
			d.guard()
		}
	}
	return false
}

// room returns the index in the ring that output must not pass, and whether
// that is because of the options.
func (d *Decoder) room() (limit int, guard bool) {
	limit = len(d.ring)
	if len(d.waiting()) == 0 {
		d.wrap()
	}
	// Both bounds are compared as distances, which cannot overflow.
	if d.options.MaxRatio > 0 && d.checked-d.total < int64(limit-d.wr) {
		limit, guard = d.wr+int(d.checked-d.total), true
	}
	if d.options.MaxOutput > 0 && d.options.MaxOutput-d.total < int64(limit-d.wr) {
		limit, guard = d.wr+int(d.options.MaxOutput-d.total), true
	}
	return limit, guard
}

// guard is called when output has come to a bound and more is due.
func (d *Decoder) guard() {
	if o := d.options; o.MaxOutput > 0 && d.total >= o.MaxOutput {
		d.fail(ErrTooLarge, "decoded data exceeds the limit", d.offset())
		return
	}
	// No stream expands this far; the product cannot overflow.
	ratio := int64(min(d.options.MaxRatio, 1<<11))
	used := (d.bitsUsed() + 7) >> 3
	if d.total-RatioGrace > used*ratio {
		d.fail(ErrRatio, "data expands beyond the allowed ratio", d.offset())
		return
	}
	d.checked += ratioStep
}

// readCheck reads the checksum after the data.
func (d *Decoder) readCheck() bool {
	if !d.need(32) {
		return false
	}
	want := d.peek(32)
	if d.format == Zlib {
		want = bits.ReverseBytes32(want)
	}
	if want != d.sum {
		d.fail(ErrChecksum, "incorrect data check", d.offset())
		return false
	}
	d.drop(32)
	d.state = betweenStreams
	if d.format == Gzip {
		d.state = atLength
	}
	return true
}

// readLength reads the length after gzip data.
func (d *Decoder) readLength() bool {
	if !d.need(32) {
		return false
	}
	if d.peek(32) != d.size {
		d.fail(ErrLength, "incorrect length check", d.offset())
		return false
	}
	d.drop(32)
	d.state = betweenStreams
	return true
}

// readBetween decides what the input after a stream is.
func (d *Decoder) readBetween() bool {
	policy := d.options.Trailing
	if policy == TrailingReturn || !d.many && policy != TrailingReject {
		d.err = io.EOF
		return false
	}
	if d.ip == len(d.in) {
		return false
	}
	next := d.in[d.ip]
	switch {
	case policy == TrailingReject:
		d.fail(ErrTrailing, "input after the end", d.offset())
	case policy == TrailingMembers && next == 0, policy == TrailingIgnore && next != 0x1f:
		d.err = io.EOF
	default:
		if policy == TrailingMembers {
			d.format = d.options.Format
		}
		d.state = atHeader
		return true
	}
	return false
}

// mayEnd says whether the input may end here.
func (d *Decoder) mayEnd() bool {
	switch d.state {
	case betweenStreams:
		return true
	case atHeader:
		// One byte that looked like the start of a member.
		return d.members > 0 && d.options.Trailing == TrailingIgnore
	}
	return false
}
