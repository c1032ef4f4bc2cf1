package duplextest

import (
	"cmp"
	"testing"
	"time"

	"github.com/duplex-go/duplex"
)

// Stream checks that the streams made by makePair keep the contract of package
// duplex. makePair returns the two connected ends of a new stream; it is called
// many times, and Stream closes what it returns. What else it starts it stops
// with t.Cleanup. The ends take turns in every role.
//
// A message names the sentence of the contract that was broken. Every subtest
// also fails if it leaves goroutines or descriptors behind; see [NoLeaks].
//
// Stream is Suite{}.Stream: a stream that cannot keep all of the contract
// says so in a [Suite].
func Stream(t *testing.T, makePair func(t *testing.T) (a, b duplex.Stream)) {
	t.Helper()
	Suite{}.Stream(t, makePair)
}

// Suite says what to expect of a stream. The zero value expects all of the
// contract.
//
// Two things are found out by asking and need no field: a stream without
// half-close says so (duplex.CanCloseWrite), and then has to refuse CloseWrite
// with duplex.ErrNoCloseWrite; one whose deadline methods are missing, or fail
// with os.ErrNoDeadline, has no deadlines and is not tested for them.
type Suite struct {
	// NoAbort says that the peer may take an abort for an end. The reason
	// can only be that what is below cannot tell them apart, as with a Unix
	// socket.
	NoAbort bool

	// Cause says that the peer of an aborted stream gets the cause, as often
	// as it asks, and that the stream's own calls return it too. Streams
	// inside one process can do that.
	Cause bool

	// ReadTimeoutFinal says that a read which a deadline ended may have been
	// the last one, as with the decoders of the standard library.
	ReadTimeoutFinal bool

	// WriteTimeoutFinal says that a write which a deadline ended may have been
	// the last one, as with a TLS connection.
	WriteTimeoutFinal bool

	// MaxBuffered is how many bytes a writer may get rid of while its peer
	// reads nothing. Zero means 64 MiB, more than what the sockets of any
	// system hold.
	MaxBuffered int64

	// Patience is how long a call that has to return may take. Zero means ten
	// seconds.
	Patience time.Duration
}

// Stream runs the contract with these expectations; see the function [Stream].
func (s Suite) Stream(t *testing.T, makePair func(t *testing.T) (a, b duplex.Stream)) {
	t.Helper()
	s.MaxBuffered = cmp.Or(s.MaxBuffered, 64<<20)
	s.Patience = cmp.Or(s.Patience, 10*time.Second)
	for _, swapped := range []bool{false, true} {
		name := "a to b"
		if swapped {
			name = "b to a"
		}
		t.Run(name, func(t *testing.T) {
			for _, c := range checks() {
				t.Run(c.name, func(t *testing.T) {
					NoLeaks(t) // its check comes after the closing of all streams
					c.run(&trial{T: t, Suite: s, makePair: makePair, swapped: swapped})
				})
			}
		})
	}
}

// check is one behaviour that the contract asks for.
type check struct {
	name string
	run  func(*trial)
}

func checks() []check {
	var all []check
	for _, some := range [][]check{
		byteChecks, endChecks, closeChecks, abortChecks, deadlineChecks, writerChecks,
	} {
		all = append(all, some...)
	}
	return all
}

// trial is one run of one check.
type trial struct {
	*testing.T
	Suite
	makePair func(t *testing.T) (a, b duplex.Stream)
	swapped  bool
}

// pair makes a stream that is closed when the check is over.
func (t *trial) pair() (a, b duplex.Stream) {
	t.Helper()
	a, b = t.makePair(t.T)
	if a == nil || b == nil {
		t.Fatal("duplextest: makePair returned a nil stream")
	}
	if t.swapped {
		a, b = b, a
	}
	t.Cleanup(func() {
		// By an abort, since a close may have to wait for a peer that does not
		// read: TLS writes a last record.
		for _, s := range []duplex.Stream{a, b} {
			c := t.start("Close", func() (int64, error) {
				_ = duplex.Abort(s, nil)
				return 0, s.Close()
			})
			if !t.inTime(c) {
				t.Errorf("duplextest: Close did not return within %v", t.Patience)
			}
		}
	})
	return a, b
}

// broken reports that the stream does not keep r.
func (t *trial) broken(r rule, format string, args ...any) {
	t.Helper()
	t.Errorf("duplextest: "+format+"\n\tbroken rule: %s", append(args, r)...)
}

// fatal is like broken and ends the check.
func (t *trial) fatal(r rule, format string, args ...any) {
	t.Helper()
	t.broken(r, format, args...)
	t.FailNow()
}

// needsEnd skips the check if s cannot end one direction.
func (t *trial) needsEnd(streams ...duplex.Stream) {
	t.Helper()
	for _, s := range streams {
		if !duplex.CanCloseWrite(s) {
			t.Skipf("a %T cannot half-close, and says so", s)
		}
	}
}
