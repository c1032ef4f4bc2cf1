package flow

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/duplex-go/duplex"
)

// end is one side of a simulated stream, and what is known of its writing.
type end struct {
	*Stream
	written uint64
	got     uint64 // what was read
	done    error  // of reading
	queue   [][]byte
	history [][]byte // what has been brought, for it to come again
}

// octet is the byte at a place of one direction's bytes.
func octet(at uint64) byte { return byte(at*2654435761>>7) ^ byte(at) }

// simulation is a stream whose two sides and carrier act in the order that the
// bytes of a script say. Nothing waits and no goroutine runs.
type simulation struct {
	t      testing.TB
	a, b   *end
	faults bool // messages are lost, and come late
	lost   bool // one was
	broken bool // somebody has aborted or closed
	script []byte
	name   string
}

func newSimulation(t testing.TB, script []byte, faults bool, c Config) *simulation {
	quiet := func(*Stream) {}
	return &simulation{t: t, a: &end{Stream: New(c, quiet)}, b: &end{Stream: New(c, quiet)}, faults: faults, script: script}
}

func (s *simulation) draw() byte {
	c := s.script[0]
	s.script = s.script[1:]
	return c
}

// run acts out the script, and then lets everything come to rest.
func (s *simulation) run() {
	for len(s.script) >= 3 {
		e, peer := s.a, s.b
		op := s.draw()
		if op&0x80 != 0 {
			e, peer = peer, e
		}
		s.act(op&0x7f, e, peer)
	}
	for again := true; again; {
		again = false
		for _, p := range [][2]*end{{s.a, s.b}, {s.b, s.a}} {
			again = s.send(p[0]) || again
			for s.bring(p[0], p[1]) {
				again = true
			}
			again = s.read(p[1], p[0], 1<<12) || again
		}
	}
}

func (s *simulation) act(op byte, e, peer *end) {
	n := int(s.draw())
	switch op % 16 {
	case 0, 1, 2:
		s.write(e, n)
	case 3, 4:
		s.read(e, peer, n)
	case 5, 6, 7:
		s.send(e)
	case 8, 9, 10:
		s.bring(e, peer)
	case 11:
		if n < 40 {
			_ = e.CloseWrite()
		}
	case 12:
		e.mu.Lock()
		if !e.dead && !e.shut { // as the keep-alive does
			e.sayAgain()
			e.owes.ping = true
		}
		e.mu.Unlock()
	case 13: // what was sent before comes again
		if len(e.history) > 0 {
			_ = peer.Receive(bytes.Clone(e.history[n%len(e.history)]))
		}
	case 14:
		switch {
		case n < 10:
			s.broken = true
			_ = e.Close()
		case n < 20:
			s.broken = true
			_ = e.Abort(errors.New("drawn"))
		case n < 25:
			s.broken = true
			_ = e.CloseRead()
		}
	case 15:
		if !s.faults || len(e.queue) == 0 {
			return
		}
		if n < 30 {
			s.lost = true
			e.queue = e.queue[1:]
		} else if len(e.queue) > 1 {
			s.lost = true // for what comes late is a gap first
			e.queue[0], e.queue[1] = e.queue[1], e.queue[0]
		}
	}
}

func (s *simulation) write(e *end, n int) {
	e.mu.Lock()
	n = e.send.room(n)
	can := e.writeError() == nil
	e.mu.Unlock()
	if !can || n == 0 {
		return
	}
	p := make([]byte, n)
	for i := range p {
		p[i] = octet(e.written + uint64(i))
	}
	n, err := e.Write(p)
	if err != nil || n != len(p) {
		s.t.Fatalf(s.name+"Write of %d with room returned %d, %v", len(p), n, err)
	}
	e.written += uint64(n)
}

func (s *simulation) send(e *end) bool {
	m := e.Next()
	if m == nil {
		return false
	}
	if f, _, _ := Parse(m); len(f.Payload) > e.send.most && f.Kind == Data || len(m) > e.send.most+Overhead {
		s.t.Fatalf(s.name+"a message of %d bytes, %d of them payload, where %d may be", len(m), len(f.Payload), e.send.most)
	}
	e.queue = append(e.queue, bytes.Clone(m))
	return true
}

// bring brings the foremost message of e to its peer.
func (s *simulation) bring(e, peer *end) bool {
	if len(e.queue) == 0 {
		return false
	}
	m := e.queue[0]
	e.queue = e.queue[1:]
	e.history = append(e.history, m)
	err := peer.Receive(bytes.Clone(m))
	if err != nil && !s.lost {
		s.t.Fatalf(s.name+"with nothing lost, %x is %v", m, err)
	}
	return true
}

