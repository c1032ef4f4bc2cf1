package all_test

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"net"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/compress"
	"github.com/duplex-go/duplex/deflate"
	"github.com/duplex-go/duplex/duplextest"
	"github.com/duplex-go/duplex/endpoint/internal/endpointtest"
)

// fault is one thing that goes wrong between two ends. Of QUIC, what passes is
// packets; of the others, bytes.
type fault struct {
	name    string
	breaks  bool // whether a stream that meets it fails
	bytes   func(c *chaos, f *endpointtest.Faults)
	packets func(c *chaos, f *endpointtest.PacketFaults)
}

var faults = []fault{
	{"reset", true, // the connection is cut
		func(c *chaos, f *endpointtest.Faults) { f.Cut, f.By = c.place, endpointtest.ByReset },
		func(c *chaos, f *endpointtest.PacketFaults) { f.Vanish = c.packet }},
	{"end", true, // the same, so that it looks like an end; of packets, one direction vanishes
		func(c *chaos, f *endpointtest.Faults) { f.Cut, f.By = c.place, endpointtest.ByEnd },
		func(c *chaos, f *endpointtest.PacketFaults) { f.Vanish, f.Alone = c.packet, true }},
	{"silence", true, // nothing passes any more; packets pass again when it is too late
		func(c *chaos, f *endpointtest.Faults) { f.Stall = c.place },
		func(c *chaos, f *endpointtest.PacketFaults) { f.Vanish, f.Return = c.packet, 5*shortPing }},
	{"late", false,
		func(c *chaos, f *endpointtest.Faults) { f.Delay, f.Pieces = 2*time.Millisecond, 4<<10 },
		func(c *chaos, f *endpointtest.PacketFaults) { f.Delay = 3 * time.Millisecond }},
	{"pieces", false, // of a few bytes; packets come twice
		func(c *chaos, f *endpointtest.Faults) { f.Pieces = 1 + int(c.Seed%3) },
		func(c *chaos, f *endpointtest.PacketFaults) { f.Twice = 0.5 }},
	{"slow", false, // some megabytes a second; packets are lost
		func(c *chaos, f *endpointtest.Faults) { f.Rate, f.Pieces = 2<<20, 16<<10 },
		func(c *chaos, f *endpointtest.PacketFaults) { f.Drop = 0.1 }},
	{"pause", false, nil, nil},  // a reader stops until its writer is stuck
	{"failure", true, nil, nil}, // a call on the stream fails, and whoever has made it gives up
}

// shortPing is how often a peer is asked for that may be gone, and inTime is within
// which all is to have come where nobody asks.
const (
	shortPing = 100 * time.Millisecond
	inTime    = 300 * time.Millisecond
)

// chaos is what a seed has drawn for a stream that meets a fault.
type chaos struct {
	endpointtest.Exchange
	fault
	transport string
	sender    int              // the end whose bytes meet it: 0 dials
	place     int              // after so many bytes
	packet    int              // or packets
	tamper    duplextest.Fault // the call that fails
	reads     bool             // it is the receiver's
}

// drawChaos draws a schedule. The first two are what every cell needs: a fault that
// comes too late, and one that comes in the middle.
func drawChaos(f fault, transport string, sender int, seed uint64) *chaos {
	h := fnv.New64a()
	fmt.Fprint(h, f.name, transport, sender)
	r := rand.New(rand.NewPCG(seed, h.Sum64()))
	c := &chaos{fault: f, transport: transport, sender: sender}
	c.Seed = seed
	for i := range c.Sizes {
		c.Sizes[i] = 10_000 + r.IntN(90_000)
	}
	c.place, c.packet = 1+r.IntN(2*c.Sizes[sender]), 1+r.IntN(150)
	c.drawCall(r)
	c.DrawEnds(r)
	switch seed {
	case 0:
		c.place, c.packet, c.tamper.N = 10<<20, 1<<20, 1<<20
	case 1:
		c.place, c.packet, c.tamper.N = 5000+r.IntN(c.Sizes[sender]/2), 10+r.IntN(20), 1
	}
	if seed < 2 {
		c.Ends = [2]string{"end", "end"}
	}
	switch f.name {
	case "pieces":
		c.Sizes[sender] /= 10
	case "pause": // more than waits anywhere
		c.place = 1 + r.IntN(50_000)
		c.Sizes[sender] = 1 << 20
		if c.onTCP() {
			c.Sizes[sender] = 6 << 20
		}
	}
	if transport == "unix" && !c.layered() { // a Unix socket cannot tell its peer of an abort
		for i, end := range c.Ends {
			if end == "abort" {
				c.Ends[i] = "close"
			}
		}
	}
	return c
}

