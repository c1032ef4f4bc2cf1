package duplextest

import (
	"errors"
	"net"
	"os"
	"time"

	"github.com/duplex-go/duplex"
)

var deadlineChecks = []check{
	{"a read deadline that has passed", readDeadlinePassed},
	{"a read deadline to come", readDeadlineToCome},
	{"a read deadline set while a Read waits", readDeadlineWhileReading},
	{"a read deadline taken back", readDeadlineTakenBack},
	{"a read deadline leaves writes alone", readDeadlineLeavesWrites},
	{"a write deadline", writeDeadline},
	{"a write deadline leaves reads alone", writeDeadlineLeavesReads},
	{"SetDeadline is for both directions", deadlineForBoth},
}

// deadliner is a stream with deadlines, as net.Conn has them.
type deadliner interface {
	SetDeadline(time.Time) error
	SetReadDeadline(time.Time) error
	SetWriteDeadline(time.Time) error
}

// deadlines returns the deadline methods of s, if they do something.
func deadlines(s duplex.Stream) (deadliner, bool) {
	d, ok := s.(deadliner)
	if !ok {
		return nil, false
	}
	err := d.SetDeadline(time.Time{})
	return d, !errors.Is(err, os.ErrNoDeadline) && !errors.Is(err, errors.ErrUnsupported)
}

// deadlined makes a stream whose first end has deadlines, or skips the check.
func (t *trial) deadlined() (a, b duplex.Stream, d deadliner) {
	t.Helper()
	a, b = t.pair()
	d, ok := deadlines(a)
	if !ok {
		t.Skipf("a %T has no deadlines", a)
	}
	return a, b, d
}

var longAgo = time.Unix(1, 0)

// soon is when a deadline comes that a call has to wait for.
func soon() time.Time { return time.Now().Add(lull) }

// set fails if a deadline cannot be set.
func (t *trial) set(err error) {
	t.Helper()
	if err != nil {
		t.fatal(onTime, "setting a deadline returned %v", err)
	}
}

// timesOut waits for c, which a deadline has to end.
func (t *trial) timesOut(c *call) {
	t.Helper()
	t.returns(c, onTime, "after its deadline")
	var timeout net.Error
	switch {
	case !errors.Is(c.err, os.ErrDeadlineExceeded):
		t.broken(onTime, "%s returned %v after its deadline, want an error that matches os.ErrDeadlineExceeded", c.what, c.err)
	case !errors.As(c.err, &timeout) || !timeout.Timeout():
		t.broken(onTime, "the error of %s after its deadline, a %T, has no Timeout() that is true", c.what, c.err)
	}
}

// readsOn checks that a still gets what b sends, if the suite says so.
func (t *trial) readsOn(a, b duplex.Stream, d deadliner) {
	t.Helper()
	if t.ReadTimeoutFinal {
		return
	}
	t.set(d.SetReadDeadline(time.Time{}))
	t.succeed(onTime,
		t.send(b, newFlow(1), 1000, each(1000), false),
		t.receive(a, newFlow(1), 1000, each(1000), false))
}

func readDeadlinePassed(t *trial) {
	for _, when := range []time.Time{longAgo, time.Now().Add(-time.Nanosecond), time.Now()} {
		a, b, d := t.deadlined()
		t.set(d.SetReadDeadline(when))
		for range 2 {
			c := t.read(a)
			t.timesOut(c)
			if t.ReadTimeoutFinal {
				break
			}
		}
		t.readsOn(a, b, d)
	}
}

func readDeadlineToCome(t *trial) {
	a, b, d := t.deadlined()
	t.set(d.SetReadDeadline(soon()))
	t.timesOut(t.read(a))
	t.readsOn(a, b, d)
}

func readDeadlineWhileReading(t *trial) {
	for _, when := range []func() time.Time{func() time.Time { return longAgo }, time.Now, soon} {
		a, b, d := t.deadlined()
		reading := t.read(a)
		t.blocks(reading, ioWord)
		t.set(d.SetReadDeadline(when()))
		t.timesOut(reading)
		t.readsOn(a, b, d)
	}
}

func readDeadlineTakenBack(t *trial) {
	a, b, d := t.deadlined()
	t.set(d.SetReadDeadline(longAgo))
	t.set(d.SetReadDeadline(time.Time{}))
	reading := t.read(a)
	t.blocks(reading, onTime)
	t.set(d.SetReadDeadline(time.Now().Add(time.Hour)))
	t.blocks(reading, onTime)
	t.succeed(onTime, t.send(b, newFlow(1), 1, each(1), false), reading)
}

func readDeadlineLeavesWrites(t *trial) {
	a, b, d := t.deadlined()
	t.set(d.SetReadDeadline(longAgo))
	t.timesOut(t.read(a))
	end := canEnd(a)
	t.succeed(onTime,
		t.send(a, newFlow(0), 100_000, each(9000), end),
		t.receive(b, newFlow(0), 100_000, each(9000), end))
}

// writeDeadline ends Writes that wait for a slow peer. What they say they took
// is what the peer gets, and the stream goes on from there.
func writeDeadline(t *trial) {
	for _, when := range []func() time.Time{func() time.Time { return longAgo }, time.Now, soon} {
		a, b, d := t.deadlined()
		f := newFlow(0)
		writing := t.flood(a, f)
		t.set(d.SetWriteDeadline(when()))
		t.timesOut(writing.call)
		t.timesOut(t.write(a)) // the deadline stays
		if t.WriteTimeoutFinal {
			continue
		}
		t.set(d.SetWriteDeadline(time.Time{}))
		total := f.count + 1000
		end := canEnd(a)
		t.succeed(onTime,
			t.send(a, f, 1000, each(100), end),
			t.receive(b, newFlow(0), total, each(32<<10), end))
	}
}

func writeDeadlineLeavesReads(t *trial) {
	a, b, d := t.deadlined()
	t.set(d.SetWriteDeadline(longAgo))
	reading := t.receive(a, newFlow(1), 100_000, each(9000), false)
	t.succeed(onTime, reading, t.send(b, newFlow(1), 100_000, each(9000), false))
	t.timesOut(t.write(a))
	if t.WriteTimeoutFinal {
		return
	}
	t.set(d.SetWriteDeadline(time.Time{}))
	t.succeed(onTime,
		t.send(a, newFlow(0), 1000, each(100), false),
		t.receive(b, newFlow(0), 1000, each(100), false))
}

func deadlineForBoth(t *trial) {
	a, b, d := t.deadlined()
	reading, writing := t.read(a), t.flood(a, newFlow(0)).call
	t.set(d.SetDeadline(longAgo))
	t.timesOut(reading)
	t.timesOut(writing)
	t.set(d.SetDeadline(time.Time{}))
	t.readsOn(a, b, d)
}
