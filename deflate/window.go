package deflate

import (
	"encoding/binary"
	"math/bits"
)

// minLookahead is how much input the search wants to see ahead: the longest
// match, one position further, and the bytes hashed there. With less it
// waits for more, unless a flush says that there is no more.
const minLookahead = maxMatch + minMatch + 1

// window holds the input that matches may reach and the input not yet coded,
// as zlib lays them out: two windows long, slid down by one when the coding
// comes near the end. Where it slides is visible in the output (the byte at
// its start is out of reach, and a block that began before it cannot be
// stored), so it is kept to the letter.
//
// The positions in the tables of the search are absolute: base plus the index
// in buf. Sliding moves base and leaves the tables alone.
type window struct {
	buf        []byte     // 2*size bytes and some slack that is only ever compared
	mem        *windowMem // what buf lies in, for indices without checks
	base       uint32     // absolute position of buf[0]
	size       int        // 1 << windowBits
	pos        int        // the next byte to code
	ahead      int        // bytes from pos on that are there
	insert     int        // positions before pos that are still to be hashed
	blockStart int        // where the current block begins; negative once slid out
}

const windowSlack = 16

// windowMem is the memory of a window. Its methods take indices below
// 2*ringSize and need no check of them.
type windowMem [2*ringSize + windowSlack]byte

// load64 returns the eight bytes at i.
func (m *windowMem) load64(i int) uint64 {
	x := uint(i) & (2*ringSize - 1)
	return binary.LittleEndian.Uint64(m[x : x+8])
}

// matchLen returns how many bytes, at most limit, are equal from a on and from
// b on, where a < b and limit bytes are there.
func (m *windowMem) matchLen(a, b, limit int) int {
	for n := 0; n < limit; n += 8 {
		if x := m.load64(a+n) ^ m.load64(b+n); x != 0 {
			return min(n+bits.TrailingZeros64(x)>>3, limit)
		}
	}
	return limit
}

// end returns the index behind the last byte of input in the window.
func (w *window) end() int { return w.pos + w.ahead }

// reach is the longest distance of a match.
func (w *window) reach() int { return w.size - minLookahead }

// slide drops the older half.
func (w *window) slide() {
	copy(w.buf, w.buf[w.size:2*w.size])
	w.base += uint32(w.size)
	w.pos -= w.size
	w.blockStart -= w.size
	w.insert = min(w.insert, w.pos)
}

// restart makes pos the window's start.
func (w *window) restart() {
	w.pos, w.blockStart, w.insert = 0, 0, 0
}

// fill moves input into the window until there is enough to look ahead, or no
// more, and hashes the positions that earlier had too little behind them.
func (e *encoder) fill() {
	w := &e.win
	for {
		if w.pos >= w.size+w.reach() {
			w.slide()
			e.chains.slide(w.size)
		}
		if len(e.in) == 0 {
			return
		}
		n := copy(w.buf[w.end():2*w.size], e.in)
		e.in = e.in[n:]
		w.ahead += n
		if !e.linking && w.ahead+w.insert >= minMatch {
			n := min(w.insert, w.ahead+w.insert-minMatch+1)
			at := w.pos - w.insert
			e.tables.insertRange(w.buf, w.base, at, at+n)
			w.insert -= n
		}
		if w.ahead >= minLookahead {
			return
		}
	}
}
