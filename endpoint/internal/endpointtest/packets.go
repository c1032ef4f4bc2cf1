package endpointtest

import (
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// PacketFaults say what a proxy of packets does to them. The zero value passes
// everything on.
type PacketFaults struct {
	Seed   uint64
	Way    Way           // whose packets meet the faults
	Drop   float64       // the chance that a packet is lost
	Twice  float64       // that it comes twice
	Delay  time.Duration // a part of the packets is held up by at most this, and so overtaken
	Vanish int           // after about so many packets of one direction, or of both, no more pass; 0 is never
	Exact  bool          // Vanish is the very number
	Alone  bool          // those of the other direction pass on
	Return time.Duration // after so long packets pass again; 0 is never
}

// Packets is a proxy of UDP packets.
type Packets struct {
	front  *net.UDPConn
	target *net.UDPAddr
	faults PacketFaults
	mute   [2]atomic.Bool // by the direction
	tasks  sync.WaitGroup

	mu     sync.Mutex
	backs  map[netip.AddrPort]*net.UDPConn
	random *rand.Rand
	left   int // packets that pass; 0 is any number
	lose   int // packets that do not
	lost   chan struct{}
	closed bool
	over   chan struct{} // closed with it
}

// NewPackets starts a proxy that ends with the test.
func NewPackets(t *testing.T, target string, faults PacketFaults) *Packets {
	t.Helper()
	to, err := net.ResolveUDPAddr("udp", target)
	if err != nil {
		t.Fatal(err)
	}
	front, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	p := &Packets{
		front: front, target: to, faults: faults,
		backs:  make(map[netip.AddrPort]*net.UDPConn),
		over:   make(chan struct{}),
		random: rand.New(rand.NewPCG(faults.Seed, 9)),
	}
	if p.left = faults.Vanish; !faults.Exact {
		p.left = drawn(p.random, faults.Vanish)
	}
	p.tasks.Go(p.serve)
	t.Cleanup(p.Close)
	return p
}

// Addr returns where the proxy takes packets.
func (p *Packets) Addr() string { return p.front.LocalAddr().String() }

// Mute lets no packet pass any more.
func (p *Packets) Mute() { p.setMute(BothWays, true) }

func (p *Packets) setMute(way Way, mute bool) {
	for i, one := range ways {
		if way.has(one) {
			p.mute[i].Store(mute)
		}
	}
}

// vanish takes the path away, as the faults say.
func (p *Packets) vanish() {
	way := BothWays
	if p.faults.Alone {
		way = p.faults.Way
	}
	p.setMute(way, true)
	if p.faults.Return > 0 {
		p.tasks.Go(func() {
			select {
			case <-time.After(p.faults.Return):
				p.setMute(way, false)
			case <-p.over:
			}
		})
	}
}

// Lose loses the next n packets. The channel is closed when that has been done.
func (p *Packets) Lose(n int) <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lose, p.lost = n, make(chan struct{})
	return p.lost
}

// Close ends the proxy.
func (p *Packets) Close() {
	p.mu.Lock()
	if !p.closed {
		close(p.over)
	}
	p.closed = true
	_ = p.front.Close()
	for _, back := range p.backs {
		_ = back.Close()
	}
	p.mu.Unlock()
	p.tasks.Wait()
}

func (p *Packets) serve() {
	buf := make([]byte, 2048)
	for {
		n, from, err := p.front.ReadFromUDPAddrPort(buf)
		if err != nil {
			return
		}
		if back := p.back(from); back != nil {
			p.pass(0, buf[:n], func(b []byte) { _, _ = back.Write(b) })
		}
	}
}

// back returns the socket that stands for a client at the server.
func (p *Packets) back(client netip.AddrPort) *net.UDPConn {
	p.mu.Lock()
	defer p.mu.Unlock()
	if back := p.backs[client]; back != nil || p.closed {
		return back
	}
	back, err := net.DialUDP("udp", nil, p.target)
	if err != nil {
		return nil
	}
	p.backs[client] = back
	p.tasks.Go(func() {
		buf := make([]byte, 2048)
		for {
			n, err := back.Read(buf)
			if err != nil {
				p.mu.Lock()
				closed := p.closed
				p.mu.Unlock()
				if closed {
					return
				}
				continue // nobody listened there when something was sent
			}
			p.pass(1, buf[:n], func(b []byte) { _, _ = p.front.WriteToUDPAddrPort(b, client) })
		}
	})
	return back
}

// pass decides what becomes of a packet of a direction.
func (p *Packets) pass(direction int, b []byte, send func([]byte)) {
	p.mu.Lock()
	f, r := p.faults, p.random
	if !f.Way.has(ways[direction]) {
		f = PacketFaults{}
	}
	drop, twice, late := r.Float64() < f.Drop, r.Float64() < f.Twice, f.Delay > 0 && r.IntN(8) == 0
	wait := time.Duration(0)
	if late {
		wait = time.Duration(r.Int64N(int64(f.Delay)))
	}
	if p.lose > 0 {
		if p.lose--; p.lose == 0 {
			close(p.lost)
		}
		drop = true
	}
	if p.left > 0 && p.faults.Way.has(ways[direction]) {
		if p.left--; p.left == 0 {
			p.vanish()
		}
	}
	p.mu.Unlock()
	if p.mute[direction].Load() || drop {
		return
	}
	if twice {
		send(b)
	}
	if !late {
		send(b)
		return
	}
	b = append([]byte(nil), b...)
	p.tasks.Go(func() {
		time.Sleep(wait)
		send(b)
	})
}
