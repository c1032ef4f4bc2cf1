package quic

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"strings"
	"sync"

	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/endpoint"
	"github.com/quic-go/quic-go"
)

// pool holds the connections that have been dialled, by where and how.
var pool struct {
	sync.Mutex
	places map[string]*place
}

// place is where connections are dialled.
type place struct {
	turn  chan struct{} // of capacity 1: the right to dial
	conns []*conn       // guarded by the pool's lock, as users
	users int           // dials under way
}

// key says which connections s may use: those to the same address with the same
// options.
func key(s *endpoint.Spec) string {
	var b strings.Builder
	b.WriteString(s.Target)
	for _, name := range slices.Sorted(maps.Keys(s.Options)) {
		switch name {
		case "timeout", "retry", "idle", "linger": // of one stream, or its opening
		default:
			fmt.Fprintf(&b, "\x00%s=%s", name, s.Options[name])
		}
	}
	return b.String()
}

// enter returns the place of s.
func enter(k string) *place {
	pool.Lock()
	defer pool.Unlock()
	p := pool.places[k]
	if p == nil {
		p = &place{turn: make(chan struct{}, 1)}
		if pool.places == nil {
			pool.places = make(map[string]*place)
		}
		pool.places[k] = p
	}
	p.users++
	return p
}

// exit leaves a place, which is forgotten once nothing is there.
func (p *place) exit(k string) {
	pool.Lock()
	defer pool.Unlock()
	if p.users--; p.users == 0 && len(p.conns) == 0 {
		delete(pool.places, k)
	}
}

// dial opens a stream on a connection that is there, or a new one.
func dial(ctx context.Context, s *endpoint.Spec) (duplex.Stream, error) {
	k := key(s)
	p := enter(k)
	defer p.exit(k)
	select {
	case p.turn <- struct{}{}:
		defer func() { <-p.turn }()
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	pool.Lock()
	conns := slices.Clone(p.conns)
	pool.Unlock()
	for _, n := range conns {
		if t, err := n.openStream(); err == nil {
			return t, nil
		}
	}
	for {
		n, err := connect(ctx, s, p, k)
		if err != nil {
			return nil, err
		}
		t, err := n.openStream()
		switch {
		case err == nil:
			return t, nil
		case errors.Is(err, quic.Err0RTTRejected): // nothing was sent: without the session it is dialled as ever
			n.leave()
		default:
			n.leave()
			return nil, why(err)
		}
	}
}

// openStream opens a stream, if the connection may have another.
func (n *conn) openStream() (*stream, error) {
	s, err := n.OpenStream()
	if err != nil {
		return nil, err
	}
	t := n.add(s)
	if t == nil {
		return nil, errors.New("the connection is closing")
	}
	if _, err := s.Write([]byte{begin}); err != nil {
		_ = t.Abort(err)
		return nil, err
	}
	return t, nil
}

// connect opens a connection for the place.
func connect(ctx context.Context, s *endpoint.Spec, p *place, k string) (*conn, error) {
	at, err := hostPort(s)
	if err != nil {
		return nil, err
	}
	secure, err := secured(s.ClientTLS())
	if err != nil {
		return nil, err
	}
	addrs, err := resolve(ctx, at)
	if err != nil {
		return nil, err
	}
	socket, err := net.ListenUDP("udp", nil)
	if err != nil {
		return nil, err
	}
	transport := &quic.Transport{Conn: socket}
	dial := func(ctx context.Context, addr *net.UDPAddr) (*quic.Conn, error) {
		return transport.Dial(ctx, addr, secure, config(s))
	}
	if s.Options.Flag("0rtt", false) {
		slices.SortStableFunc(addrs, sessionsFirst(k))
		dial = func(ctx context.Context, addr *net.UDPAddr) (*quic.Conn, error) {
			return dialEarly(ctx, transport, addr, secure, config(s), k)
		}
	}
	c, err := dialFirst(ctx, addrs, dial, func(late *quic.Conn) { _ = late.CloseWithError(codeClosed, "") })
	if err != nil {
		_ = transport.Close()
		_ = socket.Close()
		return nil, openError(ctx, err, secure.ServerName)
	}
	var n *conn
	n = newConn(c, true, sessionOf{k, c.RemoteAddr().String()}.forget, func() {
		pool.Lock()
		p.conns = slices.DeleteFunc(p.conns, func(other *conn) bool { return other == n })
		pool.Unlock()
		enter(k).exit(k) // which forgets the place if that was all
		_ = transport.Close()
		_ = socket.Close()
	})
	pool.Lock()
	p.conns = append(p.conns, n)
	pool.Unlock()
	go n.watch()
	return n, nil
}
