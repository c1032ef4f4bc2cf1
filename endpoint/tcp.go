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
		Options: slices.Concat(tcpOptions, dialOptions, listenOptions),
		Dial: func(ctx context.Context, s *Spec) (duplex.Stream, error) {
			return dialTCP(ctx, s)
		},
		Listen: func(ctx context.Context, s *Spec) (net.Listener, error) {
			return listenTCP(ctx, s)
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
	return s.tuned(c.(*net.TCPConn)), nil
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
