package deflate

// history is the ring that decoded bytes are written to. It is both the
// window that matches look back into and the buffer that the bytes are handed
// out from, so nothing is copied to keep the window.
//
// Bytes are written at wr and handed out from rd. When all have been handed
// out and little room is left behind wr, writing goes on at the start and end
// remembers how far the old bytes reach. The ring is larger than the window by
// spareRoom: a fast copy may write some bytes too many, and must not hit bytes
// that a match can still reach.
type history struct {
	ring  []byte
	rd    int // next byte to hand out
	wr    int // next byte to write
	end   int // where the bytes before ring[0] end
	have  int // bytes before wr that matches may reach, at most max
	max   int // window size
	total int64
}

const (
	longestCopy = 258
	// overCopy is how far a fast copy may write beyond its end.
	overCopy = 32
	// fastRoom is the room that one round of the fast loop may fill.
	fastRoom  = longestCopy + overCopy + 8
	spareRoom = 8 << 10
)

// init makes the ring of a decoder with windows of 1<<windowBits bytes. It is
// done with the first byte, so that a decoder that never gets one is small.
func (h *history) init(windowBits int) {
	h.max = 1 << windowBits
	h.ring = make([]byte, h.max+spareRoom)
}

// forget makes everything written so far unreachable for matches.
func (h *history) forget() { h.have = 0 }

// preset makes dict the bytes before the next one. Everything must have been
// handed out.
func (h *history) preset(dict []byte) {
	if len(dict) > h.max {
		dict = dict[len(dict)-h.max:]
	}
	if len(h.ring)-h.wr < len(dict)+fastRoom {
		h.rd, h.wr = 0, 0
	}
	h.wr += copy(h.ring[h.wr:], dict)
	h.rd = h.wr
	h.have = len(dict)
}

// waiting returns the bytes that have not been handed out.
func (h *history) waiting() []byte { return h.ring[h.rd:h.wr] }

// wrap goes back to the start of the ring if there is little room left.
// Everything must have been handed out.
func (h *history) wrap() {
	if h.wr > len(h.ring)-fastRoom {
		h.end = h.wr
		h.rd, h.wr = 0, 0
	}
}

// reach returns the lowest index that a match may start from without going
// around the ring, and how many bytes can be reached beyond it, below end.
func (h *history) reach() (floor, beyond int) {
	if h.have < h.wr {
		return h.wr - h.have, 0
	}
	return 0, h.have - h.wr
}

// wrote moves wr to op.
func (h *history) wrote(op int) {
	n := op - h.wr
	h.have = min(h.have+n, h.max)
	h.total += int64(n)
	h.wr = op
}

// copyAround copies a match of n bytes to op whose distance reaches back
// around the start of the ring.
func (h *history) copyAround(op, dist, n int) {
	from := h.end - (dist - op)
	k := min(n, h.end-from)
	copy(h.ring[op:op+k], h.ring[from:])
	copyWithin(h.ring, op+k, op+k-dist, n-k)
}

// copyWithin copies n bytes to op from earlier ones, which may be among the
// bytes it writes.
func copyWithin(buf []byte, op, from, n int) {
	for n > 0 {
		k := copy(buf[op:op+n], buf[from:op])
		op += k
		n -= k
	}
}
