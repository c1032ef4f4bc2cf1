package duplex

import (
	"io"
	"net"
	"os"
	"sync/atomic"
)

// filler reads what a source has into pooled buffers. While a socket has
// nothing to read it holds no buffer, where the platform allows it, unless
// somebody sees to it that it does not wait for long.
type filler struct {
	r    io.Reader
	size readSize
	sock *socketReader // nil when r is not a socket that can be asked
	hold *poller       // says whether a buffer may be held while r has nothing; nil: it may not

	meter *atomic.Int64 // of what is read; may be nil
	spare *chunk        // for the next read
}

func newFiller(r io.Reader) *filler {
	m, ok := r.(*receivedMeter)
	if !ok {
		return &filler{r: r, sock: newSocketReader(r)}
	}
	return &filler{r: m.Reader, sock: newSocketReader(m.Reader), meter: m.n}
}

// next returns a chunk with at least one byte, blocking until there is one.
// The chunk may come with an error, and is nil if only the error came. The
// caller frees it.
func (f *filler) next() (*chunk, error) {
	c := f.spare
	f.spare = nil
	if f.sock != nil && !f.hold.allows(f.size.large) {
		c, err := f.sock.read(c, f.size)
		if c != nil {
			f.got(c.len())
		}
		return c, err
	}
	c = f.size.fit(c)
	for range 100 {
		n, err := f.r.Read(c.b)
		if n > len(c.b) {
			n, err = 0, errBadRead
		}
		if n > 0 {
			c.w = n
			f.got(n)
			return c, err
		}
		if err != nil {
			c.free()
			return nil, err
		}
	}
	c.free()
	return nil, io.ErrNoProgress
}

// got takes note of n bytes that have been read.
func (f *filler) got(n int) {
	f.size.got(n)
	if f.meter != nil {
		f.meter.Add(int64(n))
	}
}

// reuse gives back a chunk of next, for the next one.
func (f *filler) reuse(c *chunk) {
	c.r, c.w = 0, 0
	f.spare = c
}

// close lets go of what reuse has kept.
func (f *filler) close() {
	f.spare.free()
	f.spare = nil
}

// more reports whether the source is known to have something to read now. A
// destination that buffers is flushed where it has not.
func (f *filler) more() bool {
	if f.sock != nil {
		return f.sock.ready()
	}
	switch r := f.r.(type) {
	case *loop:
		return r.q.level() > 0
	case *os.File:
		info, err := r.Stat()
		return err == nil && info.Mode().IsRegular()
	}
	return false
}

// streamSocket returns r as a connected stream socket, or nil.
func streamSocket(r any) net.Conn {
	switch c := r.(type) {
	case *net.TCPConn:
		return c
	case *net.UnixConn:
		if a := c.LocalAddr(); a != nil && a.Network() == "unix" {
			return c
		}
	}
	return nil
}
