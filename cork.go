package duplex

import (
	"net"
	"sync/atomic"
)

// cork is what a Conn holds back between Cork and Uncork.
type cork struct {
	depth atomic.Int32
	turn  gate   // held by who uses buf
	buf   *chunk // nil while nothing is held back
}

// Cork holds writes back until the matching [Conn.Uncork], so that many small
// ones leave as one. Corks nest. At most 64 KiB are held back; what is more
// leaves with them in one vectored write where the stream has it. CloseWrite
// lets everything out.
func (c *Conn) Cork() { c.cork.depth.Add(1) }

// Uncork lets out what was held back if it matches the outermost Cork. Without
// a Cork it does nothing.
func (c *Conn) Uncork() error {
	for {
		depth := c.cork.depth.Load()
		if depth == 0 {
			return nil
		}
		if c.cork.depth.CompareAndSwap(depth, depth-1) {
			if depth > 1 {
				return nil
			}
			return c.flushCork()
		}
	}
}

// Batch calls f between Cork and Uncork, so that what f writes leaves as one
// write. It returns the error of f, or that of the write.
func (c *Conn) Batch(f func() error) error {
	c.Cork()
	err := f()
	if uerr := c.Uncork(); err == nil {
		err = uerr
	}
	return err
}

// WriteBuffers writes all of bufs, in one system call where the stream has
// vectored writes, without copying them together.
func (c *Conn) WriteBuffers(bufs ...[]byte) (int64, error) {
	c.cork.turn.lock()
	defer c.cork.turn.unlock()
	if err := c.empty(); err != nil {
		return 0, err
	}
	return c.writev(append(net.Buffers(nil), bufs...)) // a vectored write uses its slice up
}

// pull takes every cork out.
func (c *Conn) pull() error {
	c.cork.depth.Store(0)
	return c.flushCork()
}

func (c *Conn) flushCork() error {
	c.cork.turn.lock()
	defer c.cork.turn.unlock()
	return c.empty()
}

// empty writes what is held back; the caller has the turn.
func (c *Conn) empty() error {
	buf := c.cork.buf
	if buf == nil {
		return nil
	}
	c.cork.buf = nil
	defer buf.free()
	_, err := c.writev(net.Buffers{buf.bytes()})
	return err
}

func (c *Conn) writeCorked(p []byte) (int, error) {
	c.cork.turn.lock()
	defer c.cork.turn.unlock()
	buf := c.cork.buf
	if buf == nil {
		buf = newChunk(largeChunk)
		c.cork.buf = buf
	}
	held := buf.len()
	if held+len(p) <= len(buf.b) && c.cork.depth.Load() > 0 {
		return buf.fill(p), nil
	}
	c.cork.buf = nil
	defer buf.free()
	n, err := c.writev(net.Buffers{buf.bytes(), p})
	return int(max(n-int64(held), 0)), err
}

// writev writes bufs below the counters' eyes and counts them.
func (c *Conn) writev(bufs net.Buffers) (int64, error) {
	n, err := bufs.WriteTo(bufferWriter(c.below))
	c.written.Add(n)
	c.writeOver(err)
	return n, err
}
