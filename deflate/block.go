package deflate

import "encoding/binary"

// The three kinds of block, as the two bits after the last-block bit.
const (
	storedBlock  = 0
	fixedBlock   = 1
	dynamicBlock = 2
)

// maxStored is the most bytes that one stored block holds.
const maxStored = 65535

// blockCodes is what writing a symbol needs, by code: the bits of the code,
// their number in the byte above, and above that the number of all bits, the
// extra ones among them.
type blockCodes struct {
	lit  [512]uint32
	dist [32]uint32
}

const (
	codeBits = 16 // where the number of a code's bits begins
	allBits  = 24 // where the number of all bits begins
)

func (c *blockCodes) setLit(i int, code uint16, n uint8) {
	all := n
	if i > endBlock {
		all += lengthExtra[i-endBlock-1]
	}
	c.lit[i] = uint32(code) | uint32(n)<<codeBits | uint32(all)<<allBits
}

func (c *blockCodes) setDist(i int, code uint16, n uint8) {
	c.dist[i] = uint32(code) | uint32(n)<<codeBits | uint32(n+distExtra[i])<<allBits
}

// run is one entry of the list of code lengths: a length, or a repeat.
type run struct{ sym, extra uint8 }

// blockCoder turns symbols into blocks. It holds no state between blocks,
// only memory.
type blockCoder struct {
	lit, dist, lens huffman
	litFreq         [2][512]uint32 // by code, with room for what no symbol has
	distFreq        [2][32]uint32  // noDist among them, which is not coded
	lensFreq        [lensCount]uint32
	scratch         treeScratch
	codes           blockCodes
	runs            [litCount + distCount]run
}

// block writes one block with the symbols of syms, which stand for size bytes
// of input. raw is those bytes, or nil if they are no longer at hand, and then
// the block is not stored however large it gets.
func (c *blockCoder) block(b *bitWriter, syms []symbol, raw []byte, size int, last, fixedOnly bool) {
	c.count(syms)
	c.lit.freq, c.dist.freq, c.lens.freq = c.litFreq[0][:], c.distFreq[0][:], c.lensFreq[:]
	c.lit.freq[endBlock] = 1

	length, fixedLength := c.lit.build(&litAlphabet, &c.scratch)
	l, f := c.dist.build(&distAlphabet, &c.scratch)
	length, fixedLength = length+l, fixedLength+f

	clear(c.lensFreq[:])
	runs := c.scan(c.runs[:0], c.lit.lens[:c.lit.last+1])
	runs = c.scan(runs, c.dist.lens[:c.dist.last+1])
	l, _ = c.lens.build(&lensAlphabet, &c.scratch)
	listed := lensCount
	for listed > 4 && c.lens.lens[lensOrder[listed-1]] == 0 {
		listed--
	}
	length += l + 3*listed + 5 + 5 + 4

	best := (length + 3 + 7) >> 3
	fixed := (fixedLength + 3 + 7) >> 3
	if fixed <= best || fixedOnly {
		best = fixed
	}
	end := uint64(0)
	if last {
		end = 1
	}
	switch {
	case size+4 <= best && raw != nil:
		writeStored(b, raw, last)
	case fixed == best:
		b.put(fixedBlock<<1|end, 3)
		writeSymbols(b, syms, &knownCodes)
	default:
		b.put(dynamicBlock<<1|end, 3)
		b.put(uint64(c.lit.last+1-257)|uint64(c.dist.last+1-1)<<5|uint64(listed-4)<<10, 14)
		for _, n := range lensOrder[:listed] {
			b.put(uint64(c.lens.lens[n]), 3)
		}
		for _, r := range runs {
			n := uint(c.lens.lens[r.sym])
			b.put(uint64(c.lens.code[r.sym])|uint64(r.extra)<<n, n+uint(lensExtra[r.sym]))
		}
		for i := range litCount {
			c.codes.setLit(i, c.lit.code[i], c.lit.lens[i])
		}
		for i := range distCount {
			c.codes.setDist(i, c.dist.code[i], c.dist.lens[i])
		}
		writeSymbols(b, syms, &c.codes)
	}
	if last {
		b.align()
	}
}

