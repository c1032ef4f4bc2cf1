package deflate

import "encoding/binary"

// chains are the tables of the lazy search. Where zlib walks the chain of a
// position's three-byte hash, it walks chains of positions that share more
// bytes, on which the same answer comes sooner.
//
// The links do not depend on what the search finds, so positions are linked
// in batches ahead of it, and the link of a position leads to the last one
// before it however far ahead the linking is. rank counts the positions of a
// three-byte bucket: two positions of one bucket are as far apart in zlib's
// chain as their ranks differ.
//
// Heads and links hold the low 16 bits of a position. A head of 65536
// positions ago or more so leads to a position of another chain. That does no
// harm, since all candidates are verified and those of the chain itself come
// first, but it takes time. Every 32 Ki positions sweep sees to it that the
// heads of the longer chains that are out of reach stay out of it.
type chains struct {
	three    *[ringSize]uint32 // rank<<16 | link
	four     [ringSize]uint16
	long     [ringSize]uint16 // five bytes: the way to everything longer
	head3    []uint16         // by zlib's hash, of whatever size that is
	head4    [1 << hash4Bits]uint16
	headLong [1 << longBits]uint16

	next3, next4, nextLong int // the next index to be linked, by kind
}

const (
	hash4Bits = 15
	longBits  = 15

	// longBytes is how many bytes the positions of the long chain share.
	longBytes = 5
	longShift = 64 - 8*longBytes

	// batch is how many positions are linked at a time, and linkedAhead how
	// far the links reach at least. Links of positions behind are needed up
	// to the longest distance, so there is room for minLookahead in front.
	batch       = 128
	linkedAhead = minLookahead - 1 - batch

	// together is how many positions linkRun takes in one turn.
	together = 4
)

// The hashes take as many low bytes of v as their positions share. They are
// products with the bytes above shifted out.
func hash4(v uint64) uint { return uint(uint32(v) * 0x9e3779b1 >> (32 - hash4Bits)) }
func hashLong(v uint64) uint {
	return uint(v * (0x9e3779b185ebca87 << longShift & (1<<64 - 1)) >> (64 - longBits))
}

// link links the positions up to end, which have eight bytes at least.
func (e *encoder) link(end int) {
	c, w := &e.chains, &e.win
	usual := e.tables.shift == defaultShift && e.tables.mask == 0x7fff
	for c.next3 < end {
		at := w.base + uint32(c.next3)
		if at&(ringSize-1) == 0 {
			sweep(c.head4[:], uint16(at))
			sweep(c.headLong[:], uint16(at))
		}
		// As far as the next sweep.
		to := min(end, c.next3+ringSize-int(at&(ringSize-1)))
		switch odd := int(-at & (together - 1)); {
		case !usual:
			c.linkEach(w.mem, &e.tables, w.base, to)
		case odd != 0 || to-c.next3 < together:
			c.linkEach(w.mem, &e.tables, w.base, min(to, c.next3+max(odd, 1)))
		default:
			n := (to - c.next3) &^ (together - 1)
			c.linkRun(w.mem, c.three, (*[1 << 15]uint16)(c.head3), uint16(at), n)
		}
	}
}

// linkRun links the next n positions, the first of which is cur, a multiple of
// together as n is, for the usual hash. It has no loop over those it takes
// together, because their places in the rings are then known to the compiler.
func (c *chains) linkRun(buf *windowMem, ring3 *[ringSize]uint32, head3 *[1 << 15]uint16, first uint16, n int) {
	at := uint(c.next3)
	cur := uint32(first)
	h3 := uint(buf[at&0xffff])<<defaultShift ^ uint(buf[(at+1)&0xffff])
	for end := at + uint(n); at < end; at += together {
		x := at & (2*ringSize - 1)
		b := (*[together + 8]byte)(buf[x : x+together+8])
		slot := uint(cur) & (ringSize - together)
		three := (*[together]uint32)(ring3[slot : slot+together])
		four := (*[together]uint16)(c.four[slot : slot+together])
		long := (*[together]uint16)(c.long[slot : slot+together])

		h3 = h3<<defaultShift ^ uint(b[2])
		last := head3[h3&0x7fff]
		head3[h3&0x7fff] = uint16(cur)
		three[0] = ring3[last&(ringSize-1)]&^0xffff + 1<<16 + uint32(last)
		v := binary.LittleEndian.Uint64(b[0:])
		h4 := hash4(v)
		four[0] = c.head4[h4]
		c.head4[h4] = uint16(cur)
		h := hashLong(v)
		long[0] = c.headLong[h]
		c.headLong[h] = uint16(cur)

		h3 = h3<<defaultShift ^ uint(b[3])
		last = head3[h3&0x7fff]
		head3[h3&0x7fff] = uint16(cur + 1)
		three[1] = ring3[last&(ringSize-1)]&^0xffff + 1<<16 + uint32(last)
		v = binary.LittleEndian.Uint64(b[1:])
		h4 = hash4(v)
		four[1] = c.head4[h4]
		c.head4[h4] = uint16(cur + 1)
		h = hashLong(v)
		long[1] = c.headLong[h]
		c.headLong[h] = uint16(cur + 1)

		h3 = h3<<defaultShift ^ uint(b[4])
		last = head3[h3&0x7fff]
		head3[h3&0x7fff] = uint16(cur + 2)
		three[2] = ring3[last&(ringSize-1)]&^0xffff + 1<<16 + uint32(last)
		v = binary.LittleEndian.Uint64(b[2:])
		h4 = hash4(v)
		four[2] = c.head4[h4]
		c.head4[h4] = uint16(cur + 2)
		h = hashLong(v)
		long[2] = c.headLong[h]
		c.headLong[h] = uint16(cur + 2)

		h3 = h3<<defaultShift ^ uint(b[5])
		last = head3[h3&0x7fff]
		head3[h3&0x7fff] = uint16(cur + 3)
		three[3] = ring3[last&(ringSize-1)]&^0xffff + 1<<16 + uint32(last)
		v = binary.LittleEndian.Uint64(b[3:])
		h4 = hash4(v)
		four[3] = c.head4[h4]
		c.head4[h4] = uint16(cur + 3)
		h = hashLong(v)
		long[3] = c.headLong[h]
		c.headLong[h] = uint16(cur + 3)
		cur += together
	}
	c.next3, c.next4, c.nextLong = int(at), int(at), int(at)
}

