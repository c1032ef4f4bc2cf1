//go:build linux && (amd64 || arm64) && !race

package duplex

import (
	"net"
	"os"
	"sync"
	"syscall"
	"unsafe"
)

// shortSend is the longest write that Go's scheduler is not told of. It takes
// some microseconds and never waits, so nobody misses the processor meanwhile;
// to tell of it costs as much as a tenth of it, most of that in the runtime's
// monitor, which wakes whenever a system call follows an idle moment.
const shortSend = 4 << 10

// sender sends short writes straight to a socket. The zero value is for what is
// none.
type sender struct{ raw syscall.RawConn }

func newSender(s Stream) sender {
	sock := streamSocket(s)
	if sock == nil {
		return sender{}
	}
	raw, err := sock.(syscall.Conn).SyscallConn()
	if err != nil {
		return sender{}
	}
	return sender{raw}
}

// takes reports whether send is to be called in place of Write.
func (s sender) takes(p []byte) bool {
	return s.raw != nil && len(p) > 0 && len(p) <= shortSend
}

// send is to's Write; to is the socket that s was made of.
func (s sender) send(to Stream, p []byte) (int, error) {
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
