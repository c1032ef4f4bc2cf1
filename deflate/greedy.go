package deflate

import (
	"encoding/binary"
	"math/bits"
)

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
		if w.ahead >= minLookahead && e.prevLength >= 2 {
			e.greedyTo(w.end() - minLookahead + 1)
		} else {
			e.greedyStep()
		}
		if len(e.syms) == e.symLimit {
			e.endBlock(false)
		}
	}
	w.insert = min(w.pos, minMatch-1)
	return e.endLoop(flush)
}

// greedyTo takes the steps that begin before the index stop, behind which
// there are minLookahead bytes, or up to the last symbol of the block.
func (e *encoder) greedyTo(stop int) {
	w, t := &e.win, &e.tables
	buf, base := w.buf, w.base
	head, prev := t.head, t.prev
	shift, mask := t.shift, t.mask
	reach := uint32(w.reach())
	chain, nice, lazy := e.tune.chain, e.tune.nice, e.tune.lazy
	pos, end := w.pos, w.end()
	syms, limit := e.syms, e.symLimit
	length := e.length
	for pos < stop && len(syms) < limit {
		word := binary.LittleEndian.Uint64(buf[pos:])
		x := uint32(word)
		h := hash5(x)
		if shift != defaultShift || mask != 0x7fff {
			h = hashAny(x, shift, mask)
		}
		cur := base + uint32(pos)
		cand := head[h]
		head[h] = cur
		d := cur - cand
		prev[cur&(ringSize-1)] = uint16(min(d, 0xffff))
		if d > reach || cand <= base {
			syms = append(syms, literalSymbol(byte(x)))
			pos++
			continue
		}

		// The chain, the first candidate with its own bounds.
		low := max(base, cur-reach)
		best, start := 2, 0
		tailAt := 0
		tail, tailShift := x, uint(8)
		for steps := chain; ; {
			c := int(cand - base)
			if (binary.LittleEndian.Uint32(buf[c+tailAt:])^tail)<<tailShift == 0 {
				n := 0
				if y := binary.LittleEndian.Uint64(buf[c:]) ^ word; y != 0 {
					n = bits.TrailingZeros64(y) >> 3
				} else {
					n = 8 + matchLen(buf, c+8, pos+8, maxMatch-8)
				}
				if n > best {
					best, start = n, c
					if n >= nice {
						break
					}
					tailAt, tailShift = n-3, 0
					tail = binary.LittleEndian.Uint32(buf[pos+tailAt:])
				}
			}
			steps--
			if steps == 0 {
				break
			}
			cand -= uint32(prev[cand&(ringSize-1)])
			if cand <= low {
				break
			}
		}
		if best < minMatch {
			length = best
			syms = append(syms, literalSymbol(byte(x)))
			pos++
			continue
		}
		syms = append(syms, matchSymbol(best, pos-start))
		length = 0
		if best <= lazy {
			for at := pos + 1; at < pos+best; at++ {
				x := binary.LittleEndian.Uint32(buf[at:])
				h := hash5(x)
				if shift != defaultShift || mask != 0x7fff {
					h = hashAny(x, shift, mask)
				}
				cur := base + uint32(at)
				prev[cur&(ringSize-1)] = uint16(min(cur-head[h], 0xffff))
				head[h] = cur
			}
		}
		pos += best
	}
	w.pos, w.ahead = pos, end-pos
	e.syms, e.length = syms, length
}

// greedyStep takes one step, near the end of the data or in the rare case
// that zlib would hold a length of zero for the last position.
func (e *encoder) greedyStep() {
	w := &e.win
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
	if e.length < minMatch {
		e.syms = append(e.syms, literalSymbol(w.buf[w.pos]))
		w.ahead--
		w.pos++
		return
	}
	n := e.length
	e.syms = append(e.syms, matchSymbol(n, e.dist))
	w.ahead -= n
	if n <= e.tune.lazy && w.ahead >= minMatch {
		e.tables.insertRange(w.buf, w.base, w.pos+1, w.pos+n)
	}
	w.pos += n
	e.length = 0
}
