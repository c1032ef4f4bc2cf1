package deflate

import "math/bits"

// A symbol is a literal byte, or a match: distance<<16 | length. A literal
// has distance zero.
type symbol = uint32

const (
	minMatch = 3
	maxMatch = 258
)

// lengthCodes holds, by match length, the symbol that codes it.
var lengthCodes = func() (t [512]uint16) {
	n := minMatch
	for code, extra := range lengthExtra[:28] {
		for range 1 << extra {
			t[n] = uint16(257 + code)
			n++
		}
	}
	t[maxMatch] = 285 // the one length with a code of its own
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

// distCode returns the code of distance d, one or more, and its extra bits.
func distCode(d uint32) (code uint32, extra uint32, extraBits uint) {
	d--
	if d < 4 {
		return d, 0, 0
	}
	n := uint(bits.Len32(d)) - 2
	return 2*uint32(n) + d>>n, d & (1<<n - 1), n
}

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
		knownCodes.lit[i] = uint32(bits.Reverse16(next[b])>>(16-b))<<8 | uint32(b)
		next[b]++
	}
	for i := range distCount {
		knownCodes.dist[i] = uint32(bits.Reverse16(uint16(i))>>11)<<8 | 5
	}
	knownCodes.finish()
}
