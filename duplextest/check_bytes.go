package duplextest

import (
	"fmt"
	"io"
)

var byteChecks = []check{
	{"bytes arrive whole and in order", bytesArrive},
	{"a write of nothing is no end", nothingIsNoEnd},
	{"both directions flow at once", bothDirections},
	{"a read takes what there is", readsWhatThereIs},
}

// bytesArrive sends in several sizes and splits, from one byte to more than
// any buffer on the way.
func bytesArrive(t *trial) {
	for i, c := range []struct {
		size         int
		write, read  pieces
		wtext, rtext string
	}{
		{1, each(1), each(1), "1", "1"},
		{2, each(2), each(1), "2", "1"},
		{3000, each(1), each(4096), "1", "4096"},
		{4096, each(4096), each(1), "4096", "1"},
		{65_535, each(65_535), each(65_535), "65535", "65535"},
		{65_536, each(65_536), each(512), "65536", "512"},
		{65_537, each(65_537), each(65_536), "65537", "65536"},
		{300_000, mixed(1, 9_000), mixed(2, 9_000), "1 to 9000", "1 to 9000"},
		{1 << 20, each(1 << 20), mixed(3, 100_000), "1 MiB", "1 to 100000"},
		{1 << 20, mixed(4, 100_000), each(64 << 10), "1 to 100000", "65536"},
	} {
		a, b := t.pair()
		end := canEnd(a)
		to, from := newFlow(i), newFlow(i)
		t.Logf("%d bytes, written by %s, read by %s", c.size, c.wtext, c.rtext)
		t.succeed(inOrder,
			t.send(a, to, c.size, c.write, end),
			t.receive(b, from, int64(c.size), c.read, end))
	}
}

func nothingIsNoEnd(t *trial) {
	a, b := t.pair()
	for _, empty := range [][]byte{nil, {}} {
		c := t.start("Write of no bytes", func() (int64, error) {
			n, err := a.Write(empty)
			if n != 0 {
				err = fmt.Errorf("returned %d, %v, want 0", n, err)
			}
			return int64(n), err
		})
		t.succeed(ioWord, c)
	}
	reading := t.receive(b, newFlow(0), 10, each(10), false)
	t.blocks(reading, eofIsLast)
	t.succeed(eofIsLast, reading, t.send(a, newFlow(0), 10, each(10), false))
}

func bothDirections(t *trial) {
	a, b := t.pair()
	const size = 1 << 20
	endA, endB := canEnd(a), canEnd(b)
	t.succeed(oneAndOne,
		t.send(a, newFlow(0), size, mixed(1, 50_000), endA),
		t.receive(b, newFlow(0), size, mixed(2, 50_000), endA),
		t.send(b, newFlow(1), size, mixed(3, 50_000), endB),
		t.receive(a, newFlow(1), size, mixed(4, 50_000), endB))
}

// readsWhatThereIs has two peers take turns: a Read that waits for its buffer
// to be full, or a Write that keeps bytes back, stops them.
func readsWhatThereIs(t *trial) {
	a, b := t.pair()
	const turns = 100
	ask := t.start("a question and its answer", func() (int64, error) {
		buf := make([]byte, 512)
		for i := range turns {
			if _, err := a.Write([]byte{byte(i)}); err != nil {
				return 0, err
			}
			if n, err := a.Read(buf); n != 1 || err != nil || buf[0] != byte(i) {
				return 0, fmt.Errorf("Read returned %d, %v of the answer", n, err)
			}
		}
		return turns, nil
	})
	answer := t.start("an answer", func() (int64, error) {
		buf := make([]byte, 512)
		for range turns {
			n, err := b.Read(buf)
			if err != nil {
				return 0, err
			}
			if n, err = b.Write(buf[:n]); n != 1 && err == nil {
				return 0, io.ErrShortWrite
			}
			if err != nil {
				return 0, err
			}
		}
		return turns, nil
	})
	t.succeed(inOrder, ask, answer)
}
