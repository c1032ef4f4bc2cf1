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
//
// A head holds the low 16 bits of a position. A link holds the way back less
// than 65536, modulo that, so that no link leads nowhere. Every 32 Ki
// positions sweep sees to it that heads out of reach stay out of it.
type chains struct {
	three, four, six [ringSize]uint16
	rank             [ringSize]uint16
	head4            [1 << hash4Bits]uint16
	head6            [1 << hash6Bits]uint16

	next3, next4, next6 int // the next index to be linked, by kind
}

const (
	hash4Bits = 15
	hash6Bits = 14

	// sixBytes is how many bytes the positions of the long chain share.
	sixBytes = 6
	sixShift = 64 - 8*sixBytes

	// batch is how many positions are linked at a time, and linkedAhead how
	// far the links reach at least. Links of positions behind are needed up
	// to the longest distance, so there is room for minLookahead in front.
	batch       = 128
	linkedAhead = minLookahead - 1 - batch
)

func hash4(v uint32) uint32 { return v * 0x9e3779b1 >> (32 - hash4Bits) }
func hash6(v uint64) uint32 {
	return uint32(v << (64 - 8*sixBytes) * 0x9e3779b185ebca87 >> (64 - hash6Bits))
}

// back returns the index that the link at leads to from the index from.
func back(from int, link uint16) int { return from + int(link) - 1<<16 }

// link links the positions up to end, which have eight bytes at least.
func (e *encoder) link(end int) {
	c, w := &e.chains, &e.win
	for c.next3 < end {
		at := w.base + uint32(c.next3)
		if at&(ringSize-1) == 0 {
			sweep3(e.tables.head, at)
			sweep(c.head4[:], at)
			sweep(c.head6[:], at)
		}
		// As far as the next sweep.
		e.linkRun(min(end, c.next3+ringSize-int(at&(ringSize-1))))
	}
}

// linkRun is link without the sweeps.
func (e *encoder) linkRun(end int) {
	c, w := &e.chains, &e.win
	head, shift, mask := e.tables.head, e.tables.shift, e.tables.mask
	plain := shift == defaultShift && mask == 0x7fff
	buf, base := w.buf, w.base
	cur := uint16(base) + uint16(c.next3)
	for at := c.next3; at < end; at++ {
		v := binary.LittleEndian.Uint64(buf[at:])
		slot := cur & (ringSize - 1)

		x := uint32(v)
		h3 := hash5(x)
		if !plain {
			h3 = hashAny(x, shift, mask)
		}
		last := head[h3] // count<<16 | position
		head[h3] = last&^0xffff + 1<<16 | uint32(cur)
		c.three[slot] = uint16(last) - cur
		c.rank[slot] = uint16(last>>16) + 1

		h4 := hash4(x)
		c.four[slot] = c.head4[h4] - cur
		c.head4[h4] = cur

		h6 := hash6(v)
		c.six[slot] = c.head6[h6] - cur
		c.head6[h6] = cur
		cur++
	}
	c.next3, c.next4, c.next6 = end, end, end
}

// sweep, at a position cur that is a multiple of 32 Ki, makes all heads that
// are older than that as old as that: too old for the next 32 Ki positions.
// Positions of the last 32 Ki have the other high bit.
func sweep(heads []uint16, cur uint32) {
	for i, v := range heads {
		old := ^(v ^ uint16(cur)) & 0x8000
		heads[i] = v&^(old-old>>15) ^ old
	}
}

// sweep3 is sweep for the heads that have counts above the positions.
func sweep3(heads []uint32, cur uint32) {
	for i, v := range heads {
		old := ^(v ^ cur) & 0x8000
		heads[i] = v&^(old-old>>15) ^ old
	}
}

// linkTail links what can be linked of the positions up to end: near the end
// of the data some bytes are not there yet, and the rest is linked when they
// have come.
func (e *encoder) linkTail(end int) {
	c, w := &e.chains, &e.win
	there := w.end()
	for ; c.next3 < min(end, there-2); c.next3++ {
		cur := uint16(w.base) + uint16(c.next3)
		slot := cur & (ringSize - 1)
		if slot == 0 {
			sweep3(e.tables.head, uint32(cur))
		}
		h := e.tables.hash(binary.LittleEndian.Uint32(w.buf[c.next3:]))
		last := e.tables.head[h]
		e.tables.head[h] = last&^0xffff + 1<<16 | uint32(cur)
		c.three[slot] = uint16(last) - cur
		c.rank[slot] = uint16(last>>16) + 1
	}
	for ; c.next4 < min(end, there-3); c.next4++ {
		cur := uint16(w.base) + uint16(c.next4)
		if cur&(ringSize-1) == 0 {
			sweep(c.head4[:], uint32(cur))
		}
		h := hash4(binary.LittleEndian.Uint32(w.buf[c.next4:]))
		c.four[cur&(ringSize-1)] = c.head4[h] - cur
		c.head4[h] = cur
	}
	for ; c.next6 < min(end, there-sixBytes+1); c.next6++ {
		cur := uint16(w.base) + uint16(c.next6)
		if cur&(ringSize-1) == 0 {
			sweep(c.head6[:], uint32(cur))
		}
		h := hash6(binary.LittleEndian.Uint64(w.buf[c.next6:]))
		c.six[cur&(ringSize-1)] = c.head6[h] - cur
		c.head6[h] = cur
	}
}

