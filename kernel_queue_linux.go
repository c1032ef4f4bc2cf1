//go:build linux && (amd64 || arm64)

package duplex

import (
	"syscall"
	"unsafe"
)

// kernelQueue returns how many bytes wait in the kernel on a stream socket: to
// be taken by its peer if out is set, to be read otherwise. mark is how many
// may. Both are zero for anything else.
func kernelQueue(s any, out bool) (waiting, mark int) {
	sock := streamSocket(s)
	if sock == nil {
		return 0, 0
	}
	raw, err := sock.(syscall.Conn).SyscallConn()
	if err != nil {
		return 0, 0
	}
	const inq, outq = 0x541b, 0x5411 // SIOCINQ, SIOCOUTQ
	request, size := uintptr(inq), syscall.SO_RCVBUF
	if out {
		request, size = outq, syscall.SO_SNDBUF
	}
	var n int32
	err = raw.Control(func(fd uintptr) {
		if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, fd, request, uintptr(unsafe.Pointer(&n))); errno != 0 {
			n = 0
			return
		}
		if mark, err = syscall.GetsockoptInt(int(fd), syscall.SOL_SOCKET, size); err != nil {
			mark = 0
		}
	})
	if err != nil {
		return 0, 0 // it has been closed
	}
	return max(int(n), 0), mark / 2
}
