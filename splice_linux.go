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
	var size readSize
	for t.copySmall(in, &size) && t.spliceBulk(src, step) {
	}
	return true
}

// copySmall moves what comes in small pieces by a read and a write, which is
// faster then; and a read that waits holds nothing, where a splice that waits
// holds a pipe, two descriptors. It returns true once there is more, and false
// when the transfer is over.
func (t *transfer) copySmall(in *socketReader, size *readSize) bool {
	for burst := 0; burst < largeChunk/2; { // what was read without a wait in between
		if t.quit.Load() {
			t.stop(reading, os.ErrDeadlineExceeded)
			return false
		}
		c, err := in.read(nil, *size)
		if err != nil {
			t.stop(reading, err)
			return false
		}
		size.got(c.len())
		if in.waited {
			burst = 0
		}
		burst += c.len()
		if !t.deliver(c, nil) {
			return false
		}
	}
	return true
}

// spliceBulk calls step for a tick at a time. It returns true once a tick moves
// little, and false when the transfer is over.
func (t *transfer) spliceBulk(src net.Conn, step func() (int64, error)) bool {
	for n := int64(largeChunk); n >= largeChunk; {
		if err := src.SetReadDeadline(time.Now().Add(t.tick)); err != nil {
			t.stop(reading, err)
			return false
		}
		if t.quit.Load() { // the deadline that came with it may just have been moved
			t.stop(reading, os.ErrDeadlineExceeded)
			return false
		}
		t.inside.Store(true)
		var err error
		n, err = step()
		t.progress(n)
		switch {
		case err == nil:
			return false
		case !errors.Is(err, os.ErrDeadlineExceeded):
			t.stop(t.blame(err), err)
			return false
		}
		t.inside.Store(false)
	}
	if err := src.SetReadDeadline(time.Time{}); err != nil {
		t.stop(reading, err)
		return false
	}
	return true
}
