package deflate

import "sync"

// segment is how much of the input a lane searches in a round.
var segment = 256 << 10

const (
	// parallelLead is how much of an input is coded before the lanes start,
	// so that the history of every lane, and the window, lie in the input.
	parallelLead = 96 << 10
	// parallelTail is how much is left for after them.
	parallelTail = 96 << 10
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
	if e.gapEnd != 0 || e.win.size != ringSize || !e.isLazy() || len(p) < parallelLead+parallelTail+segment*n/leastPart {
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
	main.s = s
	main.zero = e.win.base + uint32(e.win.end())
	for main.at() < parallelLead {
		if e.win.ahead < minLookahead {
			e.fill()
		}
		e.lazyStep(e.win.end() - minLookahead + 1)
	}

	// From here on the encoder collects symbols, and blocks are made apart.
	x.block, e.syms = e.syms, x.first.spare[:0]
	limit := e.symLimit
	e.symLimit = 1 << 30
	x.acc.start = main.at() - (e.win.pos - e.win.blockStart)
	x.acc.size = 0
	for _, sym := range x.block {
		x.acc.size += symbolSize(sym)
	}
	x.acc.full = main.at() + e.win.ahead
	x.batch = x.batch[:0]
	for {
		at := main.at()
		size := min(segment, (len(p)-parallelTail-at)/n)
		if size < segment/leastPart {
			break
		}
		x.round(e, p, at, size, n, limit)
		x.adopt(e, p)
	}
	x.code(e, p, x.batch, limit)
	x.batch = x.batch[:0]
	e.symLimit = limit
	x.first.spare, e.syms = e.syms[:0], x.block
	e.win.blockStart = e.win.pos - (main.at() - x.acc.start)
	x.block, main.s = nil, nil
}

// round searches n segments of size bytes of p from the index at, while the symbols of the
// round before are coded, and joins the segments.
func (x *lanes) round(e *encoder, p []byte, at, size, n, limit int) {
	var wait sync.WaitGroup
	// The first segment is shorter, because who searches it codes as well.
	next := at + size*3/4
	for i, l := range x.list[:n] {
		l.start, l.end = at, next
		at, next = next, next+size
		if i > 0 {
			wait.Go(func() { l.search(p, e) })
		}
	}
	x.old, x.batch = x.batch, x.old[:0]
	x.code(e, p, x.old, limit)
	x.list[0].search(p, e)
	wait.Wait()

	cur := &x.first
	e.syms, cur.spare = cur.spare[:0], e.syms
	for _, l := range x.list[:n] {
		if cur.meet(l) {
			x.batch = append(x.batch, cur.s.syms[cur.skip:])
			cur = l
		} else {
			// They never agree, as in one long run. Go on without.
			cur.advance(l.end)
		}
	}
	x.batch = append(x.batch, cur.s.syms[cur.skip:])
	x.first.marks = append(x.first.marks[:0], cur.state())
	for _, l := range x.list[:n] {
		l.s.syms, l.spare = l.spare[:0], l.s.syms
	}
}

// adopt puts the encoder into the state that the last round ended in.
func (x *lanes) adopt(e *encoder, p []byte) {
	m := x.first.marks[0]
	acc := x.acc
	acc.follow(m.at)
	w := &e.win
	origin := acc.full - 2*ringSize
	e.skipAhead()
	copy(w.buf[:2*ringSize], p[origin:acc.full])
	w.pos, w.ahead, w.insert = m.at-origin, acc.full-m.at, 0
	next := max(0, w.pos-w.reach())
	e.chains.next3, e.chains.next4, e.chains.next6 = next, next, next
	e.in = p[acc.full:]
	e.length, e.dist, e.literal = m.length, m.dist, m.literal
	x.first.zero = w.base - uint32(origin)
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
			x.block = append(x.block, syms[:k]...)
			last := syms[k-1]
			syms = syms[k:]
			if len(x.block) < limit {
				continue
			}
			end := a.start + a.size
			if n := symbolSize(last); last < 1<<16 {
				a.follow(end)
			} else {
				a.follow(end - n + 1)
			}
			var raw []byte
			if a.start >= max(0, a.full-2*ringSize) {
				raw = p[a.start:end]
			}
			e.coder.block(&e.out, x.block, raw, a.size, false, e.strategy == Fixed)
			x.block = x.block[:0]
			a.start, a.size = end, 0
		}
	}
}

// symbolSize is how many bytes s stands for.
func symbolSize(s symbol) int {
	if s < 1<<16 {
		return 1
	}
	return int(s & 0x1ff)
}
