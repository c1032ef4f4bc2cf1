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
// A head holds the low 16 bits of a position. A link holds the way back less
// than 65536, modulo that, so that no link leads nowhere. A head of 65536
// positions ago or more so leads to a position of another chain. That does no
// harm, since all candidates are verified and those of the chain itself come
// first, but it takes time. Every 32 Ki positions sweep sees to it that the
// heads of the longer chains that are out of reach stay out of it.
type chains struct {
	three    [ringSize]uint32 // rank<<16 | link
	four     [ringSize]uint16
	long     [ringSize]uint16 // five bytes: the way to everything longer
	head4    [2 << hash4Bits]byte
	headLong [2 << longBits]byte

	next3, next4, nextLong int // the next index to be linked, by kind
}

const (
	hash4Bits = 14
	longBits  = 15

	// longBytes is how many bytes the positions of the long chain share.
	longBytes = 5
	longShift = 64 - 8*longBytes

	// batch is how many positions are linked at a time, and linkedAhead how
	// far the links reach at least. Links of positions behind are needed up
	// to the longest distance, so there is room for minLookahead in front.
	batch       = 128
	linkedAhead = minLookahead - 1 - batch
)

func hash4(v uint32) uint32 { return v * 0x9e3779b1 >> (32 - hash4Bits) }
func hashLong(v uint64) uint32 {
	return uint32(v << longShift * 0x9e3779b185ebca87 >> (64 - longBits))
}

// The heads are kept as bytes, so that sweep can take four at a time.

func (c *chains) last4(h uint32) uint16 {
	i := 2 * uint(h&(1<<hash4Bits-1))
	return binary.LittleEndian.Uint16(c.head4[i : i+2])
}

func (c *chains) put4(h uint32, v uint16) {
	i := 2 * uint(h&(1<<hash4Bits-1))
	binary.LittleEndian.PutUint16(c.head4[i:i+2], v)
}

func (c *chains) lastLong(h uint32) uint16 {
	i := 2 * uint(h&(1<<longBits-1))
	return binary.LittleEndian.Uint16(c.headLong[i : i+2])
}

func (c *chains) putLong(h uint32, v uint16) {
	i := 2 * uint(h&(1<<longBits-1))
	binary.LittleEndian.PutUint16(c.headLong[i:i+2], v)
}

// back returns the index that the link at leads to from the index from.
func back(from int, link uint16) int { return from + int(link) - 1<<16 }

// link links the positions up to end, which have eight bytes at least.
func (e *encoder) link(end int) {
	c, w := &e.chains, &e.win
	for c.next3 < end {
		at := w.base + uint32(c.next3)
		if at&(ringSize-1) == 0 {
			sweep(c.head4[:], uint16(at))
			sweep(c.headLong[:], uint16(at))
		}
		// As far as the next sweep.
		to := min(end, c.next3+ringSize-int(at&(ringSize-1)))
		if e.tables.shift == defaultShift && e.tables.mask == 0x7fff {
			c.linkRun(w.mem, (*[1 << 15]uint32)(e.tables.head), w.base, to)
		} else {
			c.linkRunAny(w.mem, &e.tables, w.base, to)
		}
	}
}

// linkRun is link without the sweeps, for the usual hash.
func (c *chains) linkRun(buf *windowMem, head *[1 << 15]uint32, base uint32, end int) {
	at := c.next3
	cur := (base + uint32(at)) & 0xffff // a run ends before it could come round
	h3 := uint32(buf[at&0xffff])<<defaultShift ^ uint32(buf[(at+1)&0xffff])
	for ; at < end; at++ {
		v := buf.load64(at)
		x := uint32(v)
		slot := cur & (ringSize - 1)

		h3 = h3<<defaultShift ^ x>>16&0xff
		last := head[h3&0x7fff] // rank<<16 | position
		rank := (last | 0xffff) + 1
		head[h3&0x7fff] = rank + cur
		c.three[slot] = rank + uint32(uint16(last-cur))

		h4 := 2 * uint(hash4(x)&(1<<hash4Bits-1))
		head4 := c.head4[h4 : h4+2]
		c.four[slot] = binary.LittleEndian.Uint16(head4) - uint16(cur)
		binary.LittleEndian.PutUint16(head4, uint16(cur))

		long := 2 * uint(hashLong(v)&(1<<longBits-1))
		headLong := c.headLong[long : long+2]
		c.long[slot] = binary.LittleEndian.Uint16(headLong) - uint16(cur)
		binary.LittleEndian.PutUint16(headLong, uint16(cur))
		cur++
	}
	c.next3, c.next4, c.nextLong = end, end, end
}

// linkRunAny is linkRun for any hash.
func (c *chains) linkRunAny(buf *windowMem, t *tables, base uint32, end int) {
	cur := uint16(base) + uint16(c.next3)
	for at := c.next3; at < end; at++ {
		v := buf.load64(at)
		slot := cur & (ringSize - 1)
		c.link3(t, uint32(v), cur)

		h4 := hash4(uint32(v))
		c.four[slot] = c.last4(h4) - cur
		c.put4(h4, cur)

		long := hashLong(v)
		c.long[slot] = c.lastLong(long) - cur
		c.putLong(long, cur)
		cur++
	}
	c.next3, c.next4, c.nextLong = end, end, end
}

// link3 puts the position cur, at which the bytes of v are, into its chain of
// three bytes.
func (c *chains) link3(t *tables, v uint32, cur uint16) {
	h := t.hash(v)
	last := t.head[h]
	rank := last&^0xffff + 1<<16
	t.head[h] = rank | uint32(cur)
	c.three[cur&(ringSize-1)] = rank | uint32(uint16(last)-cur)
}

// sweep, at a position cur that is a multiple of 32 Ki, makes all heads that
// are older than that as old as that: too old for the next 32 Ki positions.
// Positions of the last 32 Ki have the other high bit.
func sweep(heads []byte, cur uint16) {
	const high = 0x8000800080008000
	now := uint64(cur) * 0x0001000100010001
	for ; len(heads) >= 64; heads = heads[64:] {
		some := (*[64]byte)(heads)
		for i := 0; i < 64; i += 8 {
			v := binary.LittleEndian.Uint64(some[i : i+8])
			old := ^(v ^ now) & high
			binary.LittleEndian.PutUint64(some[i:i+8], v&^(old-old>>15)^old)
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
		h := hash4(binary.LittleEndian.Uint32(w.buf[c.next4:]))
		c.four[cur&(ringSize-1)] = c.last4(h) - cur
		c.put4(h, cur)
	}
	for ; c.nextLong < min(end, there-longBytes+1); c.nextLong++ {
		cur := uint16(w.base) + uint16(c.nextLong)
		if cur&(ringSize-1) == 0 {
			sweep(c.headLong[:], cur)
		}
		h := hashLong(binary.LittleEndian.Uint64(w.buf[c.nextLong:]))
		c.long[cur&(ringSize-1)] = c.lastLong(h) - cur
		c.putLong(h, cur)
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
	e.link(end)
}

// slide follows the window when it drops n bytes.
func (c *chains) slide(n int) {
	c.next3 = max(0, c.next3-n)
	c.next4 = max(0, c.next4-n)
	c.nextLong = max(0, c.nextLong-n)
}

// clear forgets all heads, those of three bytes too.
func (c *chains) clear(head []uint32) {
	clear(head)
	clear(c.head4[:])
	clear(c.headLong[:])
}
