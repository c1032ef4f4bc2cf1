package compress

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/duplex-go/duplex/deflate"
)

// The marks of a Zstandard stream (RFC 8878, section 3.1).
const (
	zstdMagic       = 0xfd2fb528
	zstdSkipMagic   = 0x184d2a50 // and the fifteen after it
	zstdMaxBlock    = 128 << 10
	zstdBlockHeader = 3
)

// zstdInput is how much is read ahead where blocks are small.
const zstdInput = 4 << 10

// zstdPart is what comes next in the input.
type zstdPart uint8

const (
	atFrame    zstdPart = iota // a frame of data, a skippable one, or the end
	inSkipped                  // within a skippable frame
	atBlock                    // a block of the current frame
	atFrameEnd                 // the checksum, if the frame has one
)

// zstdParts takes the input apart, so that the library's decoder is only ever
// asked to decode what is whole: it reads one frame at a time, and never waits.
// What is cut, too large, or interrupted by a deadline is known before.
//
// The last block of a frame is handed over as if it were not the last, and an
// empty one after it, with the checksum: the decoder does not give out a block
// whose checksum is missing or wrong.
type zstdParts struct {
	src      source
	trailing deflate.Trailing
	maxBits  int

	buf   []byte
	r, w  int    // input that was read and not handed over is buf[r:w]
	at    int64  // the offset of buf[r] in the input
	ready int    // how much of it is for the decoder
	end   []byte // what the decoder gets after that: the end of the frame
	tail  [7]byte

	next     zstdPart
	begun    bool  // there was a frame, if only a skippable one
	frames   int   // of data, begun
	fresh    bool  // the decoder has not been told of the current one
	skip     int64 // left of a skippable frame
	checksum bool  // of the current frame
}

func (p *zstdParts) reset(r io.Reader, o *UnzstdOptions) {
	*p = zstdParts{src: source{r: r}, trailing: o.Trailing, maxBits: o.WindowBits, buf: p.buf}
	if p.maxBits == 0 {
		p.maxBits = zstdMaxWindowBits
	}
}

// Read is the decoder's: what is ready for it.
func (p *zstdParts) Read(b []byte) (int, error) {
	n := copy(b, p.buf[p.r:p.r+p.ready])
	p.drop(n)
	p.ready -= n
	if n == 0 {
		n = copy(b, p.end)
		p.end = p.end[n:]
	}
	if n == 0 {
		return 0, io.EOF
	}
	return n, nil
}

// drop passes over n bytes.
func (p *zstdParts) drop(n int) {
	p.r += n
	p.at += int64(n)
	if p.r == p.w {
		p.r, p.w = 0, 0
	}
}

// pass passes over n bytes ahead. No more than a frame's header is ready then;
// it moves up.
func (p *zstdParts) pass(n int) {
	copy(p.buf[p.r+n:], p.buf[p.r:p.r+p.ready])
	p.drop(n)
}

// ahead returns the input after what is ready.
func (p *zstdParts) ahead() []byte { return p.buf[p.r+p.ready : p.w] }

// errCut is input that ends within something.
var errCut = errors.New("cut")