func (s *simulation) read(e, peer *end, n int) bool {
	e.mu.Lock()
	waits := e.recv.waiting() == 0 && e.readError() == nil
	e.mu.Unlock()
	if waits || n == 0 || e.done != nil {
		return false
	}
	p := make([]byte, n)
	n, err := e.Read(p)
	for i, c := range p[:n] {
		if at := e.got + uint64(i); c != octet(at) || at >= peer.written {
			s.t.Fatalf(s.name+"byte %d is %x, want %x; %d were written", at, c, octet(at), peer.written)
		}
	}
	e.got += uint64(n)
	e.done = err
	if err == io.EOF && (e.got != peer.written || !peer.send.ended) {
		s.t.Fatalf(s.name+"an end after %d of %d bytes", e.got, peer.written)
	}
	if err != nil && err != io.EOF && !s.lost && !s.broken {
		s.t.Fatalf(s.name+"with nothing wrong, reading failed: %v", err)
	}
	return true
}

// check says what is wrong once everything has come to rest.
func (s *simulation) check() {
	for _, p := range [][2]*end{{s.a, s.b}, {s.b, s.a}} {
		from, to := p[0], p[1]
		if held := to.recv.received - to.recv.read; held > to.recv.window {
			s.t.Fatalf(s.name+"%d bytes wait, more than the window", held)
		}
		if s.lost || s.broken {
			continue
		}
		if to.got != from.written {
			s.t.Fatalf(s.name+"%d of %d bytes have come", to.got, from.written)
		}
		if (to.done == io.EOF) != from.send.ended {
			s.t.Fatalf(s.name+"reading is %v, and the writer has ended: %v", to.done, from.send.ended)
		}
	}
}

var simulated = []Config{
	{Window: 100, MaxWindow: 700, HighWaterMark: 60, MaxPayload: 20},
	{Window: 1000, HighWaterMark: 3000, MaxPayload: 300},
	{Window: 100, HighWaterMark: 200, MaxPayload: 50, Retain: true},
}

// TestR43_RandomSequencesLoseAndRepeatNothing has both sides of a stream do
// whatever they may in any order, while a carrier brings messages in order, or
// loses some, and brings any old one again.
func TestR43_RandomSequencesLoseAndRepeatNothing(t *testing.T) {
	sequences := 100_000
	switch {
	case full():
		sequences = 1_000_000
	case raced:
		sequences = 10_000
	}
	script := make([]byte, 120)
	lost, clean := 0, 0
	for i := range sequences {
		r := rand.New(rand.NewPCG(uint64(i), 43))
		for j := range script {
			script[j] = byte(r.Uint32())
		}
		s := newSimulation(t, script, i%2 == 1, simulated[i/2%len(simulated)])
		s.name = fmt.Sprintf("sequence %d: ", i)
		s.run()
		s.check()
		if s.lost {
			lost++
		} else if !s.broken {
			clean++
		}
	}
	if lost < sequences/20 || clean < sequences/20 {
		t.Errorf("%d had losses and %d had nothing wrong, of %d", lost, clean, sequences)
	}
}

// What was lost is sent again on another carrier, where both sides retain it.
func TestAStreamOutlivesItsCarrierByARewind(t *testing.T) {
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 1))
		c := Config{Window: 5000, HighWaterMark: 3000, MaxPayload: 100 + r.IntN(300), Retain: true}
		s := newSimulation(t, nil, false, c)
		for range 300 {
			s.write(s.a, r.IntN(500))
			s.send(s.a)
			if r.IntN(10) > 0 {
				s.bring(s.a, s.b)
			}
			s.read(s.b, s.a, r.IntN(400))
			s.send(s.b)
			if r.IntN(3) > 0 {
				s.bring(s.b, s.a)
			}
			if r.IntN(20) == 0 { // the carrier is lost with all that it had
				s.a.queue, s.b.queue = nil, nil
				s.a.Rewind()
				s.b.Rewind()
			}
		}
		_ = s.a.CloseWrite()
		s.run()
		s.check()
		if s.b.done != io.EOF || s.b.got != s.a.written || s.b.got < 10_000 {
			t.Fatalf("seed %d: %d of %d bytes, %v", seed, s.b.got, s.a.written, s.b.done)
		}
	}
}

var _ duplex.Stream = (*end)(nil)
