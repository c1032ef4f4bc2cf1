package deflate

import "sync"

// inflater decodes deflate data (RFC 1951) into its history, in pieces of any
// size. It knows nothing of headers, checksums or limits.
type inflater struct {
	bitReader
	history

	stage blockStage
	last  bool // this is the final block
	fixed bool // ownLit and ownDist hold the fixed codes

	// Within a block.
	stored             int // bytes of a stored block still to come
	copyLen, copyDist  int // rest of a match that found no room
	lit                *litTable
	dist               *distTable
	nlit, ndist, nprec int // sizes of a dynamic block's codes
	nlens              int // lengths read so far
	single             int // bytes until pairing literals is thought of; 0 if it was

	lens    [320]uint8
	ownLit  litTable
	ownDist distTable
}

// blockStage is where in a block the inflater is.
type blockStage uint8

const (
	atBlock     blockStage = iota // before a block's three bits
	atStored                      // before a stored block's length
	inStored                      // within its bytes
	atDynamic                     // before the sizes of the codes
	inPrecode                     // within the code length code
	inLengths                     // within the code lengths
	inCodes                       // before a symbol, or within a match
	atStreamEnd                   // after the final block
)

// inflateStop is why inflate returned.
type inflateStop uint8

const (
	stopInput   inflateStop = iota // it needs more input
	stopRoom                       // it needs room
	stopEnd                        // the final block has ended
	stopCorrupt                    // the input is wrong
)

// restart prepares for the first block of a stream.
func (f *inflater) restart() {
	f.stage, f.last, f.copyLen = atBlock, false, 0
}

// inflate decodes until it needs something. limit is the index in the ring
// that output must not pass; a match may be cut there. When the ring has
// little room left, it stops on its own. For stopCorrupt, detail says why.
func (f *inflater) inflate(limit int) (stop inflateStop, detail string) {
	for {
		switch f.stage {
		case atBlock:
			if f.last {
				f.align()
				f.stage = atStreamEnd
				continue
			}
			if !f.need(3) {
				return stopInput, ""
			}
			switch f.peek(3) >> 1 {
			case 0:
				f.stage = atStored
			case 1:
				f.useFixed()
				f.stage = inCodes
			case 2:
				f.stage = atDynamic
			case 3:
				return stopCorrupt, "invalid block type"
			}
			f.last = f.peek(1) == 1
			f.drop(3)

		case atStored:
			f.align()
			if !f.need(32) {
				return stopInput, ""
			}
			n := f.peek(32)
			if n&0xffff != ^n>>16 {
				return stopCorrupt, "invalid stored block lengths"
			}
			f.drop(32)
			f.stored = int(n & 0xffff)
			f.stage = inStored

		case inStored:
			for f.stored > 0 {
				if f.ip == len(f.in) {
					return stopInput, ""
				}
				if f.wr == limit {
					return stopRoom, ""
				}
				n := min(f.stored, limit-f.wr)
				n = copy(f.ring[f.wr:f.wr+n], f.in[f.ip:])
				f.ip += n
				f.stored -= n
				f.wrote(f.wr + n)
			}
			f.stage = atBlock

		case atDynamic, inPrecode, inLengths:
			ok, detail := f.readCodes()
			if detail != "" {
				return stopCorrupt, detail
			}
			if !ok {
				return stopInput, ""
			}
			f.stage = inCodes

		case inCodes:
			stop, detail := f.decodeSymbols(limit)
			if stop != stopEnd {
				return stop, detail
			}
			f.stage = atBlock

		case atStreamEnd:
			return stopEnd, ""
		}
	}
}

// precodeOrder is the order in which the code length code's lengths come.
var precodeOrder = [19]uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}

