package deflate

import "encoding/binary"

// fastInput is the input that one round of the fast loop may look at: the
// first of two refills takes up to seven bytes, the second looks at eight.
const fastInput = 16

// decodeFast decodes literals and matches while there is plenty of input and
// of room, and returns where the output ends. It stops before whatever is not
// ordinary, the end of a block and all errors, without using it up:
// decodeSymbols meets it again and deals with it.
func (f *inflater) decodeFast(limit int) int {
	in, ip, hold, nb := f.in, f.ip, f.hold, f.nb
	out, op := f.ring, f.wr
	lit, dist := f.lit, f.dist
	floor, beyond := f.reach()
	inEnd, outEnd := len(in)-fastInput, limit-fastRoom
	if ip > inEnd || op > outEnd {
		return op
	}
	hold |= binary.LittleEndian.Uint64(in[ip:]) << (nb & 63)
	ip += int((63 - nb) >> 3)
	nb |= 56
	e := lit[hold&(1<<litBits-1)]
	for ip <= inEnd && op <= outEnd {
		if e&entryLiteral != 0 {
			hold >>= e & entryBits
			nb -= uint(e & entryBits)
			binary.LittleEndian.PutUint16(out[op:], uint16(e>>16))
			op += 1 + int(e>>15&1)
			e = lit[hold&(1<<litBits-1)]
			if e&entryLiteral != 0 {
				hold >>= e & entryBits
				nb -= uint(e & entryBits)
				binary.LittleEndian.PutUint16(out[op:], uint16(e>>16))
				op += 1 + int(e>>15&1)
				e = lit[hold&(1<<litBits-1)]
				if e&entryLiteral != 0 {
					hold >>= e & entryBits
					nb -= uint(e & entryBits)
					binary.LittleEndian.PutUint16(out[op:], uint16(e>>16))
					op += 1 + int(e>>15&1)
					hold |= binary.LittleEndian.Uint64(in[ip:]) << (nb & 63)
					ip += int((63 - nb) >> 3)
					nb |= 56
					e = lit[hold&(1<<litBits-1)]
					continue
				}
			}
			hold |= binary.LittleEndian.Uint64(in[ip:]) << (nb & 63)
			ip += int((63 - nb) >> 3)
			nb |= 56
		}
		if e&entrySpecial != 0 {
			if e&entrySub == 0 {
				break
			}
			e = lit[subIndex(e, hold, litBits)]
			if e&entryLiteral != 0 {
				hold >>= e & entryBits
				nb -= uint(e & entryBits)
				out[op] = byte(e >> 16)
				op++
				hold |= binary.LittleEndian.Uint64(in[ip:]) << (nb & 63)
				ip += int((63 - nb) >> 3)
				nb |= 56
				e = lit[hold&(1<<litBits-1)]
				continue
			}
			if e&entrySpecial != 0 {
				break
			}
		}
		// A length and a distance take up to 48 bits together.
		used := uint(e & entryBits)
		length := int(e>>16) + int(hold&(1<<(used&63)-1)>>entryCodeBits(e))
		rest := hold >> (used & 63)
		e = dist[rest&(1<<distBits-1)]
		if e&entrySpecial != 0 {
			if e&entrySub == 0 {
				break
			}
			e = dist[subIndex(e, rest, distBits)]
			if e&entrySpecial != 0 {
				break
			}
		}
		n := uint(e & entryBits)
		d := int(e>>16) + int(rest&(1<<(n&63)-1)>>entryCodeBits(e))
		from := op - d
		end := op + length
		if from < floor {
			if floor-from > beyond {
				break
			}
			// The old bytes: with enough of them behind the match, it is
			// copied like any other, and cannot overlap.
			from += f.end
			if from+length > f.end-16 {
				f.copyAround(op, d, length)
				from, length = op, 0 // nothing is left to copy
			}
			d = f.end
		}
		hold = rest >> (n & 63)
		nb -= used + n
		hold |= binary.LittleEndian.Uint64(in[ip:]) << (nb & 63)
		ip += int((63 - nb) >> 3)
		nb |= 56
		e = lit[hold&(1<<litBits-1)]

		if d >= 8 {
			// Most matches are short: a count of rounds would be guessed
			// wrong more often than the bytes too many cost.
			s, t := out[from:from+16], out[op:op+16]
			binary.LittleEndian.PutUint64(t, binary.LittleEndian.Uint64(s))
			binary.LittleEndian.PutUint64(t[8:], binary.LittleEndian.Uint64(s[8:]))
			for length > 16 {
				from += 16
				op += 16
				length -= 16
				s, t := out[from:from+16], out[op:op+16]
				binary.LittleEndian.PutUint64(t, binary.LittleEndian.Uint64(s))
				binary.LittleEndian.PutUint64(t[8:], binary.LittleEndian.Uint64(s[8:]))
			}
			op = end
			continue
		}
		// A short period: as many of them as go into eight bytes at a time.
		bits := uint(d) * 8
		v := binary.LittleEndian.Uint64(out[from:]) & (1<<bits - 1)
		v |= v << bits
		v |= v << (2 * bits)
		v |= v << (4 * bits)
		for step := 8 - 8%d; op < end; op += step {
			binary.LittleEndian.PutUint64(out[op:], v)
		}
		op = end
	}
	// Give the bytes back that were taken and not used. Those that were held
	// when the loop began belong to earlier input and stay.
	back := min(int(nb>>3), ip-f.ip)
	ip -= back
	nb -= uint(back) * 8
	f.ip, f.hold, f.nb = ip, hold&(1<<(nb&63)-1), nb
	return op
}
