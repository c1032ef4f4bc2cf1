package flow

import (
	"encoding/binary"
	"sync"
)

// block is a part of what is written, with room for the head of its DATA frame
// before it and for other frames behind it: a message is made in place.
type block struct {
	b      []byte // dataHead bytes, then the payload
	most   int    // the length of b that the payload may reach
	sealed bool   // it has been sent: nothing more is added
	next   *block
}

// sizes are those of the payloads that blocks have room for.
var (
	sizes = [...]int{1 << 10, 4 << 10, 16 << 10, 32 << 10, largestBlock}
	pools [len(sizes)]sync.Pool
)

// newBlock returns a block for a payload of want bytes, of at most most.
func newBlock(want, most int) *block {
	want = min(want, most)
	class := 0
	for sizes[class] < want {
		class++
	}
	b, _ := pools[class].Get().(*block)
	if b == nil {
		b = &block{b: make([]byte, dataHead, dataHead+sizes[class]+controls)}
	}
	b.most = dataHead + min(sizes[class], most)
	return b
}

func (b *block) free() {
	for class, size := range sizes {
		if cap(b.b) == dataHead+size+controls {
			b.b, b.sealed, b.next = b.b[:dataHead], false, nil
			pools[class].Put(b)
			return
		}
	}
}

func (b *block) size() int { return len(b.b) - dataHead }

// add appends what fits of p and returns how many bytes that are.
func (b *block) add(p []byte) int {
	n := min(b.most-len(b.b), len(p))
	b.b = append(b.b, p[:n]...)
	return n
}

// frame returns the block as a DATA frame at offset. What is appended to it
// does not harm the block.
func (b *block) frame(offset uint64) []byte {
	b.sealed = true
	b.b[0] = byte(Data)
	binary.BigEndian.PutUint64(b.b[1:], offset)
	binary.BigEndian.PutUint32(b.b[headSize:], uint32(b.size()))
	return b.b
}

// pieces are bytes that wait to be read.
type pieces struct {
	list  [][]byte
	own   bool   // the last piece may be appended to
	spare []byte // an empty piece of our own
}

const (
	smallPiece = 512
	adopted    = 4 << 10 // a payload this large is kept as it came
)

// add takes p, which must not change any more.
func (q *pieces) add(p []byte) {
	if len(p) >= adopted {
		q.list, q.own = append(q.list, p), false
		return
	}
	if last := len(q.list) - 1; q.own && last >= 0 && cap(q.list[last])-len(q.list[last]) >= len(p) {
		q.list[last] = append(q.list[last], p...)
		return
	}
	piece := q.spare
	q.spare = nil
	if cap(piece) < len(p) || len(q.list) > 0 {
		size := smallPiece
		if len(q.list) > 0 || len(p) > size {
			size = adopted
		}
		piece = make([]byte, 0, size)
	}
	q.list, q.own = append(q.list, append(piece[:0], p...)), true
}

// take copies to p what waits and returns how many bytes that are.
func (q *pieces) take(p []byte) (n int) {
	for n < len(p) && len(q.list) > 0 {
		first := q.list[0]
		k := copy(p[n:], first)
		n += k
		if k < len(first) {
			q.list[0] = first[k:]
			return n
		}
		if q.own && len(q.list) == 1 && cap(first) >= smallPiece/2 && cap(first) <= adopted {
			q.spare = first[:0]
		}
		q.list[0] = nil
		q.list = q.list[1:]
	}
	if len(q.list) == 0 {
		q.list = nil
		q.own = false
	}
	return n
}

func (q *pieces) clear() { *q = pieces{} }
