package deflate

import (
	"encoding/binary"
	"math/bits"
)

// chains are the tables of the lazy search. Where zlib walks the chain of a
// position's three-byte hash, it walks chains of positions that share more
// bytes, on which the same answer comes sooner.
//
// The links do not depend on what the search finds, so positions are linked
// in batches ahead of it, and the link of a position leads to the last one
// before it however far ahead the linking is. rank counts the positions of a
// three-byte bucket: two positions of one bucket are as far apart in zlib's
// chain as their ranks differ.
type chains struct {
	four, eight *[ringSize]uint16 // links over four and eight bytes
	rank        *[ringSize]uint16
	head4       *[1 << hash4Bits]uint32
	head8       *[1 << hash8Bits]uint32

	next3, next4, next8 int // the next index to be linked, by kind
}

const (
	hash4Bits = 15
	hash8Bits = 15

	// batch is how many positions are linked at a time. Links of positions
	// behind are needed up to the longest distance, so there is room for
	// minLookahead positions in front.
	batch = 128
)

func hash4(v uint32) uint32 { return v * 0x9e3779b1 >> (32 - hash4Bits) }
func hash8(v uint64) uint32 { return uint32(v * 0x9e3779b185ebca87 >> (64 - hash8Bits)) }

// link links the positions up to end, which have eight bytes at least.
func (e *encoder) link(end int) {
	t, c, w := &e.tables, &e.chains, &e.win
	head, shift, mask := t.head, t.shift, t.mask
	buf := w.buf
	for at := c.next3; at < end; at++ {
		v := binary.LittleEndian.Uint64(buf[at:])
		cur := w.base + uint32(at)
		slot := cur & (ringSize - 1)

		x := uint32(v)
		h3 := (x<<(2*(shift&15)) ^ x>>8&0xff<<(shift&15) ^ x>>16&0xff) & mask
		last := head[h3]
		head[h3] = cur
		t.prev[slot] = uint16(min(cur-last, 0xffff))
		c.rank[slot] = c.rank[last&(ringSize-1)] + 1

		h4 := hash4(x)
		last = c.head4[h4]
		c.head4[h4] = cur
		c.four[slot] = uint16(min(cur-last, 0xffff))

		h8 := hash8(v)
		last = c.head8[h8]
		c.head8[h8] = cur
		c.eight[slot] = uint16(min(cur-last, 0xffff))
	}
	c.next3, c.next4, c.next8 = end, end, end
}

// linkTail links what can be linked of the positions up to end: near the end
// of the data some bytes are not there yet, and the rest is linked when they
// have come.
func (e *encoder) linkTail(end int) {
	t, c, w := &e.tables, &e.chains, &e.win
	there := w.end()
	for ; c.next3 < min(end, there-2); c.next3++ {
		cur := w.base + uint32(c.next3)
		last := t.add(w.buf, w.base, c.next3)
		c.rank[cur&(ringSize-1)] = c.rank[last&(ringSize-1)] + 1
	}
	for ; c.next4 < min(end, there-3); c.next4++ {
		cur := w.base + uint32(c.next4)
		h := hash4(binary.LittleEndian.Uint32(w.buf[c.next4:]))
		c.four[cur&(ringSize-1)] = uint16(min(cur-c.head4[h], 0xffff))
		c.head4[h] = cur
	}
	for ; c.next8 < min(end, there-7); c.next8++ {
		cur := w.base + uint32(c.next8)
		h := hash8(binary.LittleEndian.Uint64(w.buf[c.next8:]))
		c.eight[cur&(ringSize-1)] = uint16(min(cur-c.head8[h], 0xffff))
		c.head8[h] = cur
	}
}

// linkTo makes sure that the links reach beyond at, as far as the data does.
func (e *encoder) linkTo(at int) {
	c, w := &e.chains, &e.win
	end := at + batch
	if c.next3 != c.next8 || end+8 > w.end() {
		e.linkTail(min(end, w.end()))
		if end+8 > w.end() {
			return
		}
	}
	e.link(end)
}

// finder is the search at one position.
type finder struct {
	low   int // candidates are above it: the window's start, or the reach
	far   int // the longest distance
	chain int
	nice  int
	limit int // the longest match, or what data there is
}

