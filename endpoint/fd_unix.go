//go:build unix

package endpoint

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"

	"github.com/duplex-go/duplex"
	"golang.org/x/sys/unix"
)

// activated reports an error unless systemd has passed fd to this process:
// LISTEN_PID is its number, LISTEN_FDS how many there are.
func activated(fd int) error {
	pid, count := os.Getenv("LISTEN_PID"), os.Getenv("LISTEN_FDS")
	n, err := strconv.Atoi(count)
	switch {
	case pid == "" || count == "":
		return errors.New("no sockets were passed: LISTEN_PID and LISTEN_FDS are not set, as systemd sets them")
	case pid != strconv.Itoa(os.Getpid()):
		return fmt.Errorf("the sockets were passed to another process: LISTEN_PID is %q and this is %d", pid, os.Getpid())
	case err != nil || n < 1:
		return fmt.Errorf("LISTEN_FDS is %q", count)
	case fd >= firstActivated+n:
		return fmt.Errorf("the last socket that was passed is descriptor %d", firstActivated+n-1)
	}
	return nil
}

// take returns a file of our own for the socket fd, if it is one that listens or
// does not, and closes fd.
func take(fd int, listens bool) (*os.File, error) {
	kind, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TYPE)
	switch {
	case errors.Is(err, unix.ENOTSOCK):
		return nil, fmt.Errorf("descriptor %d is no socket", fd)
	case errors.Is(err, unix.EBADF):
		return nil, fmt.Errorf("there is no descriptor %d", fd)
	case err != nil:
		return nil, err
	case kind != unix.SOCK_STREAM:
		return nil, fmt.Errorf("descriptor %d is a socket, but none for streams", fd)
	}
	accepts, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ACCEPTCONN)
	switch {
	case err == nil && listens && accepts == 0:
		return nil, fmt.Errorf("the socket %d does not listen", fd)
	case err == nil && !listens && accepts != 0:
		return nil, fmt.Errorf("the socket %d listens: write listen:fd:%d", fd, fd)
	}
	own, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(own), "fd:"+strconv.Itoa(fd)), nil
}

func takeConn(fd int) (duplex.Stream, error) {
	f, err := take(fd, false)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	c, err := net.FileConn(f)
	if err != nil {
		return nil, err
	}
	// Left open, it would keep the peer from seeing our end.
	_ = unix.Close(fd)
	return duplex.FromConn(c), nil
}

func takeListener(fd int) (net.Listener, error) {
	f, err := take(fd, true)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	l, err := net.FileListener(f)
	if err != nil {
		return nil, err
	}
	_ = unix.Close(fd)
	return l, nil
}
