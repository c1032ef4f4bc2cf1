package deflate

import (
	"encoding/binary"
	"math/bits"
)

// ringSize is the number of positions that the chains remember. Every window
// fits, and an index masked with it needs no bounds check.
const ringSize = 1 << 15

// tables finds earlier positions by the three bytes that begin there. Head
// holds the last position by hash, and prev the way from each position to the
// one before it with the same hash. The hash is zlib's, because positions
// that share one count as candidates whatever their bytes are.
type tables struct {
	head  []uint32 // absolute positions; zero is out of everybody's reach
	prev  *[ringSize]uint16
	shift uint
	mask  uint32
}

// hash returns the bucket of the three low bytes of v.
func (t *tables) hash(v uint32) uint32 {
	return hashAny(v, t.shift, t.mask)
}

// defaultShift is the shift of memory level 8, for which hash5 is the hash. A
// constant shift is worth a way of its own.
const defaultShift = 5

func hash5(v uint32) uint32 { return (v<<10 ^ v>>3&0x1fe0 ^ v>>16&0xff) & 0x7fff }

// hashAny is hash for any shift and mask.
func hashAny(v uint32, shift uint, mask uint32) uint32 {
	shift &= 15
	return (v<<(2*shift) ^ v>>8&0xff<<shift ^ v>>16&0xff) & mask
}

// add puts the position at of buf into its chain and returns the chain's last
// position before it.
func (t *tables) add(buf []byte, base uint32, at int) uint32 {
	h := t.hash(binary.LittleEndian.Uint32(buf[at:]))
	cur := base + uint32(at)
	last := t.head[h]
	t.head[h] = cur
	t.prev[cur&(ringSize-1)] = uint16(min(cur-last, 0xffff))
	return last
}

// insertRange adds the positions from at to end.
func (t *tables) insertRange(buf []byte, base uint32, at, end int) {
	for ; at < end; at++ {
		t.add(buf, base, at)
	}
}

// matchLen returns how many bytes, at most limit, are equal in buf from a on
// and from b on, where a < b.
func matchLen(buf []byte, a, b, limit int) int {
	n := 0
	for n+8 <= limit {
		x := binary.LittleEndian.Uint64(buf[a+n:]) ^ binary.LittleEndian.Uint64(buf[b+n:])
		if x != 0 {
			return n + bits.TrailingZeros64(x)>>3
		}
		n += 8
	}
	for n < limit && buf[a+n] == buf[b+n] {
		n++
	}
	return n
}

// search describes one search of a chain.
type search struct {
	first uint32 // absolute position of the first candidate
	low   uint32 // candidates after the first lie above it
	chain int    // how many candidates to look at
	nice  int    // a match this long ends the search
	ahead int    // bytes there are from the position on
}

// longest returns the longest match for the position at of buf that is longer
// than best, and the first one of that length; without one, best and from.
func (t *tables) longest(buf []byte, base uint32, at, best, from int, s *search) (length, start int) {
	limit := min(maxMatch, s.ahead)
	nice := min(s.nice, s.ahead)
	chain := s.chain
	cand := s.first
	if best < 2 {
		return t.longestAfter(buf, base, at, best, from, s)
	}
	if best >= limit {
		return limit, from
	}
	var tail uint32
	tailAt, shift := 0, uint(8)
	if best > 2 {
		tailAt, shift = best-3, 0
	}
	tail = binary.LittleEndian.Uint32(buf[at+tailAt:])
	for {
		c := int(cand - base)
		if (binary.LittleEndian.Uint32(buf[c+tailAt:])^tail)<<shift == 0 {
			if n := matchLen(buf, c, at, limit); n > best {
				best, from = n, c
				if n >= nice {
					break
				}
				tailAt, shift = best-3, 0
				tail = binary.LittleEndian.Uint32(buf[at+tailAt:])
			}
		}
		chain--
		if chain == 0 {
			break
		}
		cand -= uint32(t.prev[cand&(ringSize-1)])
		if cand <= s.low {
			break
		}
	}
	return best, from
}

// longestAfter is longest for best zero. After a change of level or strategy
// zlib's length so far may be zero, not two, and its first test of a
// candidate then compares the byte before it.
func (t *tables) longestAfter(buf []byte, base uint32, at, best, from int, s *search) (length, start int) {
	limit := min(maxMatch, s.ahead)
	nice := min(s.nice, s.ahead)
	cand := s.first
	for chain := s.chain; ; {
		c := int(cand - base)
		ok := false
		if best == 0 {
			ok = buf[c-1] == buf[at-1] && matchLen(buf, c, at, minMatch) >= 2
		} else {
			ok = best < limit && buf[c+best] == buf[at+best]
		}
		if ok {
			if n := matchLen(buf, c, at, limit); n > best {
				best, from = n, c
				if n >= nice {
					break
				}
			}
		}
		chain--
		cand -= uint32(t.prev[cand&(ringSize-1)])
		if chain == 0 || cand <= s.low {
			break
		}
	}
	return best, from
}
