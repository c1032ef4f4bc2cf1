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
// Give back what was too much with [Conn.Unread].
func Chunks(r io.Reader) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		if c, ok := r.(*Conn); ok && len(c.unread) == 0 {
			c.chunks(yield)
			return
		}
		eachChunk(newFiller(r), func(p []byte) {}, yield)
	}
}

// eachChunk yields what in gives and returns the error that ended it, or nil
// if the loop was broken off.
func eachChunk(in *filler, count func([]byte), yield func([]byte, error) bool) error {
	for {
		c, err := in.next()
		if c != nil {
			count(c.bytes())
			more := yield(c.bytes(), nil)
			c.free()
			if !more {
				return nil
			}
		}
		if err == io.EOF {
			return err
		}
		if err != nil {
			yield(nil, err)
			return err
		}
	}
}

// chunks reads below c, where a socket can wait without a buffer, and keeps
// the account that Read would.
func (c *Conn) chunks(yield func([]byte, error) bool) {
	in := newFiller(c.below)
	err := eachChunk(in, func(p []byte) { c.read.Add(int64(len(p))) }, yield)
	if err != nil {
		c.readOver(err)
	}
}
