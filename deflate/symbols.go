package deflate

import "math/bits"

// A symbol is a literal byte or a match, ready to be counted and written
// without telling the two apart: the code of the literal or length, the extra
// bits of the length, the code of the distance, the extra bits of the distance,
// from the lowest bit on. The distance of a literal has the code noDist, which
// stands for no bits.
type symbol = uint32

const (
	lengthAt = 9  // where the extra bits of the length begin
	distAt   = 14 // where the code of the distance begins
	moreAt   = 19 // where its extra bits begin

	noDist = 31
)

// literalSymbol returns the symbol of one byte.
func literalSymbol(c byte) symbol { return uint32(c) | noDist<<distAt }

// matchSymbol returns the symbol of a match.
func matchSymbol(length, dist int) symbol {
	d := uint32(dist - 1)
	// A code stands for the highest bit of d and the one behind it.
	n := uint(bits.Len32(d|2)) - 2
	return lengthSymbols[length&0x1ff] | (2*uint32(n)+d>>n)<<distAt | d&(1<<n-1)<<moreAt
}

// symbolSize is how many bytes s stands for.
func symbolSize(s symbol) int { return int(sizes[s&0x1ff]) + int(s>>lengthAt&0x1f) }

// sizes holds how many bytes a symbol stands for, without its extra bits.
var sizes = func() (t [512]uint16) {
	for c := range 256 {
		t[c] = 1
	}
	for code, base := range lengthBase {
		t[257+code] = minMatch + uint16(base)
	}
	return t
}()

const (
	minMatch = 3
	maxMatch = 258
)

// lengthSymbols holds, by match length, its code and extra bits.
var lengthSymbols = func() (t [512]symbol) {
	for n := minMatch; n <= maxMatch; n++ {
		code := 28 // the longest one has a code of its own
		for n < maxMatch && int(lengthBase[code]) > n-minMatch || n < maxMatch && code == 28 {
			code--
		}
		t[n] = uint32(257+code) | uint32(n-minMatch-int(lengthBase[code]))<<lengthAt
	}
	return t
}()

// lengthExtra and distExtra hold the number of extra bits by code.
var (
	lengthExtra = [29]uint8{8: 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0}
	distExtra   = [distCount]uint8{4: 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13}
	lensExtra   = [lensCount]uint8{16: 2, 3, 7}
)

// lengthBase is the smallest length minus three of each length code.
var lengthBase = func() (t [29]uint8) {
	n := 0
	for code := range 28 {
		t[code] = uint8(n)
		n += 1 << lengthExtra[code]
	}
	t[28] = maxMatch - minMatch
	return t
}()

// lensOrder is the order in which a block lists the lengths of its third code.
var lensOrder = [lensCount]uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}

var (
	fixedLitLens  [288]uint8
	fixedDistLens [distCount]uint8
	knownCodes    blockCodes // the codes that every decoder knows

	litAlphabet  = alphabet{size: litCount, maxBits: maxCodeBits}
	distAlphabet = alphabet{size: distCount, maxBits: maxCodeBits}
	lensAlphabet = alphabet{size: lensCount, maxBits: maxLensBits, extra: lensExtra[:]}
)

func init() {
	for i := range fixedLitLens {
		switch {
		case i < 144:
			fixedLitLens[i] = 8
		case i < 256:
			fixedLitLens[i] = 9
		case i < 280:
			fixedLitLens[i] = 7
		default:
			fixedLitLens[i] = 8
		}
	}
	for i := range fixedDistLens {
		fixedDistLens[i] = 5
	}
	extra := make([]uint8, litCount)
	copy(extra[257:], lengthExtra[:])
	litAlphabet.extra, litAlphabet.fixed = extra, fixedLitLens[:]
	distAlphabet.extra, distAlphabet.fixed = distExtra[:], fixedDistLens[:]

	// The canonical code needs all 288 lengths, the two unused ones too.
	var next [16]uint16
	next[7], next[8], next[9] = 0, 0x30, 0x190
	for i, b := range fixedLitLens[:litCount] {
		if i == 280 {
			next[8] = 0xc0
		}
		knownCodes.setLit(i, bits.Reverse16(next[b])>>(16-b), b)
		next[b]++
	}
	for i := range distCount {
		knownCodes.setDist(i, bits.Reverse16(uint16(i))>>11, 5)
	}
}
