// Package ws adds the endpoints ws:// and wss://, WebSockets, to package
// endpoint.
//
// The protocol has no half-close: a Close frame ends both directions. Two sides
// that are both this package agree on one by the subprotocol duplex.v1. With it
// an empty binary message is the end of its direction, and the closing handshake
// comes when both have ended. With any other peer CloseWrite fails with
// [duplex.ErrNoCloseWrite], and the end that its Close frame brings ends both.
//
// What is read is the payload of the messages, text or binary, without their
// bounds. A write is one message, or several if it is long.
package ws

import (
	"context"
	"maps"
	"net"
	"net/textproto"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/endpoint"
)

// Protocol is the subprotocol in which an empty binary message ends one
// direction.
const Protocol = "duplex.v1"

// The defaults of the options.
const (
	openTime   = 10 * time.Second
	pingTime   = 30 * time.Second
	maxMessage = 32 << 20
	splitSize  = 32 << 10
)

func init() {
	register("ws", "tcp", "a WebSocket over TCP; without a path it is /")
	register("wss", "tls", "a WebSocket over TLS, with the options of tls; without a path it is /")
}

// register adds the WebSocket that stands on the scheme below.
func register(name, below, summary string) {
	options := slices.Clone(ownOptions)
	// That of tls: the handshake is part of the time, also when listening.
	tls, _ := endpoint.Lookup("tls")
	base, _ := endpoint.Lookup(below)
	for _, o := range base.Options {
		switch o.Name {
		case "alpn": // it is always HTTP
		case "timeout":
			options = append(options, tls.Options[slices.IndexFunc(tls.Options, func(o endpoint.Option) bool { return o.Name == "timeout" })])
		default:
			options = append(options, o)
		}
	}
	endpoint.Register(endpoint.Scheme{
		Name:    name,
		Form:    name + "://host:port/path",
		Summary: summary,
		Ends: "between two of these an end is an empty binary message and the other direction goes on; any other peer's Close frame ends both, " +
			"and it cannot be sent an end alone; a connection without a Close frame, or one with a status that is no end, is an error; an abort is status 1011",
		Options: options,
		Check:   func(s *endpoint.Spec) error { return check(s, below) },
		Dial: func(ctx context.Context, s *endpoint.Spec) (duplex.Stream, error) {
			return dial(ctx, s, below)
		},
		Listen: func(ctx context.Context, s *endpoint.Spec) (net.Listener, error) {
			return listen(ctx, s, below)
		},
	})
}

var ownOptions = []endpoint.Option{
	{Name: "text", Kind: endpoint.Flag, Use: endpoint.Always, Help: "send text messages, whose bytes have to be UTF-8; false, which sends binary ones. Both are read"},
	{Name: "protocol", Kind: endpoint.Text, Use: endpoint.Always, Help: "the subprotocols to offer, or to choose from, the first one first, with + between them; the other side has to know one. None"},
	{Name: "halfclose", Kind: endpoint.Flag, Use: endpoint.Always, Help: "agree on duplex.v1 with a peer that knows it, unless another subprotocol is chosen; true"},
	{Name: "header", Kind: endpoint.List, Use: endpoint.DialOnly, Help: "a line for the request's header, Name: value; none"},
	{Name: "origin", Kind: endpoint.List, Use: endpoint.ListenOnly, Help: "pages of these hosts may connect too, as host, host:port or scheme://host, with * in place of anything; those of the host that is asked only"},
	{Name: "ping", Kind: endpoint.Duration, Use: endpoint.Always, Help: "how often to ask whether the peer is there; one from which nothing came twice as long is gone. 30s, 0 never asks"},
	{Name: "max-message", Kind: endpoint.Bytes, Use: endpoint.Always, Help: "the largest message to take; 32M. It is read as it comes, and never held whole"},
	{Name: "split", Kind: endpoint.Bytes, Use: endpoint.Always, Help: "the largest message to send; a longer write is several; 32k, 0 makes every write one"},
}

// target returns the address of s as a URL.
func target(s *endpoint.Spec) (*url.URL, error) {
	u, err := url.Parse(s.Scheme.Name + ":" + s.Target)
	if err != nil {
		return nil, endpoint.Usagef("%q is not of the form %s", s.Target, s.Scheme.Form)
	}
	if u.Opaque != "" || u.User != nil || u.Fragment != "" {
		return nil, endpoint.Usagef("want %s and nothing else", s.Scheme.Form)
	}
	if u.Path == "" {
		u.Path = "/"
	}
	return u, nil
}

// lower returns s as an endpoint of the scheme below, and its address.
func lower(s *endpoint.Spec, below string) (*endpoint.Spec, *url.URL, error) {
	u, err := target(s)
	if err != nil {
		return nil, nil, err
	}
	scheme, _ := endpoint.Lookup(below)
	scheme.Form = s.Scheme.Form
	base := &endpoint.Spec{Scheme: scheme, Listens: s.Listens, Target: "//" + u.Host, Options: maps.Clone(s.Options)}
	if below == "tls" {
		if base.Options == nil {
			base.Options = make(endpoint.Options)
		}
		base.Options["alpn"] = "http/1.1"
	}
	return base, u, nil
}

// check reports what is wrong with s in itself.
func check(s *endpoint.Spec, below string) error {
	base, u, err := lower(s, below)
	if err != nil {
		return err
	}
	if err := base.Scheme.Check(base); err != nil {
		return err
	}
	for _, p := range protocols(s) {
		if !isToken(p) {
			return endpoint.Usagef("option protocol: %q is not the name of a subprotocol", p)
		}
	}
	for _, line := range s.Options.List("header") {
		name, value, ok := strings.Cut(line, ":")
		if !ok || !isToken(name) || strings.ContainsFunc(value, unicode.IsControl) {
			return endpoint.Usagef("option header: want Name: value")
		}
		switch name = textproto.CanonicalMIMEHeaderKey(name); {
		case strings.HasPrefix(name, "Sec-Websocket-"), name == "Upgrade", name == "Connection", name == "Content-Length", name == "Transfer-Encoding":
			return endpoint.Usagef("option header: %s is the handshake's own", name)
		}
	}
	for _, pattern := range s.Options.List("origin") {
		if _, err := path.Match(pattern, ""); err != nil || pattern == "" {
			return endpoint.Usagef("option origin: %q is not a pattern", pattern)
		}
	}
	if s.Listens && u.RawQuery != "" {
		return endpoint.Usagef("a listener has a path and no query")
	}
	return nil
}

// protocols returns the user's own subprotocols.
func protocols(s *endpoint.Spec) []string {
	if list := s.Options.Text("protocol"); list != "" {
		return strings.Split(list, "+")
	}
	return nil
}

// isToken reports whether s is a name as HTTP's headers have them.
func isToken(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(c rune) bool {
		return c <= ' ' || c >= 0x7f || strings.ContainsRune("\"(),/:;<=>?@[\\]{}", c)
	})
}
