package quic

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"

	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/endpoint"
	"github.com/quic-go/quic-go"
)

// listener takes the streams of the connections to an address.
type listener struct {
	transport *quic.Transport
	socket    net.PacketConn
	listener  acceptor
	ctx       context.Context // ends when the listener is closed
	cancel    context.CancelFunc
	tasks     sync.WaitGroup
	queue     chan *stream // that wait to be accepted
	shut      sync.Once

	mu    sync.Mutex
	conns map[*conn]struct{}
	ended bool // no connection is taken any more
}

func listen(ctx context.Context, s *endpoint.Spec) (net.Listener, error) {
	at, err := hostPort(s)
	if err != nil {
		return nil, err
	}
	secure, err := secured(s.ServerTLS())
	if err != nil {
		return nil, err
	}
	socket, err := new(net.ListenConfig).ListenPacket(ctx, "udp", at)
	if err != nil {
		return nil, err
	}
	l := &listener{
		socket: socket,
		queue:  make(chan *stream, max(s.Options.Count("backlog", backlog), 1)),
		conns:  make(map[*conn]struct{}),
	}
	l.transport = &quic.Transport{Conn: socket}
	l.listener, err = listenOn(l.transport, secure, config(s), s.Options.Flag("0rtt", false))
	if err != nil {
		_ = l.transport.Close()
		_ = socket.Close()
		return nil, err
	}
	l.ctx, l.cancel = context.WithCancel(context.Background())
	l.tasks.Go(l.serve)
	url := "quic://" + socket.LocalAddr().String()
	return endpoint.Upgrade(l, url, s.Options.Duration("timeout", openTime), first), nil
}

// first reads the first byte of a stream.
func first(_ context.Context, c duplex.Stream) (duplex.Stream, error) {
	var b [1]byte
	if _, err := io.ReadFull(c, b[:]); err != nil {
		return nil, err
	}
	if b[0] != begin {
		return nil, fmt.Errorf("the peer's stream begins with %#02x, which no version of %s does", b[0], Protocol)
	}
	return c, nil
}

// serve takes connections.
func (l *listener) serve() {
	for {
		c, err := l.listener.Accept(l.ctx)
		if err != nil {
			return
		}
		if n := l.take(c); n != nil {
			l.tasks.Go(func() { l.accept(n) })
		} else {
			_ = c.CloseWithError(codeRefused, errRefused.Error())
		}
	}
}

// take makes a connection one of the listener, if there is room.
func (l *listener) take(c *quic.Conn) *conn {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ended || len(l.conns) >= mostConns {
		return nil
	}
	var n *conn
	n = newConn(c, false, nil, func() {
		l.mu.Lock()
		delete(l.conns, n)
		last := l.ended && len(l.conns) == 0
		l.mu.Unlock()
		if last {
			l.free()
		}
	})
	l.conns[n] = struct{}{}
	go n.watch()
	return n
}

// accept queues the streams of a connection.
func (l *listener) accept(n *conn) {
	for {
		q, err := n.AcceptStream(l.ctx)
		if err != nil {
			return
		}
		s := n.add(q)
		if s == nil {
			q.CancelRead(codeRefused)
			q.CancelWrite(codeRefused)
			continue
		}
		select {
		case l.queue <- s:
		default:
			s.refuse()
		}
	}
}

// Accept returns the next stream. After Close it returns an error that matches
// net.ErrClosed.
func (l *listener) Accept() (net.Conn, error) {
	select {
	case s := <-l.queue:
		return s, nil
	case <-l.ctx.Done():
		return nil, fmt.Errorf("quic listener: %w", net.ErrClosed)
	}
}

// Close takes no more streams, and aborts those that nobody has accepted. Those
// that were go on; their connections are closed when they are done.
func (l *listener) Close() error {
	l.shut.Do(func() {
		l.cancel()
		_ = l.listener.Close() // its connections stay
		l.tasks.Wait()
		for {
			select {
			case s := <-l.queue:
				_ = s.Abort(errClosed)
				continue
			default:
			}
			break
		}
		l.mu.Lock()
		l.ended = true
		var conns []*conn
		for n := range l.conns {
			conns = append(conns, n)
		}
		l.mu.Unlock()
		if len(conns) == 0 {
			l.free()
		}
		for _, n := range conns {
			n.leave()
		}
	})
	return nil
}

var errClosed = errors.New("the listener has been closed")

// free frees the socket.
func (l *listener) free() {
	_ = l.transport.Close()
	_ = l.socket.Close()
}

// Addr returns the address of the socket.
func (l *listener) Addr() net.Addr { return l.socket.LocalAddr() }
