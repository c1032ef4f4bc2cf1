package deflate

import "math/bits"

// The alphabets of deflate (RFC 1951, section 3.2).
const (
	litCount  = 286 // literals, end of block, lengths
	distCount = 30
	lensCount = 19 // the code that codes the code lengths
	endBlock  = 256

	maxCodeBits = 15
	maxLensBits = 7
)

// alphabet is one of the three kinds of symbol a block codes.
type alphabet struct {
	size    int
	maxBits int
	extra   []uint8 // extra bits by symbol, nil for none
	fixed   []uint8 // lengths in the fixed code, nil for none
}

// huffman builds the code of one alphabet for one block. Among the many best
// codes it always takes zlib's: the heap orders equal weights by depth and
// the shortening of long codes goes from the rarest symbol on.
type huffman struct {
	freq []uint32
	lens [litCount + 1]uint8
	code [litCount]uint16 // bit-reversed, ready to write
	last int              // the highest symbol in use
}

// treeScratch is the working memory of build, shared by the alphabets.
type treeScratch struct {
	heap  [litCount + 2]uint64 // one-based; weight<<24 | depth<<16 | node
	order [2*litCount + 1]uint16
	dad   [2*litCount + 1]uint16
	bits  [2*litCount + 1]uint8
}

// down moves the entry at i of the one-based heap h down to its place.
func down(h []uint64, i int) {
	v := h[i]
	key := v >> 16
	for {
		j := 2 * i
		if j >= len(h) {
			break
		}
		if j+1 < len(h) && h[j+1]>>16 <= h[j]>>16 {
			j++
		}
		if key <= h[j]>>16 {
			break
		}
		h[i] = h[j]
		i = j
	}
	h[i] = v
}

// build makes the code for freq and returns the length in bits of all coded
// symbols with their extra bits, in this code and in the fixed one.
func (t *huffman) build(a *alphabet, s *treeScratch) (length, fixedLength int) {
	heap := s.heap[:1]
	last := -1
	for n, f := range t.freq[:a.size] {
		if f != 0 {
			heap = append(heap, uint64(f)<<24|uint64(n))
			last = n
		}
	}
	clear(t.lens[:a.size])

	// Every code has two symbols at least; the made-up ones cost nothing.
	for len(heap) < 3 {
		n := 0
		if last < 2 {
			last++
			n = last
		}
		t.freq[n] = 1
		heap = append(heap, 1<<24|uint64(n))
		length--
		if a.fixed != nil {
			fixedLength -= int(a.fixed[n])
		}
	}
	t.last = last

	for i := (len(heap) - 1) / 2; i >= 1; i-- {
		down(heap, i)
	}
	// order lists the nodes from the end on: the lightest last.
	next := len(s.order)
	node := a.size
	for {
		x := heap[1]
		heap[1] = heap[len(heap)-1]
		heap = heap[:len(heap)-1]
		down(heap, 1)
		y := heap[1]
		xn, yn := uint16(x), uint16(y)
		s.order[next-1], s.order[next-2] = xn, yn
		next -= 2
		depth := max(x>>16&0xff, y>>16&0xff) + 1
		s.dad[xn], s.dad[yn] = uint16(node), uint16(node)
		heap[1] = (x>>24+y>>24)<<24 | (depth&0xff)<<16 | uint64(node)
		node++
		down(heap, 1)
		if len(heap) < 3 {
			break
		}
	}
	root := uint16(heap[1])
	next--
	s.order[next] = root

	var count [maxCodeBits + 1]int
	over := 0
	s.bits[root] = 0
	for _, n := range s.order[next+1:] {
		b := s.bits[s.dad[n]] + 1
		if int(b) > a.maxBits {
			b = uint8(a.maxBits)
			over++
		}
		s.bits[n] = b
		if int(n) > last {
			continue
		}
		t.lens[n] = b
		count[b]++
		x := 0
		if a.extra != nil {
			x = int(a.extra[n])
		}
		f := int(t.freq[n])
		length += f * (int(b) + x)
		if a.fixed != nil {
			fixedLength += f * (int(a.fixed[n]) + x)
		}
	}
	if over > 0 {
		length += t.shorten(a, s, &count, over, last)
	}
	t.assign(&count, last)
	return length, fixedLength
}

// shorten brings the codes that are too long back to the limit, for which
// others grow, and returns by how many bits the whole grows.
func (t *huffman) shorten(a *alphabet, s *treeScratch, count *[maxCodeBits + 1]int, over, last int) int {
	for ; over > 0; over -= 2 {
		b := a.maxBits - 1
		for count[b] == 0 {
			b--
		}
		count[b]--
		count[b+1] += 2
		count[a.maxBits]--
	}
	grown := 0
	at := len(s.order)
	for b := a.maxBits; b > 0; b-- {
		for left := count[b]; left > 0; {
			at--
			n := int(s.order[at])
			if n > last {
				continue
			}
			grown += (b - int(t.lens[n])) * int(t.freq[n])
			t.lens[n] = uint8(b)
			left--
		}
	}
	return grown
}

// assign gives every symbol up to last its canonical code.
func (t *huffman) assign(count *[maxCodeBits + 1]int, last int) {
	var next [maxCodeBits + 1]uint16
	code := 0
	for b := 1; b <= maxCodeBits; b++ {
		code = (code + count[b-1]) << 1
		next[b] = uint16(code)
	}
	for n, b := range t.lens[:last+1] {
		if b != 0 {
			t.code[n] = bits.Reverse16(next[b]) >> (16 - b)
			next[b]++
		}
	}
}
