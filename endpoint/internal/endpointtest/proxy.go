package endpointtest

import (
	"net"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/duplex-go/duplex"
)

// Proxy stands between clients and a server of stream sockets and treats what
// passes badly, in a way that a seed draws: bytes come in pieces, late, or not at
// all.
type Proxy struct {
	Listener net.Listener
	target   string
	faults   Faults
	number   atomic.Uint64
	tasks    sync.WaitGroup
	closing  sync.Once
	closed   chan struct{}

	mu    sync.Mutex
	conns []net.Conn
}

// NewProxy starts a proxy of TCP that ends with the test.
func NewProxy(t *testing.T, target string, faults Faults) *Proxy {
	t.Helper()
	return NewProxyOn(t, "tcp", "127.0.0.1:0", target, faults)
}

// NewProxyOn is NewProxy for any network of stream sockets.
func NewProxyOn(t *testing.T, network, address, target string, faults Faults) *Proxy {
	t.Helper()
	l, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{Listener: l, target: target, faults: faults, closed: make(chan struct{})}
	p.tasks.Go(p.serve)
	t.Cleanup(p.Close)
	return p
}

// Addr returns where the proxy listens.
func (p *Proxy) Addr() string { return p.Listener.Addr().String() }

// Close ends the proxy and everything that it carries.
func (p *Proxy) Close() {
	_ = p.Listener.Close()
	p.closing.Do(func() { close(p.closed) })
	p.CutAll()
	p.tasks.Wait()
}

// CutAll cuts all connections of now.
func (p *Proxy) CutAll() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.conns {
		_ = c.Close()
	}
	p.conns = nil
}

func (p *Proxy) serve() {
	for {
		client, err := p.Listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial(p.Listener.Addr().Network(), p.target)
		if err != nil { // also by a server that has accepted and aborted at once
			_ = duplex.Abort(duplex.FromConn(client), err)
			continue
		}
		p.mu.Lock()
		p.conns = append(p.conns, client, server)
		p.mu.Unlock()
		select {
		case <-p.closed: // when these had been accepted
			p.CutAll()
		default:
		}
		n := p.number.Add(1)
		p.tasks.Go(func() { p.faults.Carry(duplex.FromConn(client), duplex.FromConn(server), n, p.closed) })
	}
}
