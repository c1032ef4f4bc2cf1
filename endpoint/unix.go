package endpoint

import (
	"context"
	"net"
	"net/url"

	"github.com/duplex-go/duplex"
)

// unixScheme is unix:///path, a Unix socket in the file system. A listener
// makes the socket and removes it when it closes; a path that exists already is
// an error.
var unixScheme = Scheme{
	Name: "unix",
	Form: "unix:///path",
	Dial: func(ctx context.Context, u *url.URL) (duplex.Stream, error) {
		path, err := socketPath(u)
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
	Listen: func(ctx context.Context, u *url.URL) (net.Listener, error) {
		path, err := socketPath(u)
		if err != nil {
			return nil, err
		}
		var l net.ListenConfig
		return l.Listen(ctx, "unix", path)
	},
}

// socketPath returns the path in u; unix:name is relative to the directory
// that the program runs in.
func socketPath(u *url.URL) (string, error) {
	switch {
	case u.Host != "":
		return "", usage("%q would be a host; a path has three slashes, as in unix:///%s%s", u.Host, u.Host, u.Path)
	case u.Opaque != "":
		return u.Opaque, nil
	case u.Path == "":
		return "", usage("no path; want unix:///path")
	}
	return u.Path, nil
}