// readCodes reads the codes of a dynamic block. It returns false if it needs
// more input, and why if the codes are wrong.
func (f *inflater) readCodes() (ok bool, detail string) {
	if f.stage == atDynamic {
		if !f.need(14) {
			return false, ""
		}
		f.nlit = int(f.peek(5)) + 257
		f.ndist = int(f.peek(10)>>5) + 1
		f.nprec = int(f.peek(14)>>10) + 4
		if f.nlit > maxLitCodes || f.ndist > maxDistCodes {
			return false, "too many length or distance symbols"
		}
		f.drop(14)
		f.nlens = 0
		f.stage = inPrecode
	}
	// The code length code lies where the distances will: it is done with
	// before they are built.
	f.fixed = false
	pre := f.ownDist[:1<<preBits]
	if f.stage == inPrecode {
		for ; f.nlens < f.nprec; f.nlens++ {
			if !f.need(3) {
				return false, ""
			}
			f.lens[precodeOrder[f.nlens]] = uint8(f.peek(3))
			f.drop(3)
		}
		for _, s := range precodeOrder[f.nprec:] {
			f.lens[s] = 0
		}
		// This code must be complete. One without any symbol passes, as for
		// zlib: it reads as lengths of zero, which are found wrong below.
		if !buildTable(pre, preBits, f.lens[:19], preSymbols[:]) || pre[1]&^pre[0]&entryBad != 0 {
			return false, "invalid code lengths set"
		}
		f.nlens = 0
		f.stage = inLengths
	}
	if ok, detail := f.readLengths(pre); !ok {
		return false, detail
	}
	if f.lens[256] == 0 {
		return false, "invalid code -- missing end-of-block"
	}
	if !buildTable(f.ownLit[:], litBits, f.lens[:f.nlit], litSymbols[:]) {
		return false, "invalid literal/lengths set"
	}
	f.single = pairAfter
	if !f.buildDistances(f.lens[f.nlit : f.nlit+f.ndist]) {
		return false, "invalid distances set"
	}
	f.lit, f.dist = &f.ownLit, &f.ownDist
	return true, ""
}

// readLengths reads the lengths of a dynamic block's two codes.
func (f *inflater) readLengths(pre []decodeEntry) (ok bool, detail string) {
	pre = pre[:1<<preBits]
	for f.nlens < f.nlit+f.ndist {
		e := pre[f.hold&(1<<preBits-1)]
		for entryCodeBits(e) > f.nb {
			if !f.need(f.nb + 1) {
				return false, ""
			}
			e = pre[f.hold&(1<<preBits-1)]
		}
		n, sym := entryCodeBits(e), uint8(e>>16)
		if sym < 16 {
			f.drop(n)
			f.lens[f.nlens] = sym
			f.nlens++
			continue
		}
		var value uint8
		extra, repeat := uint(2), 3
		switch sym {
		case 16:
			if f.nlens == 0 {
				return false, "invalid bit length repeat"
			}
			value = f.lens[f.nlens-1]
		case 17:
			extra = 3
		case 18:
			extra, repeat = 7, 11
		}
		if !f.need(n + extra) {
			return false, ""
		}
		repeat += int(f.peek(n+extra) >> n)
		if f.nlens+repeat > f.nlit+f.ndist {
			return false, "invalid bit length repeat"
		}
		f.drop(n + extra)
		for range repeat {
			f.lens[f.nlens] = value
			f.nlens++
		}
	}
	return true, ""
}

// buildDistances builds the distance code. Distances beyond the window are no
// codes: the range of a code never crosses a power of two, so looking at its
// smallest distance is exact.
func (f *inflater) buildDistances(lens []uint8) bool {
	if f.max == 1<<15 {
		return buildTable(f.ownDist[:], distBits, lens, distSymbols[:])
	}
	symbols := distSymbols
	for i, e := range symbols {
		if e>>16 > uint32(f.max) {
			symbols[i] = entrySpecial | entryBad | entryFar
		}
	}
	return buildTable(f.ownDist[:], distBits, lens, symbols[:])
}

// entryFar marks a distance that is not used because of the window.
const entryFar = 1 << 16

type fixedCodes struct {
	lit  litTable
	dist distTable
	lens [320]uint8
}

// fixedTables are the codes of every fixed block of a full window.
var fixedTables = sync.OnceValue(func() *fixedCodes {
	c := new(fixedCodes)
	for i := range c.lens {
		switch {
		case i < 144:
			c.lens[i] = 8
		case i < 256:
			c.lens[i] = 9
		case i < 280:
			c.lens[i] = 7
		case i < 288:
			c.lens[i] = 8
		default:
			c.lens[i] = 5
		}
	}
	buildTable(c.lit[:], litBits, c.lens[:288], litSymbols[:])
	buildTable(c.dist[:], distBits, c.lens[288:], distSymbols[:])
	return c
})

// useFixed takes up the codes of a fixed block.
func (f *inflater) useFixed() {
	c := fixedTables()
	f.lit, f.dist = &c.lit, &c.dist
	if f.max == 1<<15 {
		return
	}
	if !f.fixed {
		f.buildDistances(c.lens[288:])
		f.fixed = true
	}
	f.dist = &f.ownDist
}
