package endpointtest

import (
	"io"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/duplex-go/duplex"
)

// Faults say what becomes of the bytes between two streams. The zero value passes
// everything on.
type Faults struct {
	Seed   uint64
	Way    Way           // whose bytes meet the faults
	Halve  bool          // pass what comes on in parts
	Pieces int           // pass no more bytes than that at once; 0 is any number
	Delay  time.Duration // hold parts up, by at most this
	Rate   int           // bytes that pass in a second; 0 is any number
	// Cut is after about how many bytes of one direction the connection is cut,
	// by a reset or an end; 0 is never.
	Cut int
	By  Cutting
	// Kill is called where the connection would be cut, if it is not nil.
	Kill func()
	// Stall is after about how many bytes of one direction nothing passes any
	// more in either, although the connection stays; 0 is never.
	Stall int
	Exact bool // Cut and Stall are the very place
}

// Way is one of the two directions of a connection, or both.
type Way uint8

const (
	BothWays Way = iota
	ToServer     // what the client sends
	ToClient     // what the server sends
)

// ways are the directions in the order in which they are carried.
var ways = [2]Way{ToServer, ToClient}

// has reports whether one direction is meant.
func (w Way) has(one Way) bool { return w == BothWays || w == one }

// Cutting is how a connection is cut.
type Cutting uint8

const (
	ByEither Cutting = iota // as a seed draws it
	ByReset
	ByEnd // by what both ends may take for an end
)

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

// Carry carries what passes between a client and a server, until both directions
// are over, and closes both streams. Once nothing passes any more that is not
// before gone is closed, since closing would tell something. number tells connections
// apart that have the same seed.
func (f Faults) Carry(client, server duplex.Stream, number uint64, gone <-chan struct{}) {
	// What a reset leaves is no end, also where a write has taken it from the
	// socket: a Conn knows.
	c := &carrier{ends: [2]duplex.Stream{duplex.NewConn(client), duplex.NewConn(server)}, silent: make(chan struct{})}
	var broken [2]bool
	var tasks sync.WaitGroup
	for i, way := range ways {
		own := f
		if !f.Way.has(way) {
			own = Faults{}
		}
		random := rand.New(rand.NewPCG(f.Seed, number*2+uint64(i)))
		tasks.Go(func() { broken[i] = !c.carry(c.ends[i], c.ends[1-i], own, random) })
	}
	tasks.Wait()
	if c.isSilent() {
		<-gone
	}
	if broken[0] || broken[1] {
		c.reset()
	}
	for _, end := range c.ends {
		_ = end.Close()
	}
}

// carrier carries a connection.
type carrier struct {
	ends   [2]duplex.Stream
	silent chan struct{} // closed when nothing passes any more
	hush   sync.Once
}

// reset passes a failure on.
func (c *carrier) reset() {
	for _, end := range c.ends {
		_ = duplex.Abort(end, nil)
	}
}

// end makes both sides believe in an end, where they can.
func (c *carrier) end() {
	for _, end := range c.ends {
		_ = end.CloseWrite()
	}
	for _, end := range c.ends {
		_ = end.Close()
	}
}

func (c *carrier) isSilent() bool {
	select {
	case <-c.silent:
		return true
	default:
		return false
	}
}

// carry carries one direction to its end. It reports false if it could not get rid
// of something, which the other end is to be told once the opposite direction is
// over.
func (c *carrier) carry(from, to duplex.Stream, f Faults, random *rand.Rand) bool {
	cut, quiet := f.place(f.Cut, random), f.place(f.Stall, random)
	if f.By == ByEither {
		f.By = []Cutting{ByReset, ByEnd}[random.IntN(2)]
	}
	buf := make([]byte, 64<<10)
	for passed := 0; ; {
		n, err := from.Read(buf)
		for part := buf[:n]; len(part) > 0; {
			size := f.wait(len(part), random)
			if cut > 0 && passed+size >= cut {
				_, _ = to.Write(part[:cut-passed])
				switch {
				case f.Kill != nil:
					f.Kill()
				case f.By == ByReset:
					c.reset()
					return true
				default:
					c.end()
					return true
				}
				part, passed, cut = part[cut-passed:], cut, 0
				continue
			}
			if quiet > 0 && passed+size >= quiet {
				c.hush.Do(func() { close(c.silent) })
			}
			if c.isSilent() {
				break
			}
			if _, err := to.Write(part[:size]); err != nil {
				return false
			}
			passed += size
			part = part[size:]
		}
		switch {
		case err == nil:
		case c.isSilent():
			return true
		case err == io.EOF:
			_ = to.CloseWrite()
			return true
		default:
			c.reset()
			return true
		}
	}
}

// wait holds up what comes, and returns how much of n bytes is to pass at once.
func (f Faults) wait(n int, random *rand.Rand) int {
	if f.Pieces > 0 {
		n = min(n, f.Pieces)
	}
	if f.Halve && n > 1 && random.IntN(2) == 0 {
		n = 1 + random.IntN(n-1)
	}
	if f.Delay > 0 && random.IntN(4) == 0 {
		time.Sleep(rand.N(f.Delay))
	}
	if f.Rate > 0 {
		time.Sleep(time.Duration(n) * time.Second / time.Duration(f.Rate))
	}
	return n
}

// place returns where something happens that is to happen around there.
func (f Faults) place(around int, random *rand.Rand) int {
	if f.Exact {
		return around
	}
	return drawn(random, around)
}

// drawn returns a place up to about twice as far as around, or 0 for 0.
func drawn(random *rand.Rand, around int) int {
	if around == 0 {
		return 0
	}
	return 1 + random.IntN(2*around)
}
