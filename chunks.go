package duplex

import (
	"io"
	"iter"
)

// Chunks returns an iterator over what r gives, piece by piece as it arrives,
// until its end. A chunk holds between 1 byte and 64 KiB and is good only until
// the next one: the buffer is used again. An error ends the iteration as its
// last pair; io.EOF is none.
//
// Breaking off leaves r as it is: the next read goes on after the last chunk.
// Give back what was too much with [Conn.Unread]; within the loop too, where
// it is the next chunk.
func Chunks(r io.Reader) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		next := newFiller(r).next
		if c, ok := r.(*Conn); ok {
			in := newFiller(c.below) // a socket can wait there without a buffer
			next = func() (*chunk, error) { return c.nextChunk(in) }
		}
		for {
			c, err := next()
			if c != nil {
				more := yield(c.bytes(), nil)
				c.free()
				if !more {
					return
				}
			}
			if err != nil {
				if err != io.EOF {
					yield(nil, err)
				}
				return
			}
		}
	}
}

// nextChunk is like in.next, with what was given back first and with the
// account that Read would keep.
func (c *Conn) nextChunk(in *filler) (*chunk, error) {
	if len(c.unread) > 0 {
		again := newChunk(len(c.unread))
		n := again.fill(c.unread)
		c.unread = c.unread[n:]
		c.read.Add(int64(n))
		return again, nil
	}
	next, err := in.next()
	for err != nil && next == nil && c.calledIn(err) {
		next, err = in.next()
	}
	if next != nil {
		c.read.Add(int64(next.len()))
	}
	if err != nil {
		err = c.readOver(err)
	}
	return next, err
}
