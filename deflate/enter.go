package deflate

// enterLazy prepares the chains when the lazy search begins after another
// loop, which keeps only the three-byte chains and may have left positions
// out of them. Such a position is no candidate, whatever its bytes; missing
// remembers them for as long as the window reaches them.
func (e *encoder) enterLazy() {
	t, c, w := &e.tables, &e.chains, &e.win
	e.linking = true
	next := w.pos - w.insert
	start := max(1, next-ringSize+minLookahead)
	c.next3, c.next4, c.next8 = next, min(next, start), min(next, start)
	e.gapEnd = 0
	if start >= next {
		return
	}
	clear(c.head4[:])
	clear(c.head8[:])
	if e.gaps == nil {
		e.gaps = new([ringSize]bool)
	}
	for i := range e.gaps {
		e.gaps[i] = true
	}
	for _, last := range t.head[:t.mask+1] {
		for at := int(int32(last - w.base)); at >= start && at < next; at -= int(t.prev[(w.base+uint32(at))&(ringSize-1)]) {
			e.gaps[(w.base+uint32(at))&(ringSize-1)] = false
		}
	}
	for at := start; at < next; at++ {
		slot := (w.base + uint32(at)) & (ringSize - 1)
		if e.gaps[slot] {
			e.gapEnd = w.base + uint32(next)
			continue
		}
		c.rank[slot] = c.rank[(w.base+uint32(at)-uint32(t.prev[slot]))&(ringSize-1)] + 1
	}
	e.linkTail(next)
}

// missing reports whether the position at was left out of the chains.
func (e *encoder) missing(at int) bool {
	cur := e.win.base + uint32(at)
	return cur < e.gapEnd && e.gaps[cur&(ringSize-1)]
}

// oddSearch is the search for the rare case that zlib would hold a length of
// zero for the last position.
func (e *encoder) oddSearch() {
	t, w := &e.tables, &e.win
	if w.pos >= e.chains.next3 {
		return
	}
	cur := w.base + uint32(w.pos)
	reach := uint32(w.reach())
	first := cur - uint32(t.prev[cur&(ringSize-1)])
	if first <= w.base || cur-first > reach {
		return
	}
	s := search{first, max(w.base, cur-reach), e.tune.chain, e.tune.nice, w.ahead}
	n, start := t.longest(w.buf, w.base, w.pos, e.prevLength, 0, &s)
	e.length, e.dist = n, w.pos-start
}
