package endpoint

import (
	"net"
	"net/netip"
	"slices"
)

// listenOptions are those of every kind that is listened on over IP.
var listenOptions = []Option{
	{"range", Range, ListenOnly, "take connections from these addresses only and close all others; any. With proxy it is about the clients that the headers name"},
}

// limit puts what s says about who may connect in front of l.
func limit(s *Spec, l net.Listener) net.Listener {
	if allowed := s.Options.Range("range"); allowed != nil && !s.proxied() {
		return &ranged{l, allowed}
	}
	return l
}

// ranged is a listener that closes connections from elsewhere.
type ranged struct {
	net.Listener
	allowed []netip.Prefix
}

func (r *ranged) Accept() (net.Conn, error) {
	for {
		c, err := r.Listener.Accept()
		if err != nil || within(r.allowed, c.RemoteAddr()) {
			return c, err
		}
		_ = c.Close()
	}
}

// within reports whether a is in one of the ranges. An address that is none of
// IP's is not.
func within(ranges []netip.Prefix, a net.Addr) bool {
	if a == nil {
		return false
	}
	ap, err := netip.ParseAddrPort(a.String())
	if err != nil {
		return false
	}
	addr := ap.Addr().Unmap().WithZone("")
	return slices.ContainsFunc(ranges, func(p netip.Prefix) bool { return p.Contains(addr) })
}

// URL returns the URL of the listener within.
func (r *ranged) URL() string { return URL(r.Listener) }
