package duplextest

import (
	"errors"
	"io"

	"github.com/duplex-go/duplex"
)

var endChecks = []check{
	{"the end comes after the last byte", endComesLast},
	{"the end of nothing is an end", endOfNothing},
	{"an ended side reads on", endedSideReads},
	{"an end leaves the other direction flowing", otherDirectionFlows},
	{"both sides end at once", bothEnd},
	{"CloseWrite twice is harmless", endTwice},
	{"Write after CloseWrite fails", writeAfterEnd},
	{"CloseWrite during a Write loses nothing", endDuringWrite},
	{"a stream without half-close says so", refusesEnd},
}

func canEnd(s duplex.Stream) bool { return duplex.CanCloseWrite(s) }

func endComesLast(t *trial) {
	for _, size := range []int{1, 1000, 200_000} {
		a, b := t.pair()
		t.needsEnd(a)
		// The end is sent before anything is read, as far as that is possible.
		sending := t.send(a, newFlow(0), size, each(size), true)
		t.succeed(writeEnds, sending, t.receive(b, newFlow(0), int64(size), each(997), true))
	}
}

func endOfNothing(t *trial) {
	a, b := t.pair()
	t.needsEnd(a)
	reading := t.receive(b, newFlow(0), 0, each(1), true)
	t.blocks(reading, eofIsLast)
	t.succeed(writeEnds, reading, t.closeWrite(a))
}

func (t *trial) closeWrite(s duplex.Stream) *call {
	return t.start("CloseWrite", func() (int64, error) { return 0, s.CloseWrite() })
}

func endedSideReads(t *trial) {
	a, b := t.pair()
	t.needsEnd(a)
	t.succeed(writeEnds, t.closeWrite(a), t.receive(b, newFlow(0), 0, each(1), true))
	const size = 100_000
	end := canEnd(b)
	t.succeed(writeEnds,
		t.send(b, newFlow(1), size, mixed(1, 9000), end),
		t.receive(a, newFlow(1), size, mixed(2, 9000), end))
}

func otherDirectionFlows(t *trial) {
	a, b := t.pair()
	t.needsEnd(a)
	const size = 1 << 20
	end := canEnd(b)
	back := t.send(b, newFlow(1), size, mixed(1, 30_000), end)
	got := newFlow(1)
	t.succeed(inOrder, t.receive(a, got, size/4, mixed(2, 30_000), false))
	t.succeed(writeEnds,
		t.send(a, newFlow(0), 10_000, each(1000), true),
		t.receive(b, newFlow(0), 10_000, each(1000), true))
	t.succeed(writeEnds, back, t.receive(a, got, size-size/4, mixed(3, 30_000), end))
}

func bothEnd(t *trial) {
	for range 10 {
		a, b := t.pair()
		t.needsEnd(a, b)
		t.succeed(writeEnds,
			t.send(a, newFlow(0), 5000, each(1000), true),
			t.send(b, newFlow(1), 5000, each(1000), true),
			t.receive(a, newFlow(1), 5000, each(999), true),
			t.receive(b, newFlow(0), 5000, each(999), true))
	}
}

func endTwice(t *trial) {
	a, b := t.pair()
	t.needsEnd(a)
	got := newFlow(0)
	t.succeed(writeEnds,
		t.send(a, newFlow(0), 100, each(100), true),
		t.receive(b, got, 100, each(100), false))
	t.succeed(endsTwice, t.closeWrite(a))
	t.succeed(endsTwice, t.closeWrite(a), t.closeWrite(a), t.closeWrite(a))
	t.succeed(endsTwice, t.receive(b, got, 0, each(100), true))
	t.succeed(endsTwice, t.closeWrite(a))
	t.succeed(endsTwice,
		t.send(b, newFlow(1), 100, each(100), false),
		t.receive(a, newFlow(1), 100, each(100), false))
}

func writeAfterEnd(t *trial) {
	a, b := t.pair()
	t.needsEnd(a)
	got := newFlow(0)
	t.succeed(writeEnds,
		t.send(a, newFlow(0), 100, each(100), true),
		t.receive(b, got, 100, each(100), false))
	for range 2 {
		c := t.write(a)
		t.returns(c, writeEnds, "after CloseWrite")
		if c.err == nil || c.n != 0 {
			t.broken(writeEnds, "Write after CloseWrite returned %d, %v, want 0 and an error", c.n, c.err)
		}
	}
	t.succeed(writeEnds, t.receive(b, got, 0, each(100), true))
	t.succeed(writeEnds,
		t.send(b, newFlow(1), 100, each(100), false),
		t.receive(a, newFlow(1), 100, each(100), false))
}

// endDuringWrite ends a direction whose writer waits. The Write may fail or be
// done first, but the peer reads what it says it took, and then the end.
func endDuringWrite(t *trial) {
	a, b := t.pair()
	t.needsEnd(a)
	f := newFlow(0)
	writing := t.flood(a, f)
	ending := t.closeWrite(a)
	reading := t.drain(b, newFlow(0))
	t.succeed(writeEnds, ending)
	t.returns(writing.call, writeEnds, "after CloseWrite")
	t.returns(reading, writeEnds, "after CloseWrite")
	if reading.err != io.EOF {
		t.broken(eofIsLast, "the peer got %v, want io.EOF after the last byte", reading.err)
	}
	if reading.n != writing.n {
		t.broken(eofIsLast, "the peer read %d bytes before io.EOF; Write says that it took %d", reading.n, writing.n)
	}
}

// refusesEnd is for streams that cannot half-close.
func refusesEnd(t *trial) {
	a, b := t.pair()
	if canEnd(a) {
		t.Skipf("a %T can half-close", a)
	}
	c := t.closeWrite(a)
	t.returns(c, saysSo, "on a stream that cannot half-close")
	if !errors.Is(c.err, duplex.ErrNoCloseWrite) {
		t.broken(saysSo, "CloseWrite returned %v, want duplex.ErrNoCloseWrite", c.err)
	}
	t.succeed(saysSo,
		t.send(a, newFlow(0), 100, each(100), false),
		t.receive(b, newFlow(0), 100, each(100), false),
		t.send(b, newFlow(1), 100, each(100), false),
		t.receive(a, newFlow(1), 100, each(100), false))
}
