package quic

import (
	"context"
	"crypto/tls"
	"errors"
	"net"

	"github.com/quic-go/quic-go"
)

// errEarly is what becomes of the streams on a connection whose listener has not
// taken what was sent before the handshake: it has restarted, say.
var errEarly = errors.New("the listener has refused what was sent before the handshake (option 0rtt), and knows nothing of it")

// sessions are what listeners have left us with, to dial them early; for as long
// as the process lives, and so many at most.
var sessions = tls.NewLRUClientSessionCache(256)

// sessionOf is the one that was left with a place last, by the listener at one of
// its addresses. A session vouches for what was verified when it began, so that
// other options must not find it.
type sessionOf struct{ place, addr string }

func (s sessionOf) key() string                                   { return s.addr + "\x00" + s.place }
func (s sessionOf) Get(string) (*tls.ClientSessionState, bool)    { return sessions.Get(s.key()) }
func (s sessionOf) Put(_ string, session *tls.ClientSessionState) { sessions.Put(s.key(), session) }

// forget drops a session that was refused, as it would be again.
func (s sessionOf) forget() { sessions.Put(s.key(), nil) }

// sessionsFirst orders addresses so that those come first whose listener has left
// a session: an early connection to another is none before it has answered.
func sessionsFirst(place string) func(a, b *net.UDPAddr) int {
	known := func(addr *net.UDPAddr) int {
		if _, ok := (sessionOf{place, addr.String()}).Get(""); ok {
			return 0
		}
		return 1
	}
	return func(a, b *net.UDPAddr) int { return known(a) - known(b) }
}

// dialEarly returns a connection before its handshake, if the listener at that
// address of the place has left a session with us.
func dialEarly(ctx context.Context, t *quic.Transport, addr *net.UDPAddr, secure *tls.Config, config *quic.Config, place string) (*quic.Conn, error) {
	secure = secure.Clone()
	secure.ClientSessionCache = sessionOf{place, addr.String()}
	return t.DialEarly(ctx, addr, secure, config)
}

// acceptor is a listener that waits for handshakes, or one that does not.
type acceptor interface {
	Accept(context.Context) (*quic.Conn, error)
	Close() error
}

// listenOn listens for connections, also for early ones if it may.
func listenOn(t *quic.Transport, secure *tls.Config, config *quic.Config, early bool) (acceptor, error) {
	if !early {
		return t.Listen(secure, config)
	}
	config.Allow0RTT = true
	return t.ListenEarly(secure, config)
}
