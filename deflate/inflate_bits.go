package deflate

// bitReader takes bits, lowest first, from input that comes in pieces.
//
// It takes a byte from the input only when the element being read cannot do
// without it. So after the last element of a stream no byte beyond the end has
// been swallowed, and what is left of the input is the caller's to use; it is
// also why everything that the bits seen so far can say is said at once.
//
// An element is read as a whole or not at all: when the input ends within one,
// its bits stay in hold and reading it starts anew with the next piece. The
// longest, a match of 48 bits, fits.
type bitReader struct {
	in   []byte // the current piece
	ip   int    // bytes of it that were taken
	hold uint64 // bits taken and not used, lowest first; zero above nb
	nb   uint   // how many
	past int64  // input bytes taken from earlier pieces
}

// need makes at least n bits available, or says that the input has not got
// them. n is at most 56.
func (b *bitReader) need(n uint) bool {
	for b.nb < n {
		if b.ip >= len(b.in) {
			return false
		}
		b.hold |= uint64(b.in[b.ip]) << (b.nb & 63)
		b.ip++
		b.nb += 8
	}
	return true
}

// peek returns the next n bits, which need has made available.
func (b *bitReader) peek(n uint) uint32 { return uint32(b.hold & (1<<(n&63) - 1)) }

// drop uses n bits up.
func (b *bitReader) drop(n uint) {
	b.hold >>= n & 63
	b.nb -= n
}

// align drops the rest of a byte.
func (b *bitReader) align() { b.drop(b.nb & 7) }

// bitsUsed returns how many bits of the whole input have been used up.
func (b *bitReader) bitsUsed() int64 { return (b.past+int64(b.ip))*8 - int64(b.nb) }

// offset returns the position of the byte with the next bit.
func (b *bitReader) offset() int64 { return b.bitsUsed() >> 3 }