// linkEach links the positions up to end, for any hash.
func (c *chains) linkEach(buf *windowMem, t *tables, base uint32, end int) {
	cur := uint16(base) + uint16(c.next3)
	for at := c.next3; at < end; at++ {
		v := buf.load64(at)
		c.link3(t, uint32(v), cur)
		c.linkFour(v, cur)
		c.linkLong(v, cur)
		cur++
	}
	c.next3, c.next4, c.nextLong = end, end, end
}

// link3 puts the position cur, at which the bytes of v are, into its chain of
// three bytes. Its rank follows that of the last one there. If there is none
// in reach it follows some other rank, which is as good as any to begin with.
func (c *chains) link3(t *tables, v uint32, cur uint16) {
	head := &c.head3[t.hash(v)]
	last := *head
	*head = cur
	c.three[cur&(ringSize-1)] = c.three[last&(ringSize-1)]&^0xffff + 1<<16 + uint32(last)
}

// linkFour is link3 for the chains of four bytes, which have no ranks.
func (c *chains) linkFour(v uint64, cur uint16) {
	head := &c.head4[hash4(v)]
	c.four[cur&(ringSize-1)] = *head
	*head = cur
}

// linkLong is linkFour for the long chains.
func (c *chains) linkLong(v uint64, cur uint16) {
	head := &c.headLong[hashLong(v)]
	c.long[cur&(ringSize-1)] = *head
	*head = cur
}

// sweep, at a position cur that is a multiple of 32 Ki, makes all heads that
// are older than that as old as that: too old for the next 32 Ki positions.
// Positions of the last 32 Ki have the other high bit. It takes four heads at
// a time, which the compiler loads and stores as one word.
func sweep(heads []uint16, cur uint16) {
	const high = 0x8000800080008000
	now := uint64(cur) * 0x0001000100010001
	other := now ^ high
	for ; len(heads) >= 32; heads = heads[32:] {
		some := (*[32]uint16)(heads)
		for i := 0; i < 32; i += 4 {
			h := (*[4]uint16)(some[i : i+4])
			v := uint64(h[0]) | uint64(h[1])<<16 | uint64(h[2])<<32 | uint64(h[3])<<48
			young := (v ^ now) & high
			v = v&(young-young>>15) | other
			h[0], h[1], h[2], h[3] = uint16(v), uint16(v>>16), uint16(v>>32), uint16(v>>48)
		}
	}
}

// linkTail links what can be linked of the positions up to end: near the end
// of the data some bytes are not there yet, and the rest is linked when they
// have come.
func (e *encoder) linkTail(end int) {
	c, w := &e.chains, &e.win
	there := w.end()
	for ; c.next3 < min(end, there-2); c.next3++ {
		cur := uint16(w.base) + uint16(c.next3)
		c.link3(&e.tables, binary.LittleEndian.Uint32(w.buf[c.next3:]), cur)
	}
	for ; c.next4 < min(end, there-3); c.next4++ {
		cur := uint16(w.base) + uint16(c.next4)
		if cur&(ringSize-1) == 0 {
			sweep(c.head4[:], cur)
		}
		c.linkFour(w.mem.load64(c.next4), cur)
	}
	for ; c.nextLong < min(end, there-longBytes+1); c.nextLong++ {
		cur := uint16(w.base) + uint16(c.nextLong)
		if cur&(ringSize-1) == 0 {
			sweep(c.headLong[:], cur)
		}
		c.linkLong(w.mem.load64(c.nextLong), cur)
	}
}

// linkFrom makes sure that the links reach beyond at, as far as the data does.
func (e *encoder) linkFrom(at int) {
	c, w := &e.chains, &e.win
	end := at + linkedAhead + batch
	if c.next3 != c.nextLong || end+8 > w.end() {
		e.linkTail(min(end, w.end()))
		if end+8 > w.end() {
			return
		}
	}
	// Short of a turn of linkRun at most, and beyond linkedAhead all the same.
	e.link(end - int(w.base+uint32(end))&(together-1))
}

// slide follows the window when it drops n bytes.
func (c *chains) slide(n int) {
	c.next3 = max(0, c.next3-n)
	c.next4 = max(0, c.next4-n)
	c.nextLong = max(0, c.nextLong-n)
}

// clear forgets all heads.
func (c *chains) clear() {
	clear(c.head3)
	clear(c.head4[:])
	clear(c.headLong[:])
}