// linkFrom makes sure that the links reach beyond at, as far as the data does.
func (e *encoder) linkFrom(at int) {
	c, w := &e.chains, &e.win
	end := at + linkedAhead + batch
	if c.next3 != c.next6 || end+8 > w.end() {
		e.linkTail(min(end, w.end()))
		if end+8 > w.end() {
			return
		}
	}
	e.link(end)
}

// slide follows the window when it drops n bytes.
func (c *chains) slide(n int) {
	c.next3 = max(0, c.next3-n)
	c.next4 = max(0, c.next4-n)
	c.next6 = max(0, c.next6-n)
}

// search looks for a match longer than best, which is two or more, at the
// index at, which has ahead bytes, among the chain first candidates. It
// returns the first of the longest as zlib would, or best.
func (e *encoder) search(at, best, chain, ahead int) (length, dist int) {
	c := &e.chains
	if at >= c.next4 {
		if best == 2 {
			return e.search3(at, chain)
		}
		return best, 0
	}
	buf := e.win.buf
	base := uint16(e.win.base)
	far := e.win.reach()
	low := max(1, at-far)
	slot := (base + uint16(at)) & (ringSize - 1)
	rank := c.rank[slot]
	limit := min(maxMatch, ahead)
	word := binary.LittleEndian.Uint64(buf[at:])
	found := best

	if best < sixBytes {
		// Fewer bytes in common are a condition for more.
		if back(at, c.three[slot]) < low {
			return best, 0
		}
		if back(at, c.four[slot]) < low {
			if best == 2 {
				return e.search3(at, chain)
			}
			return best, 0
		}
		// A match of six or more is the best if there is one.
		if at < c.next6 {
			for cand, left := back(at, c.six[slot]), chain; cand >= low; left-- {
				if left == 0 {
					return e.walk(at, at, best, 0, chain, ahead)
				}
				s := (base + uint16(cand)) & (ringSize - 1)
				if (binary.LittleEndian.Uint64(buf[cand:])^word)<<sixShift == 0 && !e.missing(cand) {
					diff := int(rank - c.rank[s])
					if diff > chain {
						break
					}
					if d := at - cand; d < far || diff == 1 {
						n := matchLen(buf, cand, at, limit)
						if n > found {
							if n >= min(e.tune.nice, ahead) || n >= limit {
								return n, d
							}
							return e.longer(at, cand, n, d, chain, ahead)
						}
					}
				}
				cand = back(cand, c.six[s])
			}
		}
		if best == sixBytes-1 {
			return best, 0
		}
		mask := ^uint64(0) >> (64 - 8*uint(max(best+1, 4)))
		steps, strangers := chain, chain
		for cand := back(at, c.four[slot]); cand >= low; {
			x := binary.LittleEndian.Uint64(buf[cand:]) ^ word
			s := (base + uint16(cand)) & (ringSize - 1)
			if uint32(x) != 0 {
				if strangers--; strangers == 0 {
					return e.walk(at, at, best, 0, chain, ahead)
				}
				cand = back(cand, c.four[s])
				continue
			}
			if x&mask == 0 && !e.missing(cand) {
				diff := int(rank - c.rank[s])
				if diff > chain {
					break
				}
				d := at - cand
				if d < far || diff == 1 {
					n := min(bits.TrailingZeros64(x)>>3, limit)
					if n > found {
						found, dist = n, d
						if n >= sixBytes-1 || n >= min(e.tune.nice, ahead) {
							return found, dist
						}
						mask = ^uint64(0) >> (56 - 8*uint(n))
					}
				}
			}
			// Every candidate here counts in zlib's chain too, so the rank
			// need not be looked at before.
			steps--
			if steps == 0 && e.gapEnd == 0 {
				break
			}
			cand = back(cand, c.four[s])
		}
		if found == 2 {
			return e.search3(at, chain)
		}
		return found, dist
	}
	return e.longer(at, at, best, 0, chain, ahead)
}

