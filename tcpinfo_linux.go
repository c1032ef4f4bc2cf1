//go:build linux && (amd64 || arm64)

package duplex

import (
	"encoding/binary"
	"net"
	"syscall"
	"unsafe"
)

// ackedBytes returns how many bytes the peer's kernel has acknowledged on s,
// or 0 if s cannot say. A slow peer acknowledges while a write to it is still
// blocked and no counter of ours moves.
func ackedBytes(s Stream) uint64 {
	const bytesAcked = 120 // offset of tcpi_bytes_acked in struct tcp_info
	return tcpInfo(s, bytesAcked)
}

// received returns how many bytes this kernel has received on s, or 0 if s
// cannot say. It tells what is moved without being read.
func received(s Stream) uint64 {
	const bytesReceived = 128 // offset of tcpi_bytes_received
	return tcpInfo(s, bytesReceived)
}

// tcpInfo returns the 64 bits at an offset in struct tcp_info of s.
func tcpInfo(s Stream, offset int) uint64 {
	conn, ok := s.(*net.TCPConn)
	if !ok {
		return 0
	}
	raw, err := conn.SyscallConn()
	if err != nil {
		return 0
	}
	var info [136]byte
	size := uint32(len(info))
	var errno syscall.Errno
	err = raw.Control(func(fd uintptr) {
		_, _, errno = syscall.Syscall6(syscall.SYS_GETSOCKOPT, fd, syscall.IPPROTO_TCP, syscall.TCP_INFO,
			uintptr(unsafe.Pointer(&info)), uintptr(unsafe.Pointer(&size)), 0)
	})
	if err != nil || errno != 0 || size < uint32(len(info)) {
		return 0
	}
	return binary.NativeEndian.Uint64(info[offset:])
}
