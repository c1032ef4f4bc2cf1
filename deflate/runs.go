package deflate

// runs knows only matches of distance one: the RLE strategy.
func (e *encoder) runs(flush Flush) outcome {
	w := &e.win
	for {
		// The longest run and one byte more.
		if w.ahead <= maxMatch {
			e.fill()
			if w.ahead <= maxMatch && flush == noFlush {
				return needMore
			}
			if w.ahead == 0 {
				break
			}
		}
		e.length = 0
		if w.ahead >= minMatch && w.pos > 0 {
			e.length = matchLen(w.buf, w.pos-1, w.pos, min(maxMatch, w.ahead))
		}
		if e.length >= minMatch {
			e.syms = append(e.syms, matchSymbol(e.length, 1))
			w.pos += e.length
			w.ahead -= e.length
			e.length = 0
		} else {
			e.syms = append(e.syms, literalSymbol(w.buf[w.pos]))
			w.pos++
			w.ahead--
		}
		if len(e.syms) == e.symLimit {
			e.endBlock(false)
		}
	}
	w.insert = 0
	return e.endLoop(flush)
}

// literals looks for no matches at all: the HuffmanOnly strategy.
func (e *encoder) literals(flush Flush) outcome {
	w := &e.win
	for {
		if w.ahead == 0 {
			e.fill()
			if w.ahead == 0 {
				if flush == noFlush {
					return needMore
				}
				break
			}
		}
		e.length = 0
		n := min(w.ahead, e.symLimit-len(e.syms))
		for _, c := range w.buf[w.pos : w.pos+n] {
			e.syms = append(e.syms, literalSymbol(c))
		}
		w.pos += n
		w.ahead -= n
		if len(e.syms) == e.symLimit {
			e.endBlock(false)
		}
	}
	w.insert = 0
	return e.endLoop(flush)
}
