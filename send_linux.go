//go:build linux && (amd64 || arm64) && !race

package duplex

import (
	"net"
	"os"
	"sync"
	"syscall"
	"unsafe"
)

// shortSend is the longest write of a beat, which Go's scheduler is not told of. It
// takes some microseconds and never waits, so nobody misses the processor
// meanwhile; to tell of it costs a tenth as much, most of that in the runtime's
// monitor, which wakes whenever a system call follows an idle moment. A busy
// server has no such moments, and is faster if the scheduler knows.
const shortSend = 4 << 10

// sender sends what timers write straight to a socket, if it is short.
type sender struct {
	raw      syscall.RawConn // nil for what is none
	prepared bool
}

// prepare makes s ready before the first timer of a stream writes to it.
func (s *sender) prepare(to Stream) {
	if s.prepared {
		return
	}
	s.prepared = true
	if sock := streamSocket(to); sock != nil {
		s.raw, _ = sock.(syscall.Conn).SyscallConn() // nil if it is closed
	}
}

// takes reports whether send is to be called in place of Write.
func (s *sender) takes(p []byte) bool {
	return s.raw != nil && len(p) > 0 && len(p) <= shortSend
}

// send is to's Write; to is what s was prepared for.
func (s *sender) send(to Stream, p []byte) (int, error) {
	c := sends.Get().(*sending)
	c.p = p
	err := s.raw.Write(c.try)
	n, errno := c.n, c.errno
	c.p, c.n, c.errno = nil, 0, 0
	sends.Put(c)
	if err == nil && errno != 0 {
		err = os.NewSyscallError("write", errno)
	}
	if err != nil {
		err = opError("write", to.(net.Conn), err)
	}
	return n, err
}

// sending is one send; it is kept since try escapes.
type sending struct {
	p     []byte
	n     int // how much of p is sent
	errno syscall.Errno
	try   func(fd uintptr) (done bool)
}

var sends = sync.Pool{New: func() any {
	c := new(sending)
	c.try = func(fd uintptr) bool {
		for c.n < len(c.p) {
			rest := c.p[c.n:]
			n, _, errno := syscall.RawSyscall6(syscall.SYS_SENDTO, fd, uintptr(unsafe.Pointer(&rest[0])), uintptr(len(rest)), syscall.MSG_DONTWAIT|syscall.MSG_NOSIGNAL, 0, 0)
			switch errno {
			case 0:
				c.n += int(n)
			case syscall.EINTR:
			case syscall.EAGAIN:
				return false
			default:
				c.errno = errno
				return true
			}
		}
		return true
	}
	return c
}}
