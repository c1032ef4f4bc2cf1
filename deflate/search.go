package deflate

import "encoding/binary"

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

	if best < longBytes {
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
		// A match of five or more is the best if there is one.
		if at < c.nextLong {
			for cand, left := back(at, c.long[slot]), chain; cand >= low; left-- {
				if left == 0 {
					return e.walk(at, at, best, 0, chain, ahead)
				}
				s := (base + uint16(cand)) & (ringSize - 1)
				if (buf.load64(cand)^word)<<longShift == 0 && !e.missing(cand) {
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
				cand = back(cand, c.long[s])
			}
		}
		if best == longBytes-1 {
			return best, 0
		}
		// One of four is as good as any other of four.
		for cand, left := back(at, c.four[slot]), chain; cand >= low; left-- {
			if left == 0 {
				return e.walk(at, at, best, 0, chain, ahead)
			}
			s := (base + uint16(cand)) & (ringSize - 1)
			if uint32(buf.load64(cand)) == uint32(word) && !e.missing(cand) {
				diff := int(rank - uint16(c.three[s]>>16))
				if diff > chain {
					break
				}
				if d := at - cand; d < far || diff == 1 {
					return 4, d
				}
			}
			cand = back(cand, c.four[s])
		}
		if best == 2 {
			return e.search3(at, chain)
		}
		return best, 0
	}
	return e.longer(at, at, best, 0, chain, ahead)
}

// longer goes on searching with a match of found bytes, at least five, in hand,
// the one at top if that is not at itself. A better match is on two chains:
// that of the first five bytes, and that of the five bytes that end behind the
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
	word := buf.load64(at) << longShift
	off := min(found-longBytes+1, c.nextLong-1-at)
	tail := buf.load64(at+off) << longShift
	front, q := top, at+off
	for left := chain; ; left-- {
		if left == 0 {
			return e.walk(at, top, found, dist, chain, ahead)
		}
		front = back(front, c.long[(base+uint16(front))&(ringSize-1)])
		cand := front
		if front < low {
			return found, dist
		}
		if buf.load64(front+off)<<longShift != tail || buf.load64(front)<<longShift != word {
			q = back(q, c.long[(base+uint16(q))&(ringSize-1)])
			cand = q - off
			if cand < low {
				return found, dist
			}
			if cand >= top || buf.load64(q)<<longShift != tail || buf.load64(cand)<<longShift != word {
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
		n := longBytes + buf.matchLen(cand+longBytes, at+longBytes, limit-longBytes)
		if n > found {
			found, dist = n, d
			if n >= nice {
				return found, dist
			}
			// The chain of the end begins at the top again.
			off = min(found-longBytes+1, c.nextLong-1-at)
			tail = buf.load64(at+off) << longShift
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
