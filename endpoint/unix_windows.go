package endpoint

import (
	"context"
	"io/fs"
	"net"
	"os"
)

const maxSocketPath = 107 // of sockaddr_un, less the zero at its end

// listenUnix makes a socket at path. Who may connect is said by the access
// control list of its directory here, not by a mode.
func listenUnix(ctx context.Context, path string, mode fs.FileMode) (net.Listener, error) {
	if mode != 0o600 {
		return nil, usage("option mode: Windows has no such permissions; those of the directory count")
	}
	var config net.ListenConfig
	return config.Listen(ctx, "unix", path)
}

// ownedByUs reports true: a socket that belongs to somebody else cannot be
// removed anyway.
func ownedByUs(os.FileInfo) bool { return true }
