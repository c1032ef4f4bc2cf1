package duplextest

import (
	"errors"
	"io"

	"github.com/duplex-go/duplex"
)

var abortChecks = []check{
	{"an abort unblocks pending calls", abortUnblocks},
	{"an abort is no end for the peer", abortIsNoEnd},
	{"an abort is no end for a peer that has ended", abortAfterPeersEnd},
	{"an abort ends a pending Read of the peer", abortEndsPeersRead},
	{"an abort ends a pending Write of the peer", abortEndsPeersWrite},
	{"the first cause is kept", firstCauseIsKept},
}

// errCause is what checks abort with.
var errCause = errors.New("the cause of the abort")

func (t *trial) abort(s duplex.Stream) *call {
	return t.start("duplex.Abort", func() (int64, error) { return 0, duplex.Abort(s, errCause) })
}

// tells skips a check of what a peer sees of an abort.
func (t *trial) tells() {
	t.Helper()
	if t.NoAbort {
		t.Skip("the stream's peer cannot tell an abort from an end (Suite.NoAbort)")
	}
}

// seen fails if err is not what the peer of an aborted stream may get.
func (t *trial) seen(what string, err error) {
	t.Helper()
	switch {
	case err == nil:
		t.broken(eofIsLast, "%s succeeded after the peer's abort", what)
	case errors.Is(err, io.EOF):
		t.broken(eofIsLast, "%s returned io.EOF after the peer's abort", what)
	case t.Cause && !errors.Is(err, errCause):
		t.broken(firstError, "%s returned %v after the peer's abort, want an error that wraps the cause", what, err)
	}
	t.mayFail(err)
}

func abortUnblocks(t *trial) {
	a, _ := t.pair()
	reading := t.read(a)
	writing := t.flood(a, newFlow(0)).call
	t.returns(t.abort(a), closeWakes, "")
	for _, c := range []*call{reading, writing} {
		t.returns(c, closeWakes, "after an abort")
	}
	for _, c := range []*call{reading, writing, t.read(a), t.write(a)} {
		t.returns(c, closedCalls, "after an abort")
		t.closed(c.what, c.err)
		if t.Cause && !errors.Is(c.err, errCause) {
			t.broken(firstError, "%s returned %v after an abort, want an error that wraps the cause", c.what, c.err)
		}
	}
	t.returns(t.close(a), closeWakes, "after an abort")
}

func abortIsNoEnd(t *trial) {
	t.tells()
	for _, size := range []int{0, 1, 1000, 30_000} {
		a, b := t.pair()
		t.offer(a, newFlow(0), size)
		t.returns(t.abort(a), closeWakes, "")
		reading := t.drain(b, newFlow(0))
		t.returns(reading, eofIsLast, "after the peer's abort")
		t.seen("Read", reading.err)
	}
}

func abortAfterPeersEnd(t *trial) {
	t.tells()
	a, b := t.pair()
	t.needsEnd(b)
	t.succeed(writeEnds,
		t.send(b, newFlow(1), 1000, each(1000), true),
		t.receive(a, newFlow(1), 1000, each(1000), true))
	t.offer(a, newFlow(0), 1000)
	t.returns(t.abort(a), closeWakes, "")
	reading := t.drain(b, newFlow(0))
	t.returns(reading, eofIsLast, "after the peer's abort")
	t.seen("Read", reading.err)
}

func abortEndsPeersRead(t *trial) {
	t.tells()
	a, b := t.pair()
	reading := t.read(b)
	t.blocks(reading, ioWord)
	t.returns(t.abort(a), closeWakes, "")
	t.returns(reading, eofIsLast, "after the peer's abort")
	t.seen("Read", reading.err)
}

func abortEndsPeersWrite(t *trial) {
	a, b := t.pair()
	writing := t.flood(b, newFlow(1))
	t.returns(t.abort(a), closeWakes, "")
	t.returns(writing.call, bounded, "although its peer has aborted")
	if t.Cause {
		t.seen("Write", writing.err)
	}
}

// firstCauseIsKept aborts and closes again and again; what the first abort said
// stands.
func firstCauseIsKept(t *trial) {
	if !t.Cause {
		t.Skip("the stream does not pass causes on (Suite.Cause is not set)")
	}
	a, b := t.pair()
	t.returns(t.abort(a), closeWakes, "")
	again := t.start("duplex.Abort", func() (int64, error) { return 0, duplex.Abort(a, errors.New("a later cause")) })
	t.returns(again, closeWakes, "the second time")
	t.returns(t.close(a), closeWakes, "after an abort")
	for range 2 {
		for _, c := range []*call{t.read(b), t.write(b)} {
			t.returns(c, eofIsLast, "after the peer's abort")
			t.seen(c.what, c.err)
		}
		for _, c := range []*call{t.read(a), t.write(a)} {
			t.returns(c, closedCalls, "after an abort")
			if !errors.Is(c.err, errCause) {
				t.broken(firstError, "%s returned %v, want the first abort's cause", c.what, c.err)
			}
		}
	}
}
