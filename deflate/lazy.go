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
		// With less ahead, in a flush, the window still slides when due.
		stop := min(w.end(), w.size+w.reach())
		if w.ahead >= minLookahead {
			stop = w.end() - minLookahead + 1
		}
		e.lazyStep(stop)
	}
	if e.literal {
		e.syms = append(e.syms, literalSymbol(w.buf[w.pos-1]))
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

// lazyStep is lazyTo and the end of the block if it is full.
func (e *encoder) lazyStep(stop int) {
	e.lazyTo(stop)
	if len(e.syms) == e.symLimit {
		e.endBlock(false)
		if e.literal {
			// The block ended in the middle of a step.
			e.win.pos++
			e.win.ahead--
		}
	}
}

// lazyTo takes the steps that begin before the index stop, or up to the last
// symbol of the block. If that symbol is a literal, the block ends before the
// step does, and pos is still to be moved.
func (e *encoder) lazyTo(stop int) {
	w, c := &e.win, &e.chains
	buf := w.buf
	end := w.end()
	pos, length, dist, literal := w.pos, e.length, e.dist, e.literal
	syms := e.syms
	prevLength := e.prevLength
	tune := e.tune
	for pos < stop {
		if pos+linkedAhead > c.next3 {
			e.linkFrom(pos)
		}
		prevDist := dist
		prevLength = length
		length = minMatch - 1
		if ahead := end - pos; prevLength < tune.lazy && ahead >= minMatch {
			chain := tune.chain
			if prevLength >= tune.good {
				chain >>= 2
			}
			if prevLength >= 2 {
				length, dist = e.search(pos, prevLength, chain, ahead)
			} else {
				length, dist = e.oddSearch(pos, chain, ahead)
			}
			if length <= 5 && (e.strategy == Filtered || length == minMatch && dist > tooFar) {
				length = minMatch - 1
			}
		}
		if prevLength >= minMatch && length <= prevLength {
			syms = append(syms, matchSymbol(prevLength, prevDist))
			pos += prevLength - 1
			literal = false
			length = minMatch - 1
			prevLength = 0
			if len(syms) == e.symLimit {
				break
			}
			continue
		}
		if literal {
			syms = append(syms, literalSymbol(buf[pos-1]))
			if len(syms) == e.symLimit {
				break
			}
		}
		literal = true
		pos++
	}
	w.pos, w.ahead = pos, end-pos
	e.length, e.dist, e.literal, e.prevLength = length, dist, literal, prevLength
	e.syms = syms
}