// search looks for a match longer than best, which is two or more, at the
// index at, and returns the first of the longest as zlib would, or best.
func (e *encoder) search(at, best int, f *finder) (length, dist int) {
	c := &e.chains
	buf := e.win.buf
	base := e.win.base
	slot := (base + uint32(at)) & (ringSize - 1)
	rank := c.rank[slot]
	if at >= c.next4 {
		if best == 2 {
			return e.search3(at, f)
		}
		return best, 0
	}
	word := binary.LittleEndian.Uint64(buf[at:])
	found := best
	cand := at
	if best < 8 {
		need := max(best+1, 4)
		mask := ^uint64(0) >> (64 - 8*uint(need))
		steps := f.chain
		cand -= int(c.four[slot])
		for cand >= f.low {
			x := binary.LittleEndian.Uint64(buf[cand:]) ^ word
			s := (base + uint32(cand)) & (ringSize - 1)
			if x&mask == 0 && !e.missing(cand) {
				diff := rank - c.rank[s]
				if int(diff) > f.chain {
					break
				}
				d := at - cand
				if d < f.far || diff == 1 {
					n := bits.TrailingZeros64(x) >> 3
					if n == 8 {
						n = 8 + matchLen(buf, cand+8, at+8, f.limit-8)
					}
					n = min(n, f.limit)
					if n > found {
						found, dist = n, d
						if n >= f.nice {
							return found, dist
						}
						if n >= 8 {
							break
						}
						mask = ^uint64(0) >> (56 - 8*uint(n))
					}
				}
			}
			steps--
			if steps <= 0 && uint32(x) == 0 && int(rank-c.rank[s]) > f.chain && !e.missing(cand) {
				break
			}
			cand -= int(c.four[s])
		}
		if found < 8 {
			if found == 2 {
				return e.search3(at, f)
			}
			return found, dist
		}
	}

	// A longer match must have the byte after the best one. Follow the chain
	// of the eight bytes that end there.
	if found >= f.limit {
		return found, dist
	}
	off := min(found-7, c.next8-1-at)
	if off < 0 {
		off = 0
	}
	tail := binary.LittleEndian.Uint64(buf[at+off:])
	top := cand // candidates from here on up are done
	q := at + off
	low := f.low + off
	for {
		s := (base + uint32(q)) & (ringSize - 1)
		q -= int(c.eight[s])
		if q < low {
			break
		}
		cand = q - off
		if binary.LittleEndian.Uint64(buf[q:]) != tail || cand >= top {
			continue
		}
		x := binary.LittleEndian.Uint64(buf[cand:]) ^ word
		if x<<40 != 0 || e.missing(cand) {
			continue
		}
		diff := rank - c.rank[(base+uint32(cand))&(ringSize-1)]
		if int(diff) > f.chain {
			break
		}
		if x != 0 {
			continue
		}
		d := at - cand
		if d >= f.far && diff != 1 {
			continue
		}
		n := min(8+matchLen(buf, cand+8, at+8, f.limit-8), f.limit)
		if n > found {
			found, dist = n, d
			if n >= f.nice || n >= f.limit {
				break
			}
			off = max(0, min(found-7, c.next8-1-at))
			tail = binary.LittleEndian.Uint64(buf[at+off:])
			top = cand
			q = at + off
			low = f.low + off
		}
	}
	return found, dist
}

// search3 looks for a match of exactly three bytes, where there is none of
// more. Farther than tooFar it would not be used.
func (e *encoder) search3(at int, f *finder) (length, dist int) {
	t, c := &e.tables, &e.chains
	if at >= c.next3 || e.strategy == Filtered {
		return 2, 0
	}
	buf := e.win.buf
	base := e.win.base
	word := binary.LittleEndian.Uint32(buf[at:]) << 8
	low := max(f.low, at-tooFar)
	slot := (base + uint32(at)) & (ringSize - 1)
	cand := at - int(t.prev[slot])
	for steps := f.chain; cand >= low && steps > 0; steps-- {
		if binary.LittleEndian.Uint32(buf[cand:])<<8 == word {
			if at-cand >= f.far && steps != f.chain {
				break
			}
			return 3, at - cand
		}
		cand -= int(t.prev[(base+uint32(cand))&(ringSize-1)])
	}
	return 2, 0
}

// slide follows the window when it drops n bytes.
func (c *chains) slide(n int) {
	c.next3 = max(0, c.next3-n)
	c.next4 = max(0, c.next4-n)
	c.next8 = max(0, c.next8-n)
}
