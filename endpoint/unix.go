package endpoint

import (
	"context"
	"net"
	"slices"
	"strings"

	"github.com/duplex-go/duplex"
)

func unixScheme() Scheme {
	return Scheme{
		Name:    "unix",
		Form:    "unix:///path",
		Summary: "a Unix socket; a listener makes it and removes it again, and a path that exists is an error",
		Ends:    "an end is a shutdown; an abort looks like an end unless the peer had sent what was not read",
		Options: slices.Concat(dialOptions, nil),
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
			if err != nil {
				return nil, err
			}
			var l net.ListenConfig
			return l.Listen(ctx, "unix", path)
		},
	}
}

// socketPath returns the path in s; unix:name is relative to the directory
// that the program runs in.
func (s *Spec) socketPath() (string, error) {
	path, slashes := strings.CutPrefix(s.Target, "//")
	switch {
	case path == "":
		return "", usage("no path; want %s", s.Scheme.Form)
	case slashes && path[0] != '/':
		host, _, _ := strings.Cut(path, "/")
		return "", usage("%q would be a host; a path has three slashes, as in unix:///%s", host, path)
	}
	return path, nil
}

// unixURL returns the URL of a socket.
func unixURL(path string) string {
	if strings.HasPrefix(path, "@") {
		return "unix:" + escape(path)
	}
	if strings.HasPrefix(path, "/") {
		path = "//" + path
	}
	return "unix:" + escape(path)
}

// escape writes a path so that Parse reads it as it is.
func escape(path string) string {
	return strings.NewReplacer("%", "%25", "?", "%3F", ",", "%2C", " ", "%20").Replace(path)
}
