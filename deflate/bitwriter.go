package deflate

import (
	"encoding/binary"
	"io"
)

// outSize is how many finished bytes wait before they go to the writer below.
// A block longer than that goes out in several writes.
const outSize = 8 << 10

// outSlack is the room kept behind outSize, so that one symbol of at most 48
// bits, stored as a whole word, never needs a check of its own.
const outSlack = 64

// bitWriter gathers bits, the first one lowest, into bytes for w. The first
// error of w is kept and everything after it is dropped.
type bitWriter struct {
	w    io.Writer
	err  error
	acc  uint64 // bits not yet in buf, at most seven between calls
	n    uint   // how many they are
	used int    // bytes of buf that are filled
	buf  [outSize + outSlack]byte
}

// reset starts anew on w.
func (b *bitWriter) reset(w io.Writer) {
	b.w, b.err, b.acc, b.n, b.used = w, nil, 0, 0, 0
}

// put appends the low n bits of v, n at most 48.
func (b *bitWriter) put(v uint64, n uint) {
	if b.used >= outSize {
		b.drain()
	}
	b.acc |= v << b.n
	b.n += n
	binary.LittleEndian.PutUint64(b.buf[b.used:], b.acc)
	b.used += int(b.n >> 3)
	b.acc >>= b.n &^ 7
	b.n &= 7
}

// align fills the current byte with zero bits.
func (b *bitWriter) align() {
	if b.n > 0 {
		b.put(0, 8-b.n)
	}
}

// bytes appends p to a stream that stands on a byte boundary.
func (b *bitWriter) bytes(p []byte) {
	for len(p) > 0 {
		if b.used >= outSize {
			b.drain()
		}
		n := copy(b.buf[b.used:outSize], p)
		b.used += n
		p = p[n:]
	}
}

// drain hands the whole bytes to w; up to seven bits stay.
func (b *bitWriter) drain() {
	if b.used > 0 && b.err == nil {
		n, err := b.w.Write(b.buf[:b.used])
		if err == nil && n != b.used {
			err = io.ErrShortWrite
		}
		b.err = err
	}
	b.used = 0
}
