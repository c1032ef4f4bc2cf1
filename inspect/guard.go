package inspect

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"
)

// guard is who may ask.
type guard struct {
	hosts  []string // the Host headers that are ours, exactly
	token  string
	cookie string // its name
}

// newGuard returns the guard of a server that listens on a.
func newGuard(a net.Addr, token string, more []string) *guard {
	_, port, _ := net.SplitHostPort(a.String())
	g := &guard{token: token, cookie: "duplex-inspect-" + port}
	for _, host := range append(ownHosts(a), more...) {
		g.hosts = append(g.hosts, net.JoinHostPort(host, port))
		if port == "80" { // browsers leave it out
			g.hosts = append(g.hosts, strings.TrimSuffix(net.JoinHostPort(host, ""), ":"))
		}
	}
	return g
}

// ownHosts returns what a server that listens on a may be called.
func ownHosts(a net.Addr) []string {
	ap, err := netip.ParseAddrPort(a.String())
	if err != nil {
		return nil
	}
	ip := ap.Addr().Unmap()
	switch {
	case ip.IsLoopback():
		return []string{"127.0.0.1", "::1", "localhost"}
	case !ip.IsUnspecified():
		return []string{ip.WithZone("").String()}
	}
	hosts := []string{"127.0.0.1", "::1", "localhost"}
	addrs, _ := net.InterfaceAddrs()
	for _, a := range addrs {
		if p, err := netip.ParsePrefix(a.String()); err == nil && !p.Addr().IsLoopback() {
			hosts = append(hosts, p.Addr().WithZone("").String())
		}
	}
	return hosts
}

// foreign reports whether a request comes from, or under the name of, somebody
// else's page.
func (g *guard) foreign(r *http.Request) bool {
	if !slices.Contains(g.hosts, strings.ToLower(r.Host)) {
		return true // DNS rebinding: a name that its owner has pointed here
	}
	for _, name := range []string{"Origin", "Referer"} {
		for _, v := range r.Header.Values(name) {
			if !g.ownOrigin(v, r.Host) {
				return true
			}
		}
	}
	for _, v := range r.Header.Values("Sec-Fetch-Site") {
		if v != "same-origin" && v != "none" {
			return true
		}
	}
	return false
}

// ownOrigin reports whether an origin, or the URL of a page, is the one that the
// request is for.
func (g *guard) ownOrigin(origin, host string) bool {
	u, err := url.Parse(origin)
	return err == nil && u.Scheme == "http" && u.User == nil && strings.EqualFold(u.Host, host)
}

// knows reports whether a request carries the token: in its header, or as the
// cookie that came for it.
func (g *guard) knows(r *http.Request) bool {
	if bearer, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		return same(bearer, g.token)
	}
	c, err := r.Cookie(g.cookie)
	return err == nil && same(c.Value, cookieValue(g.token))
}

// tokenParam is the parameter of the page's URL that carries the token, once.
const tokenParam = "token"

// admit answers a request for the page that brings the token in its URL: with the
// cookie, and the URL without it. It reports whether it was one.
func (g *guard) admit(w http.ResponseWriter, r *http.Request) bool {
	token := r.URL.Query().Get(tokenParam)
	if r.URL.Path != "/" || token == "" {
		return false
	}
	if !same(token, g.token) {
		http.Error(w, "this token is not, or no longer, the server's", http.StatusUnauthorized)
		return true
	}
	http.SetCookie(w, &http.Cookie{
		Name: g.cookie, Value: cookieValue(g.token), Path: "/",
		HttpOnly: true, SameSite: http.SameSiteStrictMode,
	})
	http.Redirect(w, r, "/", http.StatusSeeOther)
	return true
}

// wrap puts g in front of h. What it refuses changes nothing and says nothing.
func (g *guard) wrap(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// Set for each request: it stays with the connection.
		_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(writeTime))
		header := w.Header()
		header.Set("Content-Security-Policy", contentPolicy)
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("X-Frame-Options", "DENY")
		header.Set("Referrer-Policy", "no-referrer")
		header.Set("Cross-Origin-Resource-Policy", "same-origin")
		header.Set("Cross-Origin-Opener-Policy", "same-origin")
		header.Set("Cache-Control", "no-store")
		switch {
		case g.foreign(r):
			http.Error(w, "refused: this is for pages of this server only; open the printed URL by hand", http.StatusForbidden)
		case r.Method != http.MethodGet:
			header.Set("Allow", http.MethodGet)
			http.Error(w, "there is only GET", http.StatusMethodNotAllowed)
		case g.admit(w, r):
		case !g.knows(r):
			header.Set("WWW-Authenticate", "Bearer")
			http.Error(w, "a token is needed: open the URL that duplex printed, with the token in it", http.StatusUnauthorized)
		default:
			h.ServeHTTP(w, r)
		}
	})
}
