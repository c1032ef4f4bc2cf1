package duplex

import (
	"errors"
	"net"
	"os"
	"time"
)

// spliced moves bytes from socket to socket, inside the kernel where there are
// many, if both are sockets that Go can splice. It reports false if they are
// not.
//
// The kernel's splice goes on until the source ends, and says nothing until
// then. A read deadline on the source makes it come up: Go's splice then
// returns what it has moved, with nothing left in its pipe. A write deadline
// would lose what the pipe holds, so none is ever set here. Without a tick the
// deadlines are the caller's, and the count comes at the end.
func (t *transfer) spliced() bool {
	var step func() (int64, error)
	src := streamSocket(t.src)
	switch dst := t.dst.(type) {
	case *net.TCPConn:
		if src == nil {
			return false
		}
		step = func() (int64, error) { return dst.ReadFrom(src) }
	case *net.UnixConn:
		from, ok := src.(*net.TCPConn)
		if !ok || streamSocket(dst) == nil {
			return false
		}
		step = func() (int64, error) { return from.WriteTo(dst) }
	default:
		return false
	}
	if t.tick <= 0 {
		t.inside.Store(true)
		n, err := step()
		t.progress(n)
		if err != nil {
			t.stop(t.blame(err), err)
		}
		return true
	}
	in := newSocketReader(src)
	if in == nil {
		return false
	}
	bulk, burst := false, 0 // what was read without a wait in between
	var size readSize
	for !t.quit.Load() {
		if !bulk {
			// Small pieces are faster by a read and a write, and a splice that
			// waits holds a pipe, two descriptors; a read that waits holds nothing.
			c, err := in.read(size)
			if err != nil {
				t.stop(reading, err)
				return true
			}
			size.got(c.len())
			if in.waited {
				burst = 0
			}
			burst += c.len()
			bulk = burst >= largeChunk/2
			if !t.deliver(c, nil) {
				return true
			}
			continue
		}
		if err := src.SetReadDeadline(time.Now().Add(t.tick)); err != nil {
			t.stop(reading, err)
			return true
		}
		if t.quit.Load() {
			break // the deadline that came with it may just have been moved
		}
		t.inside.Store(true)
		n, err := step()
		t.progress(n)
		if err == nil {
			return true
		}
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			t.stop(t.blame(err), err)
			return true
		}
		t.inside.Store(false)
		if bulk = n >= largeChunk; !bulk {
			burst = 0
			if err := src.SetReadDeadline(time.Time{}); err != nil {
				t.stop(reading, err)
				return true
			}
		}
	}
	t.stop(reading, os.ErrDeadlineExceeded)
	return true
}
