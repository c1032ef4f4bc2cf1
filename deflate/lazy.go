package deflate

// tooFar is the distance from which a match of three is not worth its bits.
const tooFar = 4096

// lazy takes a match only if the next position has no longer one: levels 4
// to 9.
func (e *encoder) lazy(flush Flush) outcome {
	w := &e.win
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
		first := uint32(0)
		cur := w.base + uint32(w.pos)
		if w.ahead >= minMatch {
			first = e.tables.add(w.buf, w.base, w.pos)
		}
		prevDist := e.dist
		e.prevLength = e.length
		e.length = minMatch - 1
		reach := uint32(w.reach())
		if first > w.base && e.prevLength < e.tune.lazy && cur-first <= reach {
			s := search{first, max(w.base, cur-reach), e.tune.chain, e.tune.nice, w.ahead}
			if e.prevLength >= e.tune.good {
				s.chain >>= 2
			}
			var start int
			e.length, start = e.tables.longest(w.buf, w.base, w.pos, e.prevLength, 0, &s)
			e.dist = w.pos - start
			if e.length <= 5 && (e.strategy == Filtered || e.length == minMatch && e.dist > tooFar) {
				e.length = minMatch - 1
			}
		}
		switch {
		case e.prevLength >= minMatch && e.length <= e.prevLength:
			n := e.prevLength
			e.syms = append(e.syms, uint32(prevDist)<<16|uint32(n))
			end := w.pos - 1 + n
			e.tables.insertRange(w.buf, w.base, w.pos+1, min(end, w.end()-minMatch+1))
			w.ahead = w.end() - end
			w.pos = end
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
	w.insert = min(w.pos, minMatch-1)
	return e.endLoop(flush)
}