// need reads until there are n bytes ahead. It returns io.EOF if the input ends
// before the first of them and errCut if later. Any other error is the source's
// own and may be got over: the next call goes on.
func (p *zstdParts) need(n int) error {
	for len(p.ahead()) < n {
		p.makeRoom(p.ready + n)
		got, err := p.src.Read(p.buf[p.w:])
		p.w += got
		if err == io.EOF && len(p.ahead()) > 0 {
			return errCut
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// makeRoom makes sure that n bytes fit, and that there is room for one more.
func (p *zstdParts) makeRoom(n int) {
	if p.r+n <= len(p.buf) && p.w < len(p.buf) {
		return
	}
	b := p.buf
	if n > len(b) {
		b = make([]byte, max(n, zstdInput, min(2*len(b), zstdMaxBlock)))
	}
	p.w = copy(b, p.buf[p.r:p.w])
	p.r = 0
	p.buf = b
}

// fail returns the error for what lies at the start of the input ahead.
func (p *zstdParts) fail(kind error, detail string) error {
	return &Error{Format: "zstd", Err: kind, Detail: detail, Offset: p.at + int64(p.ready)}
}

// cut returns the error of need as that of a frame that it interrupts.
func (p *zstdParts) cut(err error) error {
	if err == io.EOF || err == errCut {
		return &Error{Format: "zstd", Err: io.ErrUnexpectedEOF, Detail: "unexpected end of input", Offset: p.src.n}
	}
	return err
}

// advance makes the next step of the decoder ready: a block that is not empty,
// or the end of a frame. It returns io.EOF at the end of everything.
func (p *zstdParts) advance() error {
	for {
		var done bool
		var err error
		switch p.next {
		case atFrame:
			err = p.frame()
		case inSkipped:
			err = p.skipped()
		case atBlock:
			done, err = p.block()
		case atFrameEnd:
			done, err = true, p.frameEnd()
		}
		if done || err != nil {
			return err
		}
	}
}

// frame reads what stands before the blocks.
func (p *zstdParts) frame() error {
	if p.frames > 0 && p.trailing == deflate.TrailingReturn {
		return io.EOF
	}
	err := p.need(4)
	switch {
	case err == io.EOF && p.begun:
		return err
	case len(p.ahead()) > 0 && p.frames > 0 && p.trailing == deflate.TrailingReject:
		return p.fail(deflate.ErrTrailing, "input after the end")
	case err == errCut && p.frames > 0 && p.trailing == deflate.TrailingIgnore:
		return io.EOF
	case err != nil:
		return p.cut(err)
	}
	switch magic := binary.LittleEndian.Uint32(p.ahead()); {
	case magic&^15 == zstdSkipMagic:
		if err := p.need(8); err != nil {
			return p.cut(err)
		}
		p.skip = int64(binary.LittleEndian.Uint32(p.ahead()[4:]))
		p.drop(8)
		p.begun, p.next = true, inSkipped
		return nil
	case magic == zstdMagic:
	case p.frames > 0 && p.trailing == deflate.TrailingIgnore:
		return io.EOF
	default:
		return p.fail(deflate.ErrHeader, "incorrect magic number")
	}
	if err := p.header(); err != nil {
		return err
	}
	p.begun, p.fresh, p.next = true, true, atBlock
	p.frames++
	return nil
}

// header reads a frame's header and makes it ready.
func (p *zstdParts) header() error {
	if err := p.need(5); err != nil {
		return p.cut(err)
	}
	flags := p.ahead()[4]
	single := flags>>5&1 == 1
	idSize := int([4]byte{0, 1, 2, 4}[flags&3])
	sizeSize := int([4]byte{0, 2, 4, 8}[flags>>6])
	if single && sizeSize == 0 {
		sizeSize = 1
	}
	length := 5 + idSize + sizeSize
	if !single {
		length++
	}
	if err := p.need(length); err != nil {
		return p.cut(err)
	}
	h := p.ahead()
	if flags&8 != 0 {
		return p.fail(deflate.ErrHeader, "reserved bit set")
	}
	var window uint64
	if single {
		var size [8]byte
		copy(size[:], h[length-sizeSize:length])
		if window = binary.LittleEndian.Uint64(size[:]); sizeSize == 2 {
			window += 256
		}
	} else {
		window = 1 << (10 + h[5]>>3)
		window += window / 8 * uint64(h[5]&7)
	}
	if window > 1<<p.maxBits {
		return p.fail(deflate.ErrWindow, fmt.Sprintf("window of %d bytes, more than %d window bits", window, p.maxBits))
	}
	p.checksum = flags&4 != 0
	p.ready += length
	return nil
}

// skipped passes over a skippable frame.
func (p *zstdParts) skipped() error {
	for p.skip > 0 {
		if err := p.need(1); err != nil {
			return p.cut(err)
		}
		n := int(min(p.skip, int64(len(p.ahead()))))
		p.skip -= int64(n)
		p.drop(n)
	}
	p.next = atFrame
	return nil
}

// block makes a block ready, unless it is empty.
func (p *zstdParts) block() (full bool, err error) {
	if err := p.need(zstdBlockHeader); err != nil {
		return false, p.cut(err)
	}
	h := p.ahead()
	header := uint32(h[0]) | uint32(h[1])<<8 | uint32(h[2])<<16
	last := header&1 == 1
	kind := header >> 1 & 3
	size := int(header >> 3)
	const rle, compressed, reserved = 1, 2, 3
	length := zstdBlockHeader + size
	switch {
	case kind == reserved:
		return false, p.fail(deflate.ErrCorrupt, "invalid block type")
	case size > zstdMaxBlock:
		return false, p.fail(deflate.ErrCorrupt, "block too large")
	case kind == rle:
		length = zstdBlockHeader + 1
	}
	if err := p.need(length); err != nil {
		return false, p.cut(err)
	}
	if last {
		p.next = atFrameEnd
	}
	if size == 0 && kind != compressed {
		p.pass(length) // the decoder would want another one at once
		return false, nil
	}
	p.ahead()[0] &^= 1
	p.ready += length
	return true, nil
}

// frameEnd makes the end of a frame ready.
func (p *zstdParts) frameEnd() error {
	n := 0
	if p.checksum {
		n = 4
	}
	if err := p.need(n); err != nil {
		return p.cut(err)
	}
	p.end = append(p.tail[:0], 1, 0, 0) // an empty last block
	p.end = append(p.end, p.ahead()[:n]...)
	p.pass(n)
	p.next = atFrame
	return nil
}