// longer goes on searching with a match of found bytes, at least six, in hand,
// the one at top if that is not at itself. A longer match must have the byte
// after them: the search follows the chain of the six bytes that end there.
func (e *encoder) longer(at, top, found, dist, chain, ahead int) (int, int) {
	c := &e.chains
	buf := e.win.buf
	base := uint16(e.win.base)
	far := e.win.reach()
	limit := min(maxMatch, ahead)
	nice := min(e.tune.nice, ahead)
	if found >= limit {
		return found, dist
	}
	rank := c.rank[(base+uint16(at))&(ringSize-1)]
	word := binary.LittleEndian.Uint64(buf[at:])
	off := min(found-sixBytes+1, c.next6-1-at)
	tail := binary.LittleEndian.Uint64(buf[at+off:])
	low := max(1, at-far) + off
	q := at + off
	for left := 2 * chain; ; left-- {
		if left == 0 {
			return e.walk(at, top, found, dist, chain, ahead)
		}
		q = back(q, c.six[(base+uint16(q))&(ringSize-1)])
		if q < low {
			return found, dist
		}
		cand := q - off
		if (binary.LittleEndian.Uint64(buf[q:])^tail)<<sixShift != 0 || cand >= top {
			continue
		}
		x := binary.LittleEndian.Uint64(buf[cand:]) ^ word
		if x<<40 != 0 || e.missing(cand) {
			continue
		}
		diff := int(rank - c.rank[(base+uint16(cand))&(ringSize-1)])
		if diff > chain {
			return found, dist
		}
		if x<<sixShift != 0 {
			continue
		}
		d := at - cand
		if d >= far && diff != 1 {
			continue
		}
		n := sixBytes + matchLen(buf, cand+sixBytes, at+sixBytes, limit-sixBytes)
		if n > found {
			found, dist = n, d
			if n >= nice {
				return found, dist
			}
			top = cand
			// A chain farther on is shorter, but begins at the top again.
			next := min(found-sixBytes+1, c.next6-1-at)
			if next-off < 16 {
				continue
			}
			off = next
			tail = binary.LittleEndian.Uint64(buf[at+off:])
			q = at + off
			low = max(1, at-far) + off
		}
	}
}

// walk goes the way of zlib, down the three-byte chain, past the candidates
// from top on up, which had nothing better. It is where the other ways end
// that have taken more steps than zlib would in all: with bytes chosen for it
// many positions share a hash, or the end of a match but not its start.
func (e *encoder) walk(at, top, found, dist, chain, ahead int) (int, int) {
	c := &e.chains
	buf := e.win.buf
	base := uint16(e.win.base)
	far := e.win.reach()
	low := max(1, at-far)
	limit := min(maxMatch, ahead)
	nice := min(e.tune.nice, ahead)
	if found >= limit {
		return found, dist
	}
	cand := back(at, c.three[(base+uint16(at))&(ringSize-1)])
	for steps := chain; cand >= low && steps > 0; steps-- {
		if at-cand >= far && steps != chain {
			break
		}
		if cand < top && buf[cand+found] == buf[at+found] && buf[cand+found-1] == buf[at+found-1] && !e.missing(cand) {
			if n := matchLen(buf, cand, at, limit); n >= minMatch && n > found {
				found, dist = n, at-cand
				if n >= nice || n >= limit {
					break
				}
			}
		}
		cand = back(cand, c.three[(base+uint16(cand))&(ringSize-1)])
	}
	return found, dist
}

// search3 looks for a match of exactly three bytes, where there is none of
// more. Farther than tooFar it would not be used.
func (e *encoder) search3(at, chain int) (length, dist int) {
	c := &e.chains
	if at >= c.next3 || e.strategy == Filtered {
		return 2, 0
	}
	buf := e.win.buf
	base := uint16(e.win.base)
	word := binary.LittleEndian.Uint32(buf[at:]) << 8
	far := e.win.reach()
	low := max(1, at-min(tooFar, far))
	slot := (base + uint16(at)) & (ringSize - 1)
	cand := back(at, c.three[slot])
	for steps := chain; cand >= low && steps > 0; steps-- {
		if binary.LittleEndian.Uint32(buf[cand:])<<8 == word && !e.missing(cand) {
			if at-cand >= far && steps != chain {
				break
			}
			return 3, at - cand
		}
		cand = back(cand, c.three[(base+uint16(cand))&(ringSize-1)])
	}
	return 2, 0
}

// clear forgets all heads, those of three bytes too.
func (c *chains) clear(head []uint32) {
	clear(head)
	clear(c.head4[:])
	clear(c.head6[:])
}
