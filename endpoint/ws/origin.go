package ws

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"path"
	"strings"
)

// admitOrigin refuses pages that the library's own check would let in. It lets
// in those of the host that is asked: but a page of another can have its name
// lead to this machine (DNS rebinding), and then that host is the one it asks.
// So whoever is reached within this machine takes only pages of a host that is
// certainly this machine, and those that were named.
func admitOrigin(r *http.Request, local net.Addr, patterns []string) error {
	switch origins := r.Header.Values("Origin"); {
	case len(origins) == 0: // no browser
		return nil
	case len(origins) > 1:
		return errors.New("the request has more than one Origin")
	case !isLoopback(local.String()) || isLoopback(r.Host):
		return nil
	default:
		u, err := url.Parse(origins[0])
		if err == nil && matches(u, patterns) {
			return nil
		}
		return fmt.Errorf("the request's Origin %.80q is not this machine; option origin lets others in", origins[0])
	}
}

// matches compares an origin with patterns as the library does.
func matches(u *url.URL, patterns []string) bool {
	for _, pattern := range patterns {
		host := u.Host
		if strings.Contains(pattern, "://") {
			host = u.Scheme + "://" + host
		}
		if ok, err := path.Match(strings.ToLower(pattern), strings.ToLower(host)); err == nil && ok {
			return true
		}
	}
	return false
}

// isLoopback reports whether a host, with a port or without, is this machine
// by itself, whatever names mean.
func isLoopback(host string) bool {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	if strings.EqualFold(host, "localhost") {
		return true
	}
	a, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil && a.Unmap().IsLoopback()
}
