package deflate

// greedy takes the first good match everywhere: levels 1 to 3. Positions
// inside a long match are not hashed.
func (e *encoder) greedy(flush Flush) outcome {
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
		if w.ahead >= minMatch {
			cur := w.base + uint32(w.pos)
			first := e.tables.add(w.buf, w.base, w.pos)
			if reach := uint32(w.reach()); first > w.base && cur-first <= reach {
				s := search{first, max(w.base, cur-reach), e.tune.chain, e.tune.nice, w.ahead}
				if e.prevLength >= e.tune.good {
					s.chain >>= 2
				}
				var start int
				e.length, start = e.tables.longest(w.buf, w.base, w.pos, e.prevLength, 0, &s)
				e.dist = w.pos - start
			}
		}
		if e.length >= minMatch {
			n := e.length
			e.syms = append(e.syms, uint32(e.dist)<<16|uint32(n))
			w.ahead -= n
			if n <= e.tune.lazy && w.ahead >= minMatch {
				e.tables.insertRange(w.buf, w.base, w.pos+1, w.pos+n)
			}
			w.pos += n
			e.length = 0
		} else {
			e.syms = append(e.syms, uint32(w.buf[w.pos]))
			w.ahead--
			w.pos++
		}
		if len(e.syms) == e.symLimit {
			e.endBlock(false)
		}
	}
	w.insert = min(w.pos, minMatch-1)
	return e.endLoop(flush)
}
