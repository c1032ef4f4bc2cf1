package deflate

import "sync"

// segment is how much of the input a lane searches in a round.
var segment = 256 << 10

const (
	// parallelTail is how much of an input is left for after the lanes, which
	// look ahead and whose last one leaves a filled window to the encoder.
	parallelTail = 40 << 10
	// leastPart is how much of a segment the last round is still worth.
	leastPart = 4
)

// lanes is the memory for going through a long input side by side.
type lanes struct {
	list  []*lane
	first lane // the encoder itself
	block []symbol
	acc   accumulator
	batch [][]symbol
	old   [][]symbol
}

// accumulator cuts symbols into the blocks that zlib would make of them, with
// the input at hand instead of a window.
type accumulator struct {
	start int // where the block begins, as an index of the input
	size  int // bytes of input in the block so far
	full  int // the index up to which zlib's window is filled
}

// follow moves zlib's window to the step that begins at the index at.
func (a *accumulator) follow(at int) {
	for at > a.full-minLookahead {
		a.full += ringSize
	}
}

// sideBySide codes as much of e.in as is worth sharing among n goroutines,
// this one among them, with what a single one would write. They have ended
// when it returns.
func (x *lanes) sideBySide(s *encoderState, n int) {
	e := &s.encoder
	p := e.in
	if e.gapEnd != 0 || e.win.size != ringSize || !e.isLazy() || len(p) < 2*ringSize+parallelTail+segment*n/leastPart {
		return
	}
	if !e.linking {
		e.enterLazy()
		if e.gapEnd != 0 {
			return
		}
	}
	for len(x.list) < n {
		x.list = append(x.list, &lane{s: newEncoderState(e.memLevel)})
	}
	main := &x.first
	main.s, main.skip = s, 0
	main.zero = e.win.base + uint32(e.win.end())
	e.fill()
	// While the window holds bytes from before the input and the block begins
	// among them, the encoder alone has what a stored block needs. And what
	// the first lane reads must lie in the input.
	for e.win.blockStart >= 0 && main.at()-(e.win.pos-e.win.blockStart) < 0 ||
		main.at()+segment/leastPart*7/8 < laneEarly+laneHistory {
		if e.win.ahead < minLookahead {
			e.fill()
		}
		e.lazyStep(e.win.end() - minLookahead + 1)
	}

	// From here on the encoder collects symbols, and blocks are made apart.
	x.block, e.syms = e.syms, main.spare[:0]
	limit := e.symLimit
	e.symLimit = 1 << 30
	x.acc.start = main.at() - (e.win.pos - e.win.blockStart)
	x.acc.size = e.win.pos - e.win.blockStart
	if e.literal {
		x.acc.size-- // the byte before pos has no symbol yet
	}
	x.acc.full = main.at() + e.win.ahead
	x.batch = x.batch[:0]
	cur := main
	for {
		size := min(segment, (len(p)-parallelTail-cur.at())/n)
		if size < segment/leastPart {
			break
		}
		cur = x.round(e, cur, p, size, n, limit)
	}
	x.code(e, p, x.batch, limit)
	x.batch = x.batch[:0]
	e.symLimit = limit
	main.spare, e.syms = e.syms[:0], x.block
	x.block = nil
	at := cur.at()
	if cur != main {
		x.adopt(e, cur.state(), p)
	}
	e.win.blockStart = e.win.pos - (at - x.acc.start)
	main.s = nil
	for _, l := range x.list {
		l.s.in = nil
	}
}

// round searches about n segments of size bytes of p, the first of them with
// the lane cur where that stands, while the symbols of the round before are
// coded. It joins the segments and returns the lane that came out last, which
// goes on in the next round.
func (x *lanes) round(e *encoder, cur *lane, p []byte, size, n, limit int) *lane {
	var wait sync.WaitGroup
	// The first segment is shorter, because who searches it codes as well.
	next := cur.at() + size*7/8
	cur.end = next
	others := make([]*lane, 0, 8)
	for _, l := range x.list {
		if l == cur || len(others) == n-1 {
			continue
		}
		l.start, l.end = next, next+size
		next += size
		others = append(others, l)
		wait.Go(func() { l.search(p, e) })
	}
	x.old, x.batch = x.batch, x.old[:0]
	x.code(e, p, x.old, limit)
	cur.advance(cur.end)
	wait.Wait()

	last := cur
	for _, l := range others {
		if last.meet(l) {
			x.batch = append(x.batch, last.s.syms[last.skip:])
			last = l
		} else {
			// They never agree, as in one long run. Go on without.
			last.advance(l.end)
		}
	}
	x.batch = append(x.batch, last.s.syms[last.skip:])
	cur.turn()
	for _, l := range others {
		l.turn()
	}
	return last
}

// adopt puts the encoder into the state m.
func (x *lanes) adopt(e *encoder, m mark, p []byte) {
	acc := x.acc
	acc.follow(m.at)
	w := &e.win
	origin := acc.full - 2*ringSize
	e.skipAhead()
	copy(w.buf[:2*ringSize], p[origin:acc.full])
	w.pos, w.ahead, w.insert = m.at-origin, acc.full-m.at, 0
	next := max(0, w.pos-w.reach())
	e.chains.next3, e.chains.next4, e.chains.nextLong = next, next, next
	e.in = p[acc.full:]
	e.length, e.dist, e.literal = m.length, m.dist, m.literal
}

// code makes blocks of the symbols of a batch.
func (x *lanes) code(e *encoder, p []byte, batch [][]symbol, limit int) {
	a := &x.acc
	for _, syms := range batch {
		for len(syms) > 0 {
			k := min(limit-len(x.block), len(syms))
			for _, sym := range syms[:k] {
				a.size += symbolSize(sym)
			}
			block := syms[:k]
			if k < limit {
				// It is not whole, or began in another batch.
				x.block = append(x.block, block...)
				block = x.block
			}
			last := syms[k-1]
			syms = syms[k:]
			if len(block) < limit {
				continue
			}
			end := a.start + a.size
			if last>>distAt&0x1f == noDist {
				a.follow(end)
			} else {
				a.follow(end - symbolSize(last) + 1)
			}
			var raw []byte
			if a.start >= max(0, a.full-2*ringSize) {
				raw = p[a.start:end]
			}
			e.coder.block(&e.out, block, raw, a.size, false, e.strategy == Fixed)
			x.block = x.block[:0]
			a.start, a.size = end, 0
		}
	}
}
