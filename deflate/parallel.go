package deflate

import "sync"

// segment is how much of the input a lane searches in a round.
var segment = 256 << 10

const (
	// codingShare is what part of a segment the caller's lane is spared,
	// because it codes as well, and beginCost how many bytes a lane is that
	// begins anew, for which the way to its segment counts.
	codingShare = 8
	beginCost   = 12 << 10
	// parallelTail is how much of an input is left for after the lanes, which
	// look ahead and whose last one leaves a filled window to the encoder.
	parallelTail = 40 << 10
	// leastPart is how much of a segment the last round is still worth.
	leastPart = 4
)

// leastSegment is the shortest segment that can come before another one.
func leastSegment() int { return segment / leastPart * (codingShare - 1) / codingShare }

// lanes is the memory for going through a long input side by side. The
// encoder itself is the lane of the caller's goroutine; the others have one
// each, so that the tables of a lane stay with one processor.
type lanes struct {
	main  lane
	list  []*lane // the others
	order []*lane // of the current round
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
	for len(x.list) < n-1 {
		x.list = append(x.list, &lane{s: newEncoderState(e.memLevel)})
	}
	main := &x.main
	main.s, main.skip = s, 0
	main.zero = e.win.base + uint32(e.win.end())
	e.fill()
	// While the window holds bytes from before the input and the block begins
	// among them, the encoder alone has what a stored block needs. And what
	// the first lane reads must lie in the input.
	for e.win.blockStart >= 0 && main.at()-(e.win.pos-e.win.blockStart) < 0 ||
		main.at()+leastSegment() < laneEarly+laneHistory {
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
	cur, moved := main, false
	for {
		size := min(segment, (len(p)-parallelTail-cur.at())/n)
		if size < segment/leastPart {
			break
		}
		moved = moved || cur != main
		cur = x.round(e, cur, p, size, n, limit)
	}
	x.code(e, p, x.batch, limit)
	x.batch = x.batch[:0]
	m := cur.state()
	main.spare, e.syms = e.syms[:0], x.block
	x.block = nil
	if moved || cur != main {
		x.adopt(e, m, p)
	}
	e.symLimit = limit
	e.win.blockStart = e.win.pos - (m.at - x.acc.start)
	main.s = nil
	for _, l := range x.list {
		l.s.in = nil
	}
}

// round searches n segments of about size bytes of p, the first of them with
// the lane cur where that stands, while the symbols of the round before are
// coded. It joins the segments and returns the lane that came out last, which
// goes on in the next round.
func (x *lanes) round(e *encoder, cur *lane, p []byte, size, n, limit int) *lane {
	x.order = append(x.order[:0], cur)
	if cur != &x.main {
		x.order = append(x.order, &x.main)
	}
	for _, l := range x.list[:n-1] {
		if l != cur {
			x.order = append(x.order, l)
		}
	}
	next := cur.at()
	for _, l := range x.order {
		l.start, l.end = next, next+size
		if l == &x.main {
			l.end -= size / codingShare
		}
		if l != cur {
			l.end -= min(beginCost, size/codingShare)
		}
		next = l.end
	}

	set := settings{e.level, e.memLevel, e.strategy}
	search := func(l *lane) {
		if l == cur {
			l.advance(l.end)
		} else {
			l.search(p, set)
		}
	}
	var wait sync.WaitGroup
	for _, l := range x.list[:n-1] {
		l.room(size)
		wait.Go(func() { search(l) })
	}
	x.old, x.batch = x.batch, x.old[:0]
	x.code(e, p, x.old, limit)
	e.syms, x.main.skip = e.syms[:0], 0
	x.main.room(size)
	search(&x.main)
	wait.Wait()

	last := cur
	for _, l := range x.order[1:] {
		if last.meet(l) {
			x.batch = append(x.batch, last.s.syms[last.skip:])
			last = l
		} else {
			// They never agree, as in one long run. Go on without.
			last.advance(l.end)
		}
	}
	x.batch = append(x.batch, last.s.syms[last.skip:])
	for _, l := range x.list[:n-1] {
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
