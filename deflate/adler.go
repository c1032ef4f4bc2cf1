package deflate

// adler32Update continues the Adler-32 checksum sum, one at first, over p.
func adler32Update(sum uint32, p []byte) uint32 {
	// The most sums of bytes that fit 32 bits.
	const most = 5552
	const mod = 65521
	a, b := sum&0xffff, sum>>16
	for len(p) > 0 {
		q := p[:min(len(p), most)]
		p = p[len(q):]
		for len(q) >= 4 {
			a += uint32(q[0])
			b += a
			a += uint32(q[1])
			b += a
			a += uint32(q[2])
			b += a
			a += uint32(q[3])
			b += a
			q = q[4:]
		}
		for _, c := range q {
			a += uint32(c)
			b += a
		}
		a %= mod
		b %= mod
	}
	return b<<16 | a
}
