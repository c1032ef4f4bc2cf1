package duplex

import "sync"

// Buffers come in two sizes, so that a stream of small messages does not hold
// the buffer that a bulk transfer wants.
const (
	smallChunk = 4 << 10
	largeChunk = 64 << 10
)

// chunk is a pooled buffer; its bytes are b[r:w].
type chunk struct {
	next *chunk
	b    []byte
	r, w int
}

var (
	smallChunks = sync.Pool{New: func() any { return &chunk{b: make([]byte, smallChunk)} }}
	largeChunks = sync.Pool{New: func() any { return &chunk{b: make([]byte, largeChunk)} }}
)

// newChunk returns an empty chunk: a large one if size does not fit a small
// one. The caller frees it.
func newChunk(size int) *chunk {
	if size <= smallChunk {
		return smallChunks.Get().(*chunk)
	}
	return largeChunks.Get().(*chunk)
}

// free gives the buffer of c back; there is nothing to it if c is nil.
func (c *chunk) free() {
	if c == nil {
		return
	}
	c.next, c.r, c.w = nil, 0, 0
	if len(c.b) == smallChunk {
		smallChunks.Put(c)
	} else {
		largeChunks.Put(c)
	}
}

func (c *chunk) bytes() []byte { return c.b[c.r:c.w] }
func (c *chunk) len() int      { return c.w - c.r }

// fill copies from p behind the chunk's bytes and returns how many fitted.
func (c *chunk) fill(p []byte) int {
	n := copy(c.b[c.w:], p)
	c.w += n
	return n
}

// drain moves bytes from the front of the chunk to p.
func (c *chunk) drain(p []byte) int {
	n := copy(p, c.b[c.r:c.w])
	c.r += n
	return n
}

// dense reports whether the chunk is full enough to wait in a queue as it is:
// a queue of nearly empty buffers would hold far more memory than bytes.
func (c *chunk) dense() bool { return c.len() >= len(c.b)/2 }

// readSize adapts the size of a read to what arrives: small until a read fills
// its buffer, large until one would have fitted the small buffer.
type readSize struct{ large bool }

func (s readSize) next() int {
	if s.large {
		return largeChunk
	}
	return smallChunk
}

// fit returns an empty chunk for the next read: c, unless it is nil or of
// another size.
func (s readSize) fit(c *chunk) *chunk {
	if c != nil && len(c.b) == s.next() {
		return c
	}
	c.free()
	return newChunk(s.next())
}

func (s *readSize) got(n int) {
	switch {
	case n <= smallChunk/2:
		s.large = false
	case n >= smallChunk:
		s.large = true
	}
}