// drawCall draws which call fails, among those by which bytes of the sender's pass.
func (c *chaos) drawCall(r *rand.Rand) {
	c.tamper.N = 1 + r.IntN(6)
	c.tamper.Kind = []duplextest.Kind{duplextest.Error, duplextest.Partial, duplextest.Reset}[r.IntN(3)]
	switch r.IntN(3) {
	case 0:
		c.tamper.Op = duplextest.OpWrite
	case 1:
		c.tamper.Op, c.reads = duplextest.OpRead, true
	case 2:
		c.tamper.Op = duplextest.OpCloseWrite
		c.tamper.N = 1
	}
}

// onTCP reports whether what waits is in the buffers of a TCP connection.
func (c *chaos) onTCP() bool {
	return slices.Contains([]string{"tcp", "tls", "ws", "exec"}, c.transport)
}

// layered reports whether a codec is on the stream, which knows a whole from a
// part. Without one it could not be told from an end what cuts a TCP connection by
// one, or a Unix socket in any way.
func (c *chaos) layered() bool {
	switch c.transport {
	case "unix":
		return c.breaks && c.fault.name != "silence"
	case "tcp", "pair":
		return c.fault.name == "end"
	case "exec": // a relay that is killed leaves an end on its connection
		return c.fault.name == "end" || c.fault.name == "reset"
	}
	return false
}

// pings reports whether the stream finds by itself that nothing comes.
func (c *chaos) pings() bool {
	return slices.Contains([]string{"ws", "quic", "nats"}, c.transport)
}

// TestR80_AStreamDeliversAllOrFails meets each of the eight transports with eight
// faults, one at a time, in either direction. With DUPLEX_FAULT_TIME each of these
// cells takes so long. Every byte that is read is the right one; an end comes after
// the last byte or not at all; nothing fails by what only holds it up; and nobody
// hangs.
func TestR80_AStreamDeliversAllOrFails(t *testing.T) {
	duplextest.NoLeaks(t)
	bed := newTestBed(t)
	for _, f := range faults {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			for _, transport := range transports {
				t.Run(transport, func(t *testing.T) {
					t.Parallel()
					if transport == "exec" && runtime.GOOS == "windows" {
						t.Skip("what runs behind exec is a relay for Unix systems")
					}
					t.Run("there", func(t *testing.T) { bed.cell(t, f, transport, 0) })
					t.Run("back", func(t *testing.T) { bed.cell(t, f, transport, 1) })
				})
			}
		})
	}
}

// cell meets a transport with a fault in what one of its ends sends.
func (b *testBed) cell(t *testing.T, f fault, transport string, sender int) {
	t.Parallel()
	var seen tally
	endpointtest.Cell(t, 3,
		func() bool {
			return seen.whole > 0 && (seen.broken > 0 || !f.breaks) && (seen.held > 0 || f.name != "pause")
		},
		func(seed uint64) *chaos { return drawChaos(f, transport, sender, seed) },
		func(t *testing.T, c *chaos) bool { return b.run(t, c, &seen) })
}

// tally is what a cell has seen.
type tally struct {
	whole  int // streams of which all has come
	broken int // streams that have failed although both ends wanted to end in order
	held   int // readers that have held their writer up
}

// run acts a schedule out and reports whether all has come, in both directions.
func (b *testBed) run(t *testing.T, c *chaos, seen *tally) bool {
	near, far, ok := b.open(t, c)
	if !ok {
		if !c.breaks {
			t.Error("the two have not met")
		}
		return false
	}
	ends := [2]duplex.Stream{near, far}
	sender, receiver := &ends[c.sender], &ends[1-c.sender]
	for i, s := range ends {
		if c.transport == "tcp" || c.transport == "exec" { // a reset that a write has taken is no end
			s = duplex.NewConn(s)
		}
		c.Fails[i] = c.fault.name == "failure" && (i == c.sender) != c.reads
		if c.Fails[i] {
			s = c.tamper.Stream(s)
		}
		if c.layered() {
			s = duplex.Layer(s, compress.GzipCodec(compress.Options{Level: deflate.Stored}, compress.DecoderOptions{}))
		}
		if c.Fails[i] {
			s = user{s}
		}
		ends[i] = s
	}
	if c.fault.name == "silence" && !c.pings() {
		for _, s := range ends {
			if err := s.(net.Conn).SetDeadline(time.Now().Add(inTime)); err != nil {
				t.Error(err)
			}
		}
	}
	if c.fault.name == "pause" {
		w := &meter{Stream: *sender}
		*sender, *receiver = w, &pausing{Stream: *receiver, writer: w, place: c.place, held: &seen.held}
	}
	err := c.Talk(t, ends[0], ends[1])
	switch {
	case err == nil:
		seen.whole++
	case c.Ends != [2]string{"end", "end"}: // one of them has brought that about
	case c.breaks:
		seen.broken++
	default:
		t.Errorf("what only holds a stream up fails it: %v", err)
	}
	return err == nil
}
