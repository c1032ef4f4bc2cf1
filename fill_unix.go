//go:build unix

package duplex

import (
	"errors"
	"io"
	"net"
	"os"
	"syscall"
)

// socketReader reads from a socket below net.Conn.Read, so that no buffer is
// held while the socket waits for data.
type socketReader struct {
	conn net.Conn
	raw  syscall.RawConn
	try  func(fd uintptr) bool // read once; made once, since it escapes
	peek func(fd uintptr) bool // the same without taking anything

	// What try works on: one goroutine at a time.
	size readSize
	c    *chunk // to read into; then what was read
	err  error
	late error // what ready took from the socket, for the next read

	waited bool // the last read found nothing at first
}

func newSocketReader(r any) *socketReader {
	conn := streamSocket(r)
	if conn == nil {
		return nil
	}
	raw, err := conn.(syscall.Conn).SyscallConn()
	if err != nil {
		return nil
	}
	s := &socketReader{conn: conn, raw: raw}
	s.try = func(fd uintptr) bool {
		c := s.size.fit(s.c)
		n, err := retry(func() (int, error) { return syscall.Read(int(fd), c.b) })
		if n > 0 {
			c.w, s.c, s.err = n, c, nil
			return true
		}
		c.free()
		s.c, s.err = nil, err
		s.waited = s.waited || err == syscall.EAGAIN
		return err != syscall.EAGAIN
	}
	s.peek = func(fd uintptr) bool {
		var b [1]byte
		_, err := retry(func() (int, error) {
			n, _, err := syscall.Recvfrom(int(fd), b[:], syscall.MSG_PEEK)
			return n, err
		})
		s.err = err
		return err != syscall.EAGAIN
	}
	return s
}

// retry calls f until no signal interrupts it.
func retry(f func() (int, error)) (int, error) {
	for {
		if n, err := f(); err != syscall.EINTR {
			return n, err
		}
	}
}

// read is like filler.next. It frees c, or returns it.
func (s *socketReader) read(c *chunk, size readSize) (*chunk, error) {
	if err := s.late; err != nil {
		s.late = nil
		c.free()
		return nil, err
	}
	s.c, s.size, s.waited = c, size, false
	if err := s.raw.Read(s.try); err != nil {
		s.c.free() // if it was not even tried
		s.c = nil
		return nil, opError("read", s.conn, err)
	}
	c, s.c = s.c, nil
	switch {
	case c != nil:
		return c, nil
	case s.err == nil:
		return nil, io.EOF
	}
	return nil, opError("read", s.conn, os.NewSyscallError("read", s.err))
}

// ready reports whether a read would return at once.
func (s *socketReader) ready() bool {
	waits := false
	if err := s.raw.Control(func(fd uintptr) { waits = !s.peek(fd) }); err != nil || waits {
		return false
	}
	if s.err != nil {
		s.late = opError("read", s.conn, os.NewSyscallError("read", s.err))
	}
	return true
}

// writeState returns what a write to conn would fail with now. It does not wait
// for a write under way, as a Write of no bytes would.
func writeState(conn net.Conn) error {
	raw, err := conn.(syscall.Conn).SyscallConn()
	if err != nil {
		return err
	}
	return control(raw, func(fd int) error {
		// The kernel checks the socket before it finds nothing to send.
		_, err := retry(func() (int, error) { return syscall.Write(fd, nil) })
		return err
	})
}

// control calls f with the descriptor of raw, unless that is closed.
func control(raw syscall.RawConn, f func(fd int) error) error {
	var err error
	if cerr := raw.Control(func(fd uintptr) { err = f(int(fd)) }); cerr != nil {
		return cerr
	}
	return err
}

// opError names conn in err as its own methods would.
func opError(op string, conn net.Conn, err error) error {
	if inner := (*net.OpError)(nil); errors.As(err, &inner) {
		err = inner.Err // what a RawConn says, under the name of op
	}
	return &net.OpError{
		Op: op, Net: conn.LocalAddr().Network(),
		Source: conn.LocalAddr(), Addr: conn.RemoteAddr(), Err: err,
	}
}
