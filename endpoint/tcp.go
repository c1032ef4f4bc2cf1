package endpoint

import (
	"context"
	"net"
	"net/url"
	"strconv"

	"github.com/duplex-go/duplex"
)

// tcpScheme is tcp://host:port. Without a host it is 127.0.0.1; port 0 listens
// on a free one.
var tcpScheme = Scheme{
	Name: "tcp",
	Form: "tcp://host:port",
	Dial: func(ctx context.Context, u *url.URL) (duplex.Stream, error) {
		addr, err := hostPort(u)
		if err != nil {
			return nil, err
		}
		var d net.Dialer
		c, err := d.DialContext(ctx, "tcp", addr)
		if err != nil {
			return nil, err
		}
		return c.(*net.TCPConn), nil
	},
	Listen: func(ctx context.Context, u *url.URL) (net.Listener, error) {
		addr, err := hostPort(u)
		if err != nil {
			return nil, err
		}
		var l net.ListenConfig
		return l.Listen(ctx, "tcp", addr)
	},
}

// hostPort returns the address in u.
func hostPort(u *url.URL) (string, error) {
	switch {
	case u.Opaque != "" || u.User != nil || u.Fragment != "" || u.Path != "" && u.Path != "/":
		return "", usage("want %s://host:port and nothing else", u.Scheme)
	case u.Port() == "":
		return "", usage("no port; want %s://host:port", u.Scheme)
	}
	if _, err := strconv.ParseUint(u.Port(), 10, 16); err != nil {
		return "", usage("port %s is not between 0 and 65535", u.Port())
	}
	host := u.Hostname()
	if host == "" {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, u.Port()), nil
}
