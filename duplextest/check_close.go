package duplextest

import (
	"errors"
	"io"
	"net"
	"time"

	"github.com/duplex-go/duplex"
)

var closeChecks = []check{
	{"Close unblocks a Read", closeUnblocksRead},
	{"Close unblocks a Write", closeUnblocksWrite},
	{"calls after Close say so", callsAfterClose},
	{"Close twice is harmless", closeTwice},
	{"the end after Close comes after the last byte", endAfterClose},
	{"Close frees the peer's calls", closeFreesPeer},
	{"Close at the same time as everything", closeAmidEverything},
}

func (t *trial) close(s duplex.Stream) *call {
	return t.start("Close", func() (int64, error) { return 0, s.Close() })
}

// closed fails if err, of the call what, does not say that the stream is
// closed.
func (t *trial) closed(what string, err error) {
	t.Helper()
	if !errors.Is(err, net.ErrClosed) {
		t.broken(closedCalls, "%s on a closed stream returned %v, want an error that matches net.ErrClosed", what, err)
	}
}

func closeUnblocksRead(t *trial) {
	for i := range 10 {
		a, _ := t.pair()
		reading := t.read(a)
		if i == 0 {
			t.blocks(reading, ioWord)
		}
		t.returns(t.close(a), closeWakes, "while a Read was pending")
		t.returns(reading, closeWakes, "after Close")
		t.closed("a pending Read", reading.err)
	}
}

func closeUnblocksWrite(t *trial) {
	a, _ := t.pair()
	writing := t.flood(a, newFlow(0))
	t.returns(t.close(a), closeWakes, "while a Write was pending")
	t.returns(writing.call, closeWakes, "after Close")
	t.closed("a pending Write", writing.err)
}

func callsAfterClose(t *trial) {
	a, b := t.pair()
	t.offer(b, newFlow(1), 1000) // waits unread
	t.offer(a, newFlow(0), 1000)
	t.returns(t.close(a), closeWakes, "")
	for range 2 {
		for _, c := range []*call{t.read(a), t.write(a)} {
			t.returns(c, closedCalls, "after Close")
			t.closed(c.what, c.err)
			if c.n != 0 {
				t.broken(closedCalls, "%s on a closed stream returned %d bytes", c.what, c.n)
			}
		}
	}
	end := t.closeWrite(a)
	t.returns(end, closedCalls, "after Close")
	if end.err != nil && canEnd(a) {
		t.closed("CloseWrite", end.err)
	}
	if d, ok := deadlines(a); ok {
		for _, set := range []func(time.Time) error{d.SetDeadline, d.SetReadDeadline, d.SetWriteDeadline} {
			if err := set(time.Now().Add(time.Hour)); err != nil {
				t.closed("a deadline", err)
			}
		}
	}
}

func closeTwice(t *trial) {
	a, b := t.pair()
	t.returns(t.close(a), closeWakes, "")
	var again []*call
	for range 4 {
		again = append(again, t.close(a))
	}
	for _, c := range again {
		t.returns(c, closeWakes, "the second time")
		if c.err != nil {
			t.closed("Close", c.err)
		}
	}
	t.returns(t.close(b), closeWakes, "after its peer's Close")
}

// endAfterClose closes a stream with bytes on their way. Whether the peer gets
// them is not promised, but io.EOF would say that it did.
func endAfterClose(t *trial) {
	for _, size := range []int{0, 1, 1000, 30_000} {
		for _, unread := range []bool{false, true} {
			a, b := t.pair()
			if unread { // makes a TCP connection reset in place of ending
				t.offer(b, newFlow(1), 10)
				// A Write of b after the reset would take the error from its
				// Read, on Linux: here it is over, but for what nobody buffers.
				t.succeed(inOrder, t.receive(a, newFlow(1), 1, each(1), false))
			}
			writing := t.offer(a, newFlow(0), size)
			t.returns(t.close(a), closeWakes, "")
			t.returns(writing, closeWakes, "after Close")
			reading := t.drain(b, newFlow(0))
			t.returns(reading, closeWakes, "after the peer's Close")
			// A Write that Close has ended has said that it failed; how much of
			// it a codec below has sent it may not know.
			if reading.err == io.EOF && writing.err == nil && reading.n != writing.n {
				t.broken(eofIsLast, "the peer of a closed stream got io.EOF after %d of %d bytes", reading.n, writing.n)
			}
			t.mayFail(reading.err)
		}
	}
}

// mayFail fails if err, which ended a drain, is the check's own.
func (t *trial) mayFail(err error) {
	t.Helper()
	if errors.As(err, new(wrongByte)) || errors.Is(err, errNoBytes) {
		t.broken(inOrder, "%v", err)
	}
}

func closeFreesPeer(t *trial) {
	a, b := t.pair()
	writing := t.flood(b, newFlow(1))
	t.returns(t.close(a), closeWakes, "")
	t.returns(writing.call, bounded, "although its peer has closed")

	a, b = t.pair()
	reading := t.drain(b, newFlow(0))
	t.returns(t.close(a), closeWakes, "")
	t.returns(reading, eofIsLast, "although the peer has closed")
}

func closeAmidEverything(t *trial) {
	for range 10 {
		a, b := t.pair()
		var calls []*call
		pump := func(s duplex.Stream) {
			calls = append(calls,
				t.start("a loop of Reads", func() (int64, error) {
					_, err := io.Copy(io.Discard, onlyReader{s})
					return 0, err
				}),
				t.start("a loop of Writes", func() (int64, error) {
					for {
						if _, err := s.Write(tape[:3001]); err != nil {
							return 0, err
						}
					}
				}))
		}
		pump(a)
		pump(b)
		calls = append(calls, t.closeWrite(a), t.close(a), t.close(a), t.closeWrite(a))
		if d, ok := deadlines(a); ok {
			calls = append(calls, t.start("SetDeadline", func() (int64, error) {
				return 0, d.SetDeadline(time.Now().Add(time.Hour))
			}))
		}
		for _, c := range calls {
			t.returns(c, closeWakes, "after Close")
		}
		for _, c := range []*call{t.read(a), t.write(a)} {
			t.returns(c, closedCalls, "after Close")
			t.closed(c.what, c.err)
		}
	}
}

// onlyReader hides that a stream has WriteTo.
type onlyReader struct{ io.Reader }
