//go:build unix && !linux

package endpoint

import (
	"context"
	"io/fs"
	"net"
	"os"
	"sync"
	"syscall"
)

const maxSocketPath = 103 // of sockaddr_un, less the zero at its end

// umask guards that of the process, which all its goroutines share.
var umask sync.Mutex

// listenUnix makes a socket at path with these permissions. The umask keeps it
// from having more, even for a moment; what another goroutine makes meanwhile
// may get fewer than it asked for.
func listenUnix(ctx context.Context, path string, mode fs.FileMode) (net.Listener, error) {
	var config net.ListenConfig
	umask.Lock()
	before := syscall.Umask(0o777 &^ int(mode))
	l, err := config.Listen(ctx, "unix", path)
	syscall.Umask(before)
	umask.Unlock()
	return l, err
}

// ownedByUs reports whether a file belongs to the user of this process.
func ownedByUs(info os.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && stat.Uid == uint32(os.Geteuid())
}
