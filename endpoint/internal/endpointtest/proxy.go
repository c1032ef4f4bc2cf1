package endpointtest

import (
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Proxy stands between clients and a TCP server and treats what passes badly, in
// a way that a seed draws: bytes come in pieces, late, or not at all.
type Proxy struct {
	Listener net.Listener
	target   string
	faults   Faults
	number   atomic.Uint64
	tasks    sync.WaitGroup

	mu    sync.Mutex
	conns []net.Conn
}

// Faults say what a proxy may do. The zero value passes everything on.
type Faults struct {
	Seed  uint64
	Halve bool          // pass what comes on in parts
	Delay time.Duration // hold parts up, by at most this
	// Cut is after about how many bytes of one direction the connection is cut,
	// by a reset or an end; 0 is never.
	Cut int
	// Stall is after about how many bytes of one direction nothing passes any
	// more in either, although the connection stays; 0 is never.
	Stall int
}

// DrawFaults draws what stands in the way of a stream that carries some hundred
// thousand bytes.
func DrawFaults(seed uint64, r *rand.Rand) Faults {
	f := Faults{Seed: seed, Halve: r.IntN(2) == 0}
	if r.IntN(2) == 0 {
		f.Delay = 200 * time.Microsecond
	}
	switch r.IntN(5) {
	case 0, 1:
		f.Cut = 1 + r.IntN(200_000)
	case 2:
		f.Stall = 1 + r.IntN(400_000)
	}
	return f
}

// NewProxy starts a proxy that ends with the test.
func NewProxy(t *testing.T, target string, faults Faults) *Proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{Listener: l, target: target, faults: faults}
	p.tasks.Go(p.serve)
	t.Cleanup(p.Close)
	return p
}

// Addr returns where the proxy listens.
func (p *Proxy) Addr() string { return p.Listener.Addr().String() }

// Close ends the proxy and everything that it carries.
func (p *Proxy) Close() {
	_ = p.Listener.Close()
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
		server, err := net.Dial("tcp", p.target)
		if err != nil {
			_ = client.Close()
			continue
		}
		p.mu.Lock()
		p.conns = append(p.conns, client, server)
		p.mu.Unlock()
		n := p.number.Add(1)
		stalled := make(chan struct{})
		stall := sync.OnceFunc(func() { close(stalled) })
		for i, c := range [][2]net.Conn{{client, server}, {server, client}} {
			random := rand.New(rand.NewPCG(p.faults.Seed, n*2+uint64(i)))
			p.tasks.Go(func() { p.carry(c[0], c[1], random, stalled, stall) })
		}
	}
}

// carry carries one direction.
func (p *Proxy) carry(from, to net.Conn, random *rand.Rand, stalled <-chan struct{}, stall func()) {
	defer from.Close()
	defer to.Close()
	cut, quiet := drawn(random, p.faults.Cut), drawn(random, p.faults.Stall)
	reset := random.IntN(2) == 0
	buf := make([]byte, 64<<10)
	for passed := 0; ; {
		n, err := from.Read(buf)
		for part := buf[:n]; len(part) > 0; {
			size := len(part)
			if p.faults.Halve && size > 1 && random.IntN(2) == 0 {
				size = 1 + random.IntN(size-1)
			}
			if p.faults.Delay > 0 && random.IntN(4) == 0 {
				time.Sleep(rand.N(p.faults.Delay))
			}
			if cut > 0 && passed+size >= cut {
				_, _ = to.Write(part[:cut-passed])
				if reset {
					_ = to.(*net.TCPConn).SetLinger(0)
				}
				return
			}
			if quiet > 0 && passed+size >= quiet {
				stall()
			}
			select {
			case <-stalled:
				_, _ = io.Copy(io.Discard, from) // until it is closed
				return
			default:
			}
			if _, err := to.Write(part[:size]); err != nil {
				return
			}
			passed += size
			part = part[size:]
		}
		if err != nil {
			return
		}
	}
}

// drawn returns a place up to about twice as far as around, or 0 for 0.
func drawn(random *rand.Rand, around int) int {
	if around == 0 {
		return 0
	}
	return 1 + random.IntN(2*around)
}
