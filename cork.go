package duplex

import (
	"net"
	"sync/atomic"
)

// cork is what a Conn holds back between Cork and Uncork.
type cork struct {
	depth atomic.Int32
	stuck atomic.Bool // a deadline has left something in buf: it goes first
	turn  gate        // held by who uses buf; made by the first, under Conn.mu
	buf   *chunk      // nil while nothing is held back

	refused error // of the first write that was not held back since it could not leave
}

// holds reports whether a write must not go past the cork.
func (k *cork) holds() bool { return k.depth.Load() > 0 || k.stuck.Load() }

// Cork holds writes back until the matching [Conn.Uncork], so that many small
// ones leave as one. Corks nest. At most 64 KiB are held back; what is more
// leaves with them in one vectored write where the stream has it. CloseWrite
// lets everything out. What a write deadline keeps from leaving goes with the
// next write.
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
			return c.uncorked()
		}
	}
}

// uncorked lets out what was held back. Who has not looked at the error of a
// write gets it here.
func (c *Conn) uncorked() error {
	turn := c.corkTurn()
	turn.lock()
	defer turn.unlock()
	err := c.empty()
	if err == nil {
		err = c.cork.refused
	}
	c.cork.refused = nil
	return err
}

// Batch calls f between Cork and Uncork, so that what f writes leaves as one
// write. It returns the error of f, or that of the write.
func (c *Conn) Batch(f func() error) (err error) {
	c.Cork()
	defer func() { // also if f panics
		if uerr := c.Uncork(); err == nil {
			err = uerr
		}
	}()
	return f()
}

// WriteBuffers writes all of bufs, in one system call where the stream has
// vectored writes, without copying them together.
func (c *Conn) WriteBuffers(bufs ...[]byte) (int64, error) {
	turn := c.corkTurn()
	turn.lock()
	defer turn.unlock()
	if err := c.empty(); err != nil {
		return 0, err
	}
	return c.writev(append(net.Buffers(nil), bufs...)) // a vectored write uses its slice up
}

// corkTurn returns the lock of the cork.
func (c *Conn) corkTurn() gate {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cork.turn == nil {
		c.cork.turn = make(gate, 1)
	}
	return c.cork.turn
}

// pull takes every cork out.
func (c *Conn) pull() error {
	c.cork.depth.Store(0)
	return c.flushCork()
}

func (c *Conn) flushCork() error {
	turn := c.corkTurn()
	turn.lock()
	defer turn.unlock()
	return c.empty()
}

// empty writes what is held back; the caller has the turn.
func (c *Conn) empty() error {
	_, err := c.letOut(nil)
	return err
}

func (c *Conn) writeCorked(p []byte) (int, error) {
	turn := c.corkTurn()
	turn.lock()
	defer turn.unlock()
	if c.cork.depth.Load() > 0 {
		if c.writeIsOver() {
			n, err := c.letOut(p)
			if c.cork.refused == nil {
				c.cork.refused = err
			}
			return n, err
		}
		if c.cork.buf == nil && len(p) <= largeChunk {
			c.cork.buf = newChunk(largeChunk)
		}
		if buf := c.cork.buf; buf != nil && buf.w+len(p) <= len(buf.b) {
			return buf.fill(p), nil
		}
	}
	return c.letOut(p)
}

// writeIsOver reports whether nothing more can be written, which a write under a
// cork is to be told too.
func (c *Conn) writeIsOver() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.writeEnd.set
}

// letOut writes what is held back and then p, and returns how much of p has
// gone. What a deadline leaves of the former is held back until the next
// write. The caller has the turn.
func (c *Conn) letOut(p []byte) (int, error) {
	bufs := make(net.Buffers, 0, 2)
	held := c.cork.buf
	if held != nil && held.len() > 0 {
		bufs = append(bufs, held.bytes())
	}
	if len(p) > 0 {
		bufs = append(bufs, p)
	}
	n, err := c.writev(bufs)
	if held == nil {
		return int(n), err
	}
	old := min(int(n), held.len())
	held.r += old
	stuck := held.len() > 0 && isTimeout(err)
	c.cork.stuck.Store(stuck)
	if !stuck {
		c.cork.buf = nil
		held.free()
	}
	return int(n) - old, err
}

// writev writes bufs below the counters' eyes and counts them.
func (c *Conn) writev(bufs net.Buffers) (int64, error) {
	c.writes.Add(1)
	defer c.writes.Add(-1)
	n, err := writeBuffers(c.below, bufs)
	c.written.Add(n)
	c.writeOver(err)
	return n, err
}

// writeBuffers writes all of bufs to s, in one system call where s is a socket.
// A type that embeds a socket has its vectored writes too, but may have a Write
// of its own, which must not be passed by.
func writeBuffers(s Stream, bufs net.Buffers) (sent int64, err error) {
	w := bufferWriter(s)
	if streamSocket(w) != nil {
		return bufs.WriteTo(w)
	}
	for _, b := range bufs {
		n, err := w.Write(b)
		n, err = wrote(n, len(b), err) // which net.Buffers does not look for
		if sent += int64(n); err != nil {
			return sent, err
		}
	}
	return sent, nil
}
