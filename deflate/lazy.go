package deflate

// tooFar is the distance from which a match of three is not worth its bits.
const tooFar = 4096

// lazy takes a match only if the next position has no longer one: levels 4
// to 9.
func (e *encoder) lazy(flush Flush) outcome {
	w, c := &e.win, &e.chains
	if !e.linking && len(e.in) > 0 {
		e.enterLazy()
	}
	for {
		if w.ahead < minLookahead {
			e.fill()
			if w.ahead < minLookahead && flush == noFlush {
				return needMore
			}
			if w.ahead == 0 {
				break
			}
		}
		if w.pos+minLookahead/2 > c.next3 {
			e.linkTo(w.pos + minLookahead/2)
		}
		prevDist := e.dist
		e.prevLength = e.length
		e.length = minMatch - 1
		if e.prevLength < e.tune.lazy && w.ahead >= minMatch {
			if e.prevLength < 2 {
				e.oddSearch()
			} else {
				chain := e.tune.chain
				if e.prevLength >= e.tune.good {
					chain >>= 2
				}
				f := finder{max(1, w.pos-w.reach()), w.reach(), chain, min(e.tune.nice, w.ahead), min(maxMatch, w.ahead)}
				e.length, e.dist = e.search(w.pos, e.prevLength, &f)
			}
			if e.length <= 5 && (e.strategy == Filtered || e.length == minMatch && e.dist > tooFar) {
				e.length = minMatch - 1
			}
		}
		switch {
		case e.prevLength >= minMatch && e.length <= e.prevLength:
			n := e.prevLength
			e.syms = append(e.syms, uint32(prevDist)<<16|uint32(n))
			w.ahead -= n - 1
			w.pos += n - 1
			e.literal = false
			e.length = minMatch - 1
			e.prevLength = 0
			if len(e.syms) == e.symLimit {
				e.endBlock(false)
			}
		case e.literal:
			e.syms = append(e.syms, uint32(w.buf[w.pos-1]))
			if len(e.syms) == e.symLimit {
				e.endBlock(false)
			}
			w.pos++
			w.ahead--
		default:
			e.literal = true
			w.pos++
			w.ahead--
		}
	}
	if e.literal {
		e.syms = append(e.syms, uint32(w.buf[w.pos-1]))
		e.literal = false
	}
	if e.linking {
		e.linkTail(w.pos)
	}
	// As in zlib the last two positions are hashed later even if an earlier
	// loop had left them out.
	w.insert = min(w.pos, minMatch-1)
	if next := w.pos - w.insert; c.next3 > next {
		c.next3 = next
		e.gapEnd = min(e.gapEnd, w.base+uint32(next))
	}
	return e.endLoop(flush)
}
