package duplextest

import (
	"encoding/binary"
	"fmt"
	"io"
	"time"

	"github.com/duplex-go/duplex"
)

var writerChecks = []check{
	{"writers are served one after the other", writersInTurn},
	{"a writer stops for a reader that does not read", slowReaderStopsWriter},
}

// writersInTurn has several goroutines write records at once. A record of
// which a part stands elsewhere was not written in one piece.
func writersInTurn(t *trial) {
	const writers, records = 8, 8
	a, b := t.pair()
	var calls []*call
	for w := range writers {
		calls = append(calls, t.start("one of several writers", func() (int64, error) {
			for i := range records {
				if _, err := a.Write(record(w, i)); err != nil {
					return 0, err
				}
			}
			return records, nil
		}))
	}
	settle(calls...) // most of them wait, some in the middle of a record
	calls = append(calls, t.start("reading records", func() (int64, error) {
		var last [writers]int
		for range writers * records {
			w, i, err := readRecord(b)
			if err != nil {
				return 0, err
			}
			if w >= writers || i != last[w] {
				return 0, fmt.Errorf("record %d of writer %d came in place of record %d", i, w, last[w])
			}
			last[w]++
		}
		return writers * records, nil
	}))
	t.succeed(serialised, calls...)
}

// record returns the i-th record of writer w: its size, who wrote it, and a
// filling that belongs to nobody else. Some are larger than any buffer of a
// stream in memory.
func record(w, i int) []byte {
	size := 6 + []int{1, 500, 4096, 20_000, 70_000}[(w+i)%5]
	p := make([]byte, size)
	binary.BigEndian.PutUint32(p, uint32(size))
	p[4], p[5] = byte(w), byte(i)
	for j := 6; j < size; j++ {
		p[j] = byte(w<<4 | i)
	}
	return p
}

func readRecord(s duplex.Stream) (w, i int, err error) {
	head := make([]byte, 6)
	if _, err := io.ReadFull(s, head); err != nil {
		return 0, 0, err
	}
	w, i = int(head[4]), int(head[5])
	size := binary.BigEndian.Uint32(head)
	if size < 6 || size > 80_000 {
		return 0, 0, fmt.Errorf("the bytes of two Writes are mixed: a record says it has %d bytes", size)
	}
	body := make([]byte, size-6)
	if _, err := io.ReadFull(s, body); err != nil {
		return 0, 0, err
	}
	for j, c := range body {
		if c != byte(w<<4|i) {
			return 0, 0, fmt.Errorf("the bytes of two Writes are mixed: record %d of writer %d has %#02x at %d of %d", i, w, c, j, size)
		}
	}
	return w, i, nil
}

// slowReaderStopsWriter finds out whether Writes block before MaxBuffered, and
// that what they took then arrives.
func slowReaderStopsWriter(t *trial) {
	a, b := t.pair()
	f := newFlow(0)
	writing := t.floodFor(a, f, longLull)
	before := writing.total.Load()
	reading := t.drain(b, newFlow(0))
	moved := t.start("a Write that waited for its reader", func() (int64, error) {
		for writing.total.Load() == before {
			select {
			case <-writing.done:
				return 0, writing.err
			case <-time.After(time.Millisecond):
			}
		}
		return 0, nil
	})
	t.succeed(bounded, moved)
	ending := t.closeWrite(a) // or nothing, where that is not to be had
	t.returns(ending, writeEnds, "although its peer reads")
	if !canEnd(a) {
		t.returns(t.close(a), closeWakes, "")
	}
	t.returns(writing.call, bounded, "although its stream has ended")
	t.returns(reading, writeEnds, "although its peer has ended")
	t.mayFail(reading.err)
	if canEnd(a) && reading.err == io.EOF && reading.n != writing.n {
		t.broken(eofIsLast, "the peer read %d bytes before io.EOF; Write says that it took %d", reading.n, writing.n)
	}
}
