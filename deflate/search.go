package deflate

// search looks for a match longer than best, which is two or more, at the
// index at, which has ahead bytes, among the chain first candidates. It
// returns the first of the longest as zlib would, or best.
func (e *encoder) search(at, best, chain, ahead int) (length, dist int) {
	c := &e.chains
	if at >= c.nextLong || e.gapEnd != 0 {
		return e.walk(at, at, best, 0, chain, ahead)
	}
	if best >= longBytes {
		return e.longer(at, best, 0, chain, ahead)
	}
	buf := e.win.mem
	cur := uint16(e.win.base) + uint16(at)
	slot := uint(cur) & (ringSize - 1)
	far := e.win.reach()
	reach := min(far, at-1)
	word := buf.load64(at)
	three := c.three[slot]

	if int(cur-c.four[slot]) <= reach {
		// A match of five or more is the best if there is one.
		rank := uint16(three >> 16)
		d := 0
		for last, s, left := cur, slot, chain; ; left-- {
			link := c.long[s]
			d += int(last - link)
			if d > reach {
				break
			}
			if left == 0 {
				return e.walk(at, at, best, 0, chain, ahead)
			}
			last, s = link, uint(link)&(ringSize-1)
			if (buf.load64(at-d)^word)<<longShift == 0 {
				diff := int(rank - uint16(c.three[s]>>16))
				if diff > chain {
					break
				}
				if d < far || diff == 1 {
					limit := min(maxMatch, ahead)
					n := buf.matchLen(at-d, at, limit)
					if n >= min(e.tune.nice, limit) {
						return n, d
					}
					return e.longer(at, n, d, chain, ahead)
				}
			}
		}
		if best == longBytes-1 {
			return best, 0
		}
		// One of four is as good as any other of four.
		d = 0
		for last, s, left := cur, slot, chain; ; left-- {
			link := c.four[s]
			d += int(last - link)
			if d > reach {
				break
			}
			if left == 0 {
				return e.walk(at, at, best, 0, chain, ahead)
			}
			last, s = link, uint(link)&(ringSize-1)
			if uint32(buf.load64(at-d)) == uint32(word) {
				diff := int(rank - uint16(c.three[s]>>16))
				if diff > chain {
					break
				}
				if d < far || diff == 1 {
					return 4, d
				}
			}
		}
	}
	if best == 2 && e.strategy != Filtered {
		// The last of three bytes, farther than tooFar it would not be used.
		d := 0
		reach = min(reach, tooFar)
		for link, left := three, chain; left > 0; left-- {
			d += int(cur-uint16(link)-1) + 1
			if d > reach {
				break
			}
			cur = uint16(link)
			if (buf.load64(at-d)^word)<<40 == 0 {
				if d >= far && left != chain {
					break
				}
				return 3, d
			}
			link = c.three[uint(cur)&(ringSize-1)]
		}
	}
	return best, 0
}

// longer goes on searching with a match of found bytes, at least five, in hand,
// the one at the distance dist if that is not zero. A better match is on two
// chains: that of the first five bytes, and that of the five bytes that end
// behind the match in hand, where the one in hand differs. The search follows
// both side by side and ends when either does, which is soon where one of them
// is short.
func (e *encoder) longer(at, found, dist, chain, ahead int) (int, int) {
	c, buf := &e.chains, e.win.mem
	far := e.win.reach()
	limit := min(maxMatch, ahead)
	nice := min(e.tune.nice, ahead)
	if found >= limit {
		return found, dist
	}
	reach := min(far, at-1)
	cur := uint(e.win.base) + uint(at)
	word := buf.load64(at) << longShift
	off := min(found-longBytes+1, c.nextLong-1-at)
	tail := buf.load64(at+off) << longShift
	// Where the chains are, as positions and as distances of a match there;
	// done is the distance up to which nothing is left to find.
	front, df := cur-uint(dist), dist
	back, db := cur+uint(off), 0
	done := dist
	for left := chain; ; left-- {
		if left == 0 {
			return e.walk(at, at-done, found, dist, chain, ahead)
		}
		link := uint(c.long[front&(ringSize-1)])
		df += int(uint16(front - link))
		front = link
		d := df
		if df > reach {
			return found, dist
		}
		if buf.load64(at+off-df)<<longShift != tail || buf.load64(at-df)<<longShift != word {
			link := uint(c.long[back&(ringSize-1)])
			db += int(uint16(back - link))
			back = link
			d = db
			if db > reach {
				return found, dist
			}
			if db <= done || buf.load64(at+off-db)<<longShift != tail || buf.load64(at-db)<<longShift != word {
				continue
			}
		}
		cand := cur - uint(d)
		diff := int(uint16((c.three[cur&(ringSize-1)] - c.three[cand&(ringSize-1)]&^0xffff) >> 16))
		if diff > chain {
			return found, dist
		}
		done, df, front = d, d, cand
		if d >= far && diff != 1 {
			continue
		}
		n := longBytes + buf.matchLen(at-d+longBytes, at+longBytes, limit-longBytes)
		if n > found {
			found, dist = n, d
			if n >= nice {
				return found, dist
			}
			// The chain of the end begins at the end again.
			off = min(found-longBytes+1, c.nextLong-1-at)
			tail = buf.load64(at+off) << longShift
			back, db = cur+uint(off), 0
		}
	}
}

// walk goes the way of zlib, down the three-byte chain, past the candidates
// from top on up, which had nothing better. It is where the other ways end
// that have taken more steps than zlib would in all: with bytes chosen for it
// many positions share a hash, or the end of a match but not its start. It
// needs no other links, so it also serves near the end of the data, and it
// knows of positions that were left out.
func (e *encoder) walk(at, top, found, dist, chain, ahead int) (int, int) {
	c := &e.chains
	if at >= c.next3 {
		return found, dist
	}
	buf := e.win.buf
	far := e.win.reach()
	reach := min(far, at-1)
	limit := min(maxMatch, ahead)
	nice := min(e.tune.nice, ahead)
	if found >= limit {
		return found, dist
	}
	d := 0
	last := uint16(e.win.base) + uint16(at)
	for steps := chain; steps > 0; steps-- {
		link := uint16(c.three[last&(ringSize-1)])
		d += int(last-link-1) + 1
		last = link
		if d > reach || d >= far && steps != chain {
			break
		}
		if cand := at - d; cand < top && buf[cand+found] == buf[at+found] && buf[cand+found-1] == buf[at+found-1] && !e.missing(cand) {
			if n := matchLen(buf, cand, at, limit); n >= minMatch && n > found {
				found, dist = n, d
				if n >= nice || n >= limit {
					break
				}
			}
		}
	}
	return found, dist
}
