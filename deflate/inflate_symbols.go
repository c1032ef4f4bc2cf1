package deflate

const (
	detailLength   = "invalid literal/length code"
	detailDistance = "invalid distance code"
	detailFar      = "invalid distance too far back"
)

// decodeSymbols decodes the literals and matches of a block, up to its end
// (stopEnd), limit or the end of the input. It does so one by one and with
// care at the edges of input and room, and leaves the rest to the fast loop.
func (f *inflater) decodeSymbols(limit int) (inflateStop, string) {
	lit, dist := f.lit, f.dist
	soft := limit // output stops when it has come so far
	if limit == len(f.ring) {
		soft = limit - fastRoom + 1
	}
	for {
		if f.copyLen > 0 {
			n := min(f.copyLen, limit-f.wr)
			f.copyMatch(n)
			if f.copyLen > 0 {
				return stopRoom, ""
			}
		}
		for len(f.in)-f.ip >= fastInput && limit-f.wr >= fastRoom {
			if f.single == 0 {
				f.wrote(f.decodeFast(limit))
				break
			}
			start := f.wr
			f.wrote(f.decodeFast(min(limit, start+f.single+fastRoom)))
			if f.wr-start < f.single {
				f.single -= f.wr - start
				break
			}
			f.single = 0
			if pairsPay(f.lens[:256]) {
				pairLiterals(&f.ownLit)
			}
		}

		// The literal or length.
		e := lit[f.hold&(1<<litBits-1)]
		for {
			if e&entrySub != 0 {
				e = lit[subIndex(e, f.hold, litBits)]
			}
			if entryCodeBits(e) <= f.nb {
				break
			}
			if !f.need(f.nb + 1) {
				return stopInput, ""
			}
			e = lit[f.hold&(1<<litBits-1)]
		}
		if e&entryLiteral != 0 {
			if f.wr >= soft {
				return stopRoom, ""
			}
			f.ring[f.wr] = byte(e >> 16)
			f.wrote(f.wr + 1)
			f.drop(entryCodeBits(e))
			continue
		}
		if e&entrySpecial != 0 {
			if e&entryEnd == 0 {
				return stopCorrupt, detailLength
			}
			f.drop(entryCodeBits(e))
			return stopEnd, ""
		}
		used := uint(e & entryBits)
		if !f.need(used) {
			return stopInput, ""
		}
		length := int(e>>16) + int(f.peek(used)>>entryCodeBits(e))

		// The distance.
		e = dist[f.hold>>used&(1<<distBits-1)]
		for {
			if e&entrySub != 0 {
				e = dist[subIndex(e, f.hold>>used, distBits)]
			}
			if used+entryCodeBits(e) <= f.nb {
				break
			}
			if !f.need(f.nb + 1) {
				return stopInput, ""
			}
			e = dist[f.hold>>used&(1<<distBits-1)]
		}
		if e&entrySpecial != 0 {
			if e&entryFar != 0 {
				return stopCorrupt, detailFar
			}
			return stopCorrupt, detailDistance
		}
		n := uint(e & entryBits)
		if !f.need(used + n) {
			return stopInput, ""
		}
		d := int(e>>16) + int(uint32(f.hold>>used)&(1<<n-1)>>entryCodeBits(e))
		if d > f.have {
			return stopCorrupt, detailFar
		}
		if f.wr >= soft {
			return stopRoom, ""
		}
		f.drop(used + n)
		f.copyLen, f.copyDist = length, d
	}
}

// subIndex returns the index in a second table.
func subIndex(e decodeEntry, hold uint64, first uint) uint64 {
	return uint64(e>>16) + hold>>first&(1<<entryCodeBits(e)-1)
}

// copyMatch copies n bytes of the current match.
func (f *inflater) copyMatch(n int) {
	if f.copyDist > f.wr {
		f.copyAround(f.wr, f.copyDist, n)
	} else {
		copyWithin(f.ring, f.wr, f.wr-f.copyDist, n)
	}
	f.wrote(f.wr + n)
	f.copyLen -= n
}
