package deflate

import "math/bits"

// A decode table is indexed by the next bits of the input and gives all there
// is to know of the symbol they begin with, in one word:
//
//	bits 0-5    bits to use up: the code and its extra bits
//	bit  6      a literal
//	bit  7      something out of the ordinary: one of bits 12 to 14 is set
//	bits 8-11   bits of the code alone
//	bit  12     a longer code: look on in a second table
//	bit  13     the end of the block
//	bit  14     no code, or one that must not be used
//	bit  15     a second literal follows the first one
//	bits 16-31  the literals, the smallest length or distance, or the place
//	            of the second table, whose index bits stand in bits 8-11
//
// The first table is indexed by a fixed number of bits, so that the index
// needs no check; codes that are longer have a second table behind the first.
type decodeEntry = uint32

const (
	entryBits    = 1<<6 - 1
	entryLiteral = 1 << 6
	entrySpecial = 1 << 7
	entrySub     = 1 << 12
	entryEnd     = 1 << 13
	entryBad     = 1 << 14
	entryPair    = 1 << 15

	litBits  = 11
	distBits = 8
	preBits  = 7

	// The most entries that first and second tables can need together, for
	// 288 and 32 symbols of up to 15 bits (zlib's examples/enough.c).
	litEntries  = 2342
	distEntries = 402

	maxLitCodes  = 286
	maxDistCodes = 30
)

type (
	litTable  [litEntries]decodeEntry
	distTable [distEntries]decodeEntry
)

// entryCodeBits returns the length of an entry's code without extra bits.
func entryCodeBits(e decodeEntry) uint { return uint(e>>8) & 15 }

// The entries of symbols before their code length is added.
var (
	litSymbols  = makeLitSymbols()
	distSymbols = makeDistSymbols()
	preSymbols  = makePreSymbols()
)

func makeLitSymbols() (t [288]decodeEntry) {
	for i := range 256 {
		t[i] = entryLiteral | uint32(i)<<16
	}
	t[256] = entrySpecial | entryEnd
	length, extra := uint32(3), uint32(0)
	for i := 257; i < 285; i++ {
		if i >= 265 && (i-265)%4 == 0 {
			extra++
		}
		t[i] = length<<16 | extra
		length += 1 << extra
	}
	t[285] = 258 << 16
	t[286] = entrySpecial | entryBad
	t[287] = entrySpecial | entryBad
	return t
}

func makeDistSymbols() (t [32]decodeEntry) {
	dist, extra := uint32(1), uint32(0)
	for i := range 30 {
		if i >= 4 && i%2 == 0 {
			extra++
		}
		t[i] = dist<<16 | extra
		dist += 1 << extra
	}
	t[30] = entrySpecial | entryBad
	t[31] = entrySpecial | entryBad
	return t
}

func makePreSymbols() (t [19]decodeEntry) {
	for i := range t {
		t[i] = uint32(i) << 16
	}
	return t
}

// buildTable fills table for the canonical code with these lengths, one per
// symbol, and reports whether there is such a code. first is the number of
// index bits of the first table. As for zlib, a code must be complete, except
// that it may have no symbol at all, or one symbol of one bit.
func buildTable(table []decodeEntry, first uint, lens []uint8, symbols []decodeEntry) bool {
	var count, next [16]uint16
	for _, l := range lens {
		count[l&15]++
	}
	longest := uint(15)
	for longest > 0 && count[longest] == 0 {
		longest--
	}
	left := 1
	for l := 1; l <= 15; l++ {
		left = left<<1 - int(count[l])
		if left < 0 {
			return false
		}
		next[l] = 0
		if l > 1 {
			next[l] = next[l-1] + count[l-1]
		}
	}
	if left > 0 && longest > 1 {
		return false
	}
	// The symbols in the order of their codes.
	var sorted [288]uint16
	for s, l := range lens {
		if l != 0 {
			sorted[next[l&15]] = uint16(s)
			next[l&15]++
		}
	}
	if left > 0 {
		for i := range table[:1<<first] {
			table[i] = entrySpecial | entryBad | 1<<8 | 1
		}
		if longest == 1 {
			e := symbols[sorted[0]] + 1<<8 + 1
			for i := 0; i < 1<<first; i += 2 {
				table[i] = e
			}
		}
		return true
	}

	// Codes come in ascending order, but the first bit of a code is the
	// lowest of the index: code holds it reversed. The table is filled for
	// the shortest codes and doubled for each further bit.
	code, filled, i := uint(0), uint(1), 0
	length := uint(1)
	for ; length <= first; length++ {
		copy(table[filled:2*filled], table[:filled])
		filled *= 2
		for range count[length] {
			table[code] = symbols[sorted[i]] + uint32(length)<<8 + uint32(length)
			i++
			code = nextReversed(code, length)
		}
	}
	// Second tables, each for the codes that share their first bits.
	place, prefix, subBits := filled, ^uint(0), uint(0)
	for ; length <= longest; length++ {
		for n := count[length]; n > 0; n-- {
			if code&(filled-1) != prefix {
				if prefix != ^uint(0) {
					place += 1 << subBits
				}
				prefix = code & (filled - 1)
				subBits = length - first
				for used := uint(n); used < 1<<subBits; {
					subBits++
					used = used<<1 + uint(count[first+subBits])
				}
				table[prefix] = entrySpecial | entrySub | uint32(place)<<16 | uint32(subBits)<<8 | uint32(first)
			}
			e := symbols[sorted[i]] + uint32(length)<<8 + uint32(length)
			i++
			sub := table[place : place+1<<subBits]
			for j := code >> first; j < uint(len(sub)); j += 1 << (length - first) {
				sub[j] = e
			}
			code = nextReversed(code, length)
		}
	}
	return true
}

// nextReversed adds one to a code of n bits that is kept with its bits
// reversed. Growing to the next length needs no more: the new bit is a zero
// above the others.
func nextReversed(code, n uint) uint {
	zeros := code ^ (1<<n - 1)
	if zeros == 0 {
		return code
	}
	bit := uint(1) << (bits.Len(zeros) - 1)
	return code&(bit-1) | bit
}

// pairAfter is how many bytes a block must have given before its literals may
// be paired, which takes as long as decoding some hundred symbols.
const pairAfter = 4 << 10

// pairsPay says whether joining literals gains something: if they are frequent
// and their codes short, as in logs with their digits.
func pairsPay(lens []uint8) bool {
	var count [16]int
	for _, l := range lens {
		count[l&15]++
	}
	// In how many of the indexes two literals stand is how likely a pair is.
	pairs := 0
	for n := 1; n < litBits; n++ {
		for m := 1; n+m <= litBits; m++ {
			pairs += count[n] * count[m] << (litBits - n - m)
		}
	}
	return pairs >= 1<<litBits/4
}

// pairLiterals joins two literals that stand in one index into one entry.
func pairLiterals(table *litTable) {
	// From the top down: an entry looks at one with no larger index, which is
	// still single.
	for i := 1<<litBits - 1; i >= 0; i-- {
		e := table[i]
		if e&entryLiteral == 0 {
			continue
		}
		n := entryCodeBits(e)
		f := table[(i>>n)&(1<<litBits-1)]
		if m := entryCodeBits(f); f&entryLiteral != 0 && n+m <= litBits {
			table[i] = e&^entryBits + uint32(n+m) | entryPair | f&0xff0000<<8
		}
	}
}