// count counts the codes of syms. It does so in two places in turns, since an
// addition to the place of the one right before would have to wait for it.
func (c *blockCoder) count(syms []symbol) {
	clear(c.litFreq[:])
	clear(c.distFreq[:])
	for ; len(syms) >= 2; syms = syms[2:] {
		s, t := syms[0], syms[1]
		c.litFreq[0][s&0x1ff]++
		c.distFreq[0][s>>distAt&0x1f]++
		c.litFreq[1][t&0x1ff]++
		c.distFreq[1][t>>distAt&0x1f]++
	}
	for _, s := range syms {
		c.litFreq[0][s&0x1ff]++
		c.distFreq[0][s>>distAt&0x1f]++
	}
	for i, n := range &c.litFreq[1] {
		c.litFreq[0][i] += n
	}
	for i, n := range &c.distFreq[1] {
		c.distFreq[0][i] += n
	}
}

// scan appends to runs the list of code lengths lens with its repeats, and
// counts them for the third code.
func (c *blockCoder) scan(runs []run, lens []uint8) []run {
	emit := func(sym, extra uint8) {
		c.lens.freq[sym]++
		runs = append(runs, run{sym, extra})
	}
	prev := -1
	for i := 0; i < len(lens); {
		cur := int(lens[i])
		// A run of zeros may be 138 long; of a length just seen, 6; of a new
		// length, that length and a repeat of 6.
		most, least := 7, 4
		if cur == 0 {
			most, least = 138, 3
		} else if cur == prev {
			most, least = 6, 3
		}
		n := 1
		for n < most && i+n < len(lens) && int(lens[i+n]) == cur {
			n++
		}
		i += n
		switch {
		case n < least:
			for range n {
				emit(uint8(cur), 0)
			}
		case cur != 0:
			if cur != prev {
				emit(uint8(cur), 0)
				n--
			}
			emit(16, uint8(n-3))
		case n <= 10:
			emit(17, uint8(n-3))
		default:
			emit(18, uint8(n-11))
		}
		prev = cur
	}
	return runs
}

// writeStored writes one stored block, of at most maxStored bytes.
func writeStored(b *bitWriter, raw []byte, last bool) {
	storedHeader(b, len(raw), last)
	b.bytes(raw)
}

// storedHeader writes what stands before the n bytes of a stored block.
func storedHeader(b *bitWriter, n int, last bool) {
	v := uint64(storedBlock << 1)
	if last {
		v |= 1
	}
	b.put(v, 3)
	b.align()
	b.put(uint64(n)|uint64(^uint16(n))<<16, 32)
}

// writeSymbols writes syms and the end of the block.
func writeSymbols(b *bitWriter, syms []symbol, c *blockCodes) {
	// A symbol has at most 48 bits.
	const most, some = 6, 64
	for len(syms) > 0 {
		if b.used > outSize-some*most {
			b.drain()
		}
		k := min(len(syms), (outSize-b.used)/most)
		acc, n, used := b.acc, b.n, b.used
		for _, s := range syms[:k] {
			l, d := c.lit[s&0x1ff], c.dist[s>>distAt&0x1f]
			v := uint64(l&0xffff | s>>lengthAt&0x1f<<(l>>codeBits&0x1f))
			w := uint64(d&0xffff) | uint64(s>>moreAt)<<(d>>codeBits&0x1f)
			all := uint(l >> allBits)
			acc |= (v | w<<(all&0x3f)) << (n & 63)
			n += all + uint(d>>allBits)
			binary.LittleEndian.PutUint64(b.buf[used:], acc)
			used += int(n >> 3)
			acc >>= n & 56
			n &= 7
		}
		b.acc, b.n, b.used = acc, n, used
		syms = syms[k:]
	}
	l := c.lit[endBlock]
	b.put(uint64(l&0xffff), uint(l>>allBits))
}
