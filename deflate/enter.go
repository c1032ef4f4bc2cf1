package deflate

import "encoding/binary"

// The lazy search and the greedy one keep the heads of the three-byte chains
// in the same memory, but in their own way. The greedy one leaves positions
// out of the chains, so its heads are whole positions, none of them mistaken
// for another. The functions here change from one to the other, which a
// change of level or strategy between two flushes asks for.

// enterLazy prepares the chains when the lazy search begins after another
// loop. A position that the other loop left out is no candidate, whatever its
// bytes; missing remembers them for as long as the window reaches them.
func (e *encoder) enterLazy() {
	t, c, w := &e.tables, &e.chains, &e.win
	e.linking = true
	next := w.pos - w.insert
	start := max(1, next-ringSize+minLookahead)
	c.next3, c.next4, c.nextLong = next, min(next, start), min(next, start)
	e.gapEnd = 0
	if e.gaps == nil {
		e.gaps = new([ringSize]bool)
	}
	for i := range e.gaps {
		e.gaps[i] = true
	}
	base := w.base
	for _, last := range t.head[:t.mask+1] {
		for at := int(int32(last - base)); at >= start && at < next; at -= int(t.prev[(base+uint32(at))&(ringSize-1)]) {
			e.gaps[(base+uint32(at))&(ringSize-1)] = false
		}
	}
	// All positions are linked anew, those left out too where it does no
	// harm. What is older than the window is out of reach for as long as it
	// takes to be mistaken for something else.
	none := uint16(base) + uint16(next) - ringSize
	for _, heads := range [][]uint16{c.head3, c.head4[:], c.headLong[:]} {
		for i := range heads {
			heads[i] = none
		}
	}
	for at := start; at < next; at++ {
		cur := uint16(base) + uint16(at)
		slot := cur & (ringSize - 1)
		if e.gaps[slot] {
			e.gapEnd = base + uint32(next)
			continue
		}
		c.link3(t, binary.LittleEndian.Uint32(w.buf[at:]), cur)
	}
	e.linkTail(next)
}

// leaveLazy prepares the tables of the greedy search from the chains.
func (e *encoder) leaveLazy() {
	t, c, w := &e.tables, &e.chains, &e.win
	e.linking = false
	clear(t.head)
	base := w.base
	for at := max(1, c.next3-ringSize+minLookahead); at < c.next3; at++ {
		if !e.missing(at) {
			t.add(w.buf, base, at)
		}
	}
}

// missing reports whether the position at was left out of the chains.
func (e *encoder) missing(at int) bool {
	return e.gapEnd != 0 && e.left(at)
}

// left is missing once there are gaps.
func (e *encoder) left(at int) bool {
	cur := e.win.base + uint32(at)
	return cur < e.gapEnd && e.gaps[cur&(ringSize-1)]
}

// oddSearch is the search for the rare case that zlib would hold a length of
// zero for the last position, after a change of level or strategy.
func (e *encoder) oddSearch(at, chain, ahead int) (length, dist int) {
	c := &e.chains
	if at >= c.next3 {
		return 2, 0
	}
	far := e.win.reach()
	low := max(1, at-far)
	slot := func(at int) uint32 { return (e.win.base + uint32(at)) & (ringSize - 1) }
	// The chain itself, without what only looks as if it belonged to it.
	cand := at
	step := func() bool {
		for {
			cur := uint16(e.win.base) + uint16(cand)
			cand -= int(cur-uint16(c.three[slot(cand)])-1) + 1
			if cand < low {
				return false
			}
			h := binary.LittleEndian.Uint32(e.win.buf[cand:])
			if e.tables.hash(h) == e.tables.hash(binary.LittleEndian.Uint32(e.win.buf[at:])) && !e.missing(cand) {
				return true
			}
		}
	}
	if !step() {
		return 2, 0
	}
	o := oddMatch{buf: e.win.buf, at: at, limit: min(maxMatch, ahead)}
	for first := true; ; first = false {
		if !first && at-cand >= far {
			break
		}
		if o.try(cand) && o.best >= min(e.tune.nice, ahead) {
			break
		}
		chain--
		if chain == 0 || !step() {
			break
		}
	}
	return o.best, o.dist
}

// oddMatch is a search that begins with a best length of zero. Zlib's first
// test of a candidate then compares the byte before it.
type oddMatch struct {
	buf        []byte
	at, limit  int
	best, dist int
}

// try looks at one candidate and reports whether it is better.
func (o *oddMatch) try(cand int) bool {
	if o.best == 0 && o.buf[cand-1] != o.buf[o.at-1] {
		return false
	}
	n := matchLen(o.buf, cand, o.at, o.limit)
	if n < minMatch || n <= o.best {
		return false
	}
	o.best, o.dist = n, o.at-cand
	return true
}
