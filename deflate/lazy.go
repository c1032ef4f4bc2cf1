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
	buf := w.mem
	end := w.end()
	pos, length, dist, literal := w.pos, e.length, e.dist, e.literal
	syms, limit := e.syms, e.symLimit
	prevLength := e.prevLength
	tune := e.tune
	for pos < stop {
		if pos+linkedAhead > c.next3 {
			e.linkFrom(pos)
		}
		prevLength = length
		if length < minMatch {
			// Nothing is in hand.
			if ahead := end - pos; ahead < minMatch {
				length = minMatch - 1
			} else if length == minMatch-1 {
				length, dist = e.search(pos, minMatch-1, tune.chain, ahead)
			} else {
				length, dist = e.oddSearch(pos, tune.chain, ahead)
			}
			if length <= 5 && (length == minMatch && dist > tooFar || e.strategy == Filtered) {
				length = minMatch - 1
			}
		} else {
			prevDist := dist
			length = minMatch - 1
			if ahead := end - pos; prevLength < tune.lazy && ahead >= minMatch {
				chain := tune.chain
				if prevLength >= tune.good {
					chain >>= 2
				}
				length, dist = e.search(pos, prevLength, chain, ahead)
				if length <= 5 && e.strategy == Filtered {
					length = minMatch - 1
				}
			}
			if length <= prevLength {
				syms = append(syms, matchSymbol(prevLength, prevDist))
				pos += prevLength - 1
				literal = false
				length = minMatch - 1
				prevLength = 0
				if len(syms) == limit {
					break
				}
				continue
			}
		}
		if literal {
			syms = append(syms, literalSymbol(buf[(pos-1)&(2*ringSize-1)]))
			if len(syms) == limit {
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
