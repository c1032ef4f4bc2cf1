package endpoint

import (
	"context"
	"fmt"
	"io/fs"
	"net"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

const maxSocketPath = 107 // of sockaddr_un, less the zero at its end

// listenUnix makes a socket at path with these permissions.
//
// A socket that is bound gets the permissions of its descriptor, less those of
// the umask; so it is never open to more than was asked for. A chmod after
// the bind would leave a moment.
func listenUnix(ctx context.Context, path string, mode fs.FileMode) (net.Listener, error) {
	config := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error {
		var err error
		if cerr := c.Control(func(fd uintptr) { err = unix.Fchmod(int(fd), uint32(mode)) }); cerr != nil {
			return cerr
		}
		return os.NewSyscallError("fchmod", err)
	}}
	l, err := config.Listen(ctx, "unix", path)
	if err != nil {
		return nil, err
	}
	if err := widen(path, mode); err != nil {
		_ = l.Close()
		return nil, err
	}
	return l, nil
}

// widen gives the socket at path the permissions that the umask has taken. It
// holds the socket while it does so, so that nobody can put something else in
// its place.
func widen(path string, mode fs.FileMode) error {
	fd, err := unix.Open(path, unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("the new socket: %w", err)
	}
	defer unix.Close(fd)
	var stat unix.Stat_t
	if err := unix.Fstat(fd, &stat); err != nil {
		return fmt.Errorf("the new socket: %w", err)
	}
	switch {
	case stat.Mode&unix.S_IFMT != unix.S_IFSOCK, stat.Uid != uint32(os.Geteuid()):
		return fmt.Errorf("somebody has replaced the new socket")
	case fs.FileMode(stat.Mode&0o777) == mode:
		return nil
	}
	if err := os.Chmod(fmt.Sprintf("/proc/self/fd/%d", fd), mode); err != nil {
		return fmt.Errorf("the new socket: %w", err)
	}
	return nil
}

// ownedByUs reports whether a file belongs to the user of this process.
func ownedByUs(info os.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && stat.Uid == uint32(os.Geteuid())
}
