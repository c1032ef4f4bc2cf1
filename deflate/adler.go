package deflate

import "encoding/binary"

// adlerSum continues an Adler-32 checksum, 64 bytes at a time: byte by byte it
// takes a fifth of the time of decoding zlib data.
//
// The even and the odd bytes of a word are spread over lanes of 16 bits, which
// are added up over eight words. One multiplication then adds up the four
// lanes, each times a weight, in the top lane. No lane can overflow: the
// largest sums are 8*255*20 for the weights and 4*28*510 for the words.
func adlerSum(sum uint32, p []byte) uint32 {
	const (
		mod   = 65521
		most  = 5504 // a multiple of 64; the sums of 5,552 bytes fit 32 bits
		lanes = 0x00ff00ff00ff00ff
		ones  = 0x0001000100010001
		evens = 0x0008000600040002 // 8, 6, 4, 2 for the bytes 0, 2, 4, 6
		odds  = 0x0007000500030001 // 7, 5, 3, 1 for the bytes 1, 3, 5, 7
	)
	a, b := uint64(sum&0xffff), uint64(sum>>16)
	for len(p) > 0 {
		q := p[:min(len(p), most)]
		p = p[len(q):]
		for ; len(q) >= 64; q = q[64:] {
			block := (*[64]byte)(q)
			// before is what the words before each word add up to: that is
			// how often b counts them anew, eight times a word.
			var even, odd, before uint64
			for i := 0; i < 64; i += 8 {
				v := binary.LittleEndian.Uint64(block[i : i+8])
				before += even + odd
				even += v & lanes
				odd += v >> 8 & lanes
			}
			b += a<<6 + before*ones>>48<<3 + even*evens>>48 + odd*odds>>48
			a += (even + odd) * ones >> 48
		}
		for _, c := range q {
			a += uint64(c)
			b += a
		}
		a %= mod
		b %= mod
	}
	return uint32(b<<16 | a)
}
