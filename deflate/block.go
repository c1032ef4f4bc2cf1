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

// blockCodes is what coding a symbol needs: code<<8 | length in bits.
type blockCodes struct {
	lit    [litCount]uint32
	dist   [32]uint32
	length [512]uint32 // length code and extra bits together
}

// finish fills length from lit.
func (c *blockCodes) finish() {
	for n := minMatch; n <= maxMatch; n++ {
		l := lengthCodes[n]
		v := c.lit[l]
		extra := uint32(n-minMatch) - uint32(lengthBase[l-257])
		c.length[n] = v + extra<<(8+v&0xff) + uint32(lengthExtra[l-257])
	}
}

// run is one entry of the list of code lengths: a length, or a repeat.
type run struct{ sym, extra uint8 }

// blockCoder turns symbols into blocks. It holds no state between blocks,
// only memory.
type blockCoder struct {
	lit, dist, lens huffman
	scratch         treeScratch
	codes           blockCodes
	runs            [litCount + distCount]run
}

// block writes one block with the symbols of syms, which stand for size bytes
// of input. raw is those bytes, or nil if they are no longer at hand, and then
// the block is not stored however large it gets.
func (c *blockCoder) block(b *bitWriter, syms []symbol, raw []byte, size int, last, fixedOnly bool) {
	clear(c.lit.freq[:])
	clear(c.dist.freq[:distCount])
	for _, s := range syms {
		if s < 1<<16 {
			c.lit.freq[uint8(s)]++
			continue
		}
		c.lit.freq[lengthCodes[s&0x1ff]]++
		d, _, _ := distCode(s >> 16)
		c.dist.freq[d]++
	}
	c.lit.freq[endBlock] = 1

	length, fixedLength := c.lit.build(&litAlphabet, &c.scratch)
	l, f := c.dist.build(&distAlphabet, &c.scratch)
	length, fixedLength = length+l, fixedLength+f

	clear(c.lens.freq[:lensCount])
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
		for i := range c.codes.lit {
			c.codes.lit[i] = uint32(c.lit.code[i])<<8 | uint32(c.lit.lens[i])
		}
		for i := range distCount {
			c.codes.dist[i] = uint32(c.dist.code[i])<<8 | uint32(c.dist.lens[i])
		}
		c.codes.finish()
		writeSymbols(b, syms, &c.codes)
	}
	if last {
		b.align()
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
			if s < 1<<16 {
				v := c.lit[uint8(s)]
				acc |= uint64(v>>8) << (n & 63)
				n += uint(v & 0xff)
			} else {
				v := c.length[s&0x1ff]
				acc |= uint64(v>>8) << (n & 63)
				n += uint(v & 0xff)
				d, extra, bits := distCode(s >> 16)
				w := c.dist[d&31]
				acc |= uint64(w>>8) << (n & 63)
				n += uint(w & 0xff)
				acc |= uint64(extra) << (n & 63)
				n += bits
			}
			binary.LittleEndian.PutUint64(b.buf[used:], acc)
			used += int(n >> 3)
			acc >>= n & 56
			n &= 7
		}
		b.acc, b.n, b.used = acc, n, used
		syms = syms[k:]
	}
	v := c.lit[endBlock]
	b.put(uint64(v>>8), uint(v&0xff))
}
