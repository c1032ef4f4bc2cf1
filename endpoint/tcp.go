package endpoint

import (
	"context"
	"errors"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/duplex-go/duplex"
)

// tcpOptions are those of a TCP connection, whatever is spoken over it.
var tcpOptions = []Option{
	{"keepalive", Duration, Always, "how long a connection is silent before the system probes the peer; 15s, 0 does not"},
	{"nodelay", Flag, Always, "send small writes at once; true"},
	{"bind", Text, DialOnly, "the local address, host or host:port, to connect from; the system's choice"},
}

func tcpScheme() Scheme {
	return Scheme{
		Name:    "tcp",
		Form:    "tcp://host:port",
		Summary: "a TCP connection; without a host it is this machine, and port 0 listens on a free one",
		Ends:    "an end is a FIN, an abort a reset",
		Options: slices.Concat(tcpOptions, dialOptions, proxyOptions, listenOptions, servingOptions, silenceOptions),
		Check: func(s *Spec) error {
			return errors.Join(s.checkHostPort(), s.checkProxy())
		},
		Dial: func(ctx context.Context, s *Spec) (duplex.Stream, error) {
			c, err := dialTCP(ctx, s)
			if err != nil {
				return nil, err // and no *net.TCPConn that is nil
			}
			return c, nil
		},
		Listen: func(ctx context.Context, s *Spec) (net.Listener, error) {
			l, err := listenTCP(ctx, s)
			if err != nil || !s.proxied() {
				return l, err
			}
			return &pendingListener{
				Listener: l, url: "tcp://" + l.Addr().String(), within: openTime, admit: s.proxyAdmits(),
				finish: func(ctx context.Context, c net.Conn) (duplex.Stream, error) {
					c, err := s.readProxy(ctx, c)
					if err != nil {
						return nil, err
					}
					return duplex.FromConn(c), nil
				},
			}, nil
		},
	}
}

// dialTCP connects to the host and port of s.
func dialTCP(ctx context.Context, s *Spec) (*net.TCPConn, error) {
	addr, err := s.hostPort()
	if err != nil {
		return nil, err
	}
	d := net.Dialer{KeepAliveConfig: s.keepAlive()}
	if bind := s.Options.Text("bind"); bind != "" {
		if _, _, err := net.SplitHostPort(bind); err != nil {
			bind = net.JoinHostPort(strings.Trim(bind, "[]"), "0")
		}
		if d.LocalAddr, err = net.ResolveTCPAddr("tcp", bind); err != nil {
			return nil, usage("option bind: %v", err)
		}
	}
	c, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	t := s.tuned(c.(*net.TCPConn))
	if err := s.writeProxy(ctx, t); err != nil {
		_ = t.Close()
		return nil, err
	}
	return t, nil
}

// listenTCP listens on the host and port of s.
func listenTCP(ctx context.Context, s *Spec) (net.Listener, error) {
	addr, err := s.hostPort()
	if err != nil {
		return nil, err
	}
	config := net.ListenConfig{KeepAliveConfig: s.keepAlive()}
	l, err := config.Listen(ctx, "tcp", addr)
	if err != nil || s.Options.Flag("nodelay", true) {
		return l, err
	}
	return &tunedListener{l, s}, nil
}

// tunedListener sets what s says on every connection.
type tunedListener struct {
	net.Listener
	spec *Spec
}

func (l *tunedListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return l.spec.tuned(c.(*net.TCPConn)), nil
}

// tuned sets the options of s on c.
func (s *Spec) tuned(c *net.TCPConn) *net.TCPConn {
	if !s.Options.Flag("nodelay", true) {
		_ = c.SetNoDelay(false) // fails on a dead connection only, which its next use tells
	}
	return c
}

func (s *Spec) keepAlive() net.KeepAliveConfig {
	d := s.Options.Duration("keepalive", 15*time.Second)
	return net.KeepAliveConfig{Enable: d > 0, Idle: d}
}

// checkHostPort reports what is wrong with the address in s.
func (s *Spec) checkHostPort() error {
	_, err := s.hostPort()
	return err
}

// hostPort returns the address in s, for the network.
func (s *Spec) hostPort() (string, error) {
	u, err := url.Parse(s.Scheme.Name + ":" + s.Target)
	if err != nil {
		var parse *url.Error
		if errors.As(err, &parse) {
			err = parse.Err // the rest repeats the URL
		}
		return "", usage("%v", err)
	}
	switch {
	case u.Opaque != "" || u.User != nil || u.Fragment != "" || u.Path != "" && u.Path != "/":
		return "", usage("want %s and nothing else", s.Scheme.Form)
	case u.Port() == "":
		return "", usage("no port; want %s", s.Scheme.Form)
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
