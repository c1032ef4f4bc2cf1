package deflate

import (
	"encoding/binary"
	"math/bits"
)

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
	buf := e.win.mem
	base := uint16(e.win.base)
	far := e.win.reach()
	low := max(1, at-far)
	slot := (base + uint16(at)) & (ringSize - 1)
	three := c.three[slot]
	rank := uint16(three >> 16)
	limit := min(maxMatch, ahead)
	word := buf.load64(at)
	found := best

	if best < sixBytes {
		// Fewer bytes in common are a condition for more.
		if back(at, uint16(three)) < low {
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
				if (buf.load64(cand)^word)<<sixShift == 0 && !e.missing(cand) {
					diff := int(rank - uint16(c.three[s]>>16))
					if diff > chain {
						break
					}
					if d := at - cand; d < far || diff == 1 {
						n := buf.matchLen(cand, at, limit)
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
			x := buf.load64(cand) ^ word
			s := (base + uint16(cand)) & (ringSize - 1)
			if uint32(x) != 0 {
				if strangers--; strangers == 0 {
					return e.walk(at, at, best, 0, chain, ahead)
				}
				cand = back(cand, c.four[s])
				continue
			}
			if x&mask == 0 && !e.missing(cand) {
				diff := int(rank - uint16(c.three[s]>>16))
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
// the one at top if that is not at itself. A better match is on two chains:
// that of the first six bytes, and that of the six bytes that end behind the
// match in hand, where the one in hand differs. The search follows both side by
// side and ends when either does, which is soon where one of them is short.
func (e *encoder) longer(at, top, found, dist, chain, ahead int) (int, int) {
	c, buf := &e.chains, e.win.mem
	base := uint16(e.win.base)
	far := e.win.reach()
	limit := min(maxMatch, ahead)
	nice := min(e.tune.nice, ahead)
	if found >= limit {
		return found, dist
	}
	low := max(1, at-far)
	word := buf.load64(at) << sixShift
	off := min(found-sixBytes+1, c.next6-1-at)
	tail := buf.load64(at+off) << sixShift
	front, q := top, at+off
	for left := chain; ; left-- {
		if left == 0 {
			return e.walk(at, top, found, dist, chain, ahead)
		}
		front = back(front, c.six[(base+uint16(front))&(ringSize-1)])
		cand := front
		if front < low {
			return found, dist
		}
		if buf.load64(front+off)<<sixShift != tail || buf.load64(front)<<sixShift != word {
			q = back(q, c.six[(base+uint16(q))&(ringSize-1)])
			cand = q - off
			if cand < low {
				return found, dist
			}
			if cand >= top || buf.load64(q)<<sixShift != tail || buf.load64(cand)<<sixShift != word {
				continue
			}
		}
		if e.missing(cand) {
			continue
		}
		diff := int(uint16((c.three[(base+uint16(at))&(ringSize-1)] - c.three[(base+uint16(cand))&(ringSize-1)]&^0xffff) >> 16))
		if diff > chain {
			return found, dist
		}
		top, front = cand, cand
		d := at - cand
		if d >= far && diff != 1 {
			continue
		}
		n := sixBytes + buf.matchLen(cand+sixBytes, at+sixBytes, limit-sixBytes)
		if n > found {
			found, dist = n, d
			if n >= nice {
				return found, dist
			}
			// The chain of the end begins at the top again.
			off = min(found-sixBytes+1, c.next6-1-at)
			tail = buf.load64(at+off) << sixShift
			q = at + off
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
	cand := back(at, uint16(c.three[(base+uint16(at))&(ringSize-1)]))
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
		cand = back(cand, uint16(c.three[(base+uint16(cand))&(ringSize-1)]))
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
	cand := back(at, uint16(c.three[slot]))
	for steps := chain; cand >= low && steps > 0; steps-- {
		if binary.LittleEndian.Uint32(buf[cand:])<<8 == word && !e.missing(cand) {
			if at-cand >= far && steps != chain {
				break
			}
			return 3, at - cand
		}
		cand = back(cand, uint16(c.three[(base+uint16(cand))&(ringSize-1)]))
	}
	return 2, 0
}
