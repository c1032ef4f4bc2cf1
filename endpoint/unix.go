package endpoint

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"runtime"
	"slices"
	"strings"
	"syscall"

	"github.com/duplex-go/duplex"
)

func unixScheme() Scheme {
	return Scheme{
		Name:    "unix",
		Form:    "unix:///path",
		Summary: "a Unix socket; unix:name is relative, unix:@name an abstract one on Linux. A listener makes it, for its own user only, and removes it again; a path that exists is an error",
		Ends:    "an end is a shutdown; an abort looks like an end unless the peer had sent what was not read",
		Options: slices.Concat(unixOptions, dialOptions, servingOptions, silenceOptions),
		Check: func(s *Spec) error {
			path, err := s.socketPath()
			switch {
			case err != nil || path[0] != '@':
				return err
			case runtime.GOOS != "linux":
				return usage("only Linux has abstract sockets")
			case s.Options.Has("mode"):
				return usage("option mode: an abstract socket has no permissions; everybody on this machine can connect")
			case s.Options.Has("remove-stale"):
				return usage("option remove-stale: an abstract socket is gone with its listener")
			}
			return nil
		},
		Dial: func(ctx context.Context, s *Spec) (duplex.Stream, error) {
			path, err := s.socketPath()
			if err != nil {
				return nil, err
			}
			var d net.Dialer
			c, err := d.DialContext(ctx, "unix", path)
			if err != nil {
				return nil, err
			}
			return c.(*net.UnixConn), nil
		},
		Listen: func(ctx context.Context, s *Spec) (net.Listener, error) {
			path, err := s.socketPath()
			switch {
			case err != nil:
				return nil, err
			case path[0] == '@':
				var l net.ListenConfig
				return l.Listen(ctx, "unix", path)
			}
			if s.Options.Flag("remove-stale", false) {
				if err := removeStale(ctx, path); err != nil {
					return nil, err
				}
			}
			return listenUnix(ctx, path, fs.FileMode(s.Options.Mode("mode", 0o600)))
		},
	}
}

var unixOptions = []Option{
	{"mode", Mode, ListenOnly, "who may connect: who has the right to write; 0600, which is our own user. The socket never has more rights than that, not even while it is made"},
	{"remove-stale", Flag, ListenOnly, "first remove a socket of our own user at that path on which nobody listens; false"},
}

// removeStale removes the socket at path if it is ours and nobody listens on
// it. It neither follows a symbolic link nor touches anything else.
func removeStale(ctx context.Context, path string) error {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case info.Mode().Type() != fs.ModeSocket:
		return fmt.Errorf("%s is no socket, and is not removed", path)
	case !ownedByUs(info):
		return fmt.Errorf("%s is a socket of another user, and is not removed", path)
	}
	var d net.Dialer
	c, err := d.DialContext(ctx, "unix", path)
	if err == nil {
		_ = c.Close()
		return fmt.Errorf("%w: somebody listens on it", syscall.EADDRINUSE)
	}
	if !errors.Is(err, syscall.ECONNREFUSED) {
		return fmt.Errorf("%w: whether anybody listens is not known: %v", syscall.EADDRINUSE, reason(err))
	}
	// Somebody may have done the same and listen there already.
	now, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case !os.SameFile(info, now):
		return fmt.Errorf("%w: somebody else has just made it", syscall.EADDRINUSE)
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// socketPath returns the path in s; unix:name is relative to the directory
// that the program runs in.
func (s *Spec) socketPath() (string, error) {
	path, slashes := strings.CutPrefix(s.Target, "//")
	switch {
	case path == "" || path == "@":
		return "", usage("no path; want %s", s.Scheme.Form)
	case slashes && path[0] != '/':
		host, _, _ := strings.Cut(path, "/")
		return "", usage("%q would be a host; a path has three slashes, as in unix:///%s", host, path)
	case len(path) > maxSocketPath:
		return "", usage("the path has %d bytes; a socket's has at most %d", len(path), maxSocketPath)
	case strings.Contains(path, "\x00"):
		return "", usage("a zero byte cannot be part of a path")
	}
	return path, nil
}

// unixURL returns the URL of a socket.
func unixURL(path string) string {
	if strings.HasPrefix(path, "/") {
		path = "//" + path
	}
	return "unix:" + escape(path)
}

// escape writes a path so that Parse reads it as it is.
func escape(path string) string {
	return strings.NewReplacer("%", "%25", "?", "%3F", ",", "%2C", " ", "%20").Replace(path)
}
