package ws

import (
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// turn is the right to read the connection, and the deadline of Reads. One at a
// time has it: a Read, whoever watches while nobody reads, or the closing
// handshake. A Read does not wait for the watcher to hear something: it calls it
// off.
//
// The deadline is on the connection only while a Read is reading there.
type turn struct {
	wire    *wire
	reading sync.Mutex   // the right itself
	wanted  atomic.Int32 // who asks for it before the watcher

	mu   sync.Mutex
	who  reader
	at   time.Time // the deadline of Reads
	put  time.Time // what is on the connection
	last time.Time // the deadline of the closing handshake
	shut bool      // nobody but the closing handshake reads any more
}

// reader is what the connection is read for.
type reader int

const (
	nobody reader = iota
	user          // a Read
	watcher
	closer // the closing handshake
)

// take takes the right for a Read or the closing handshake.
func (t *turn) take() {
	t.wanted.Add(1)
	if t.reading.TryLock() {
		return
	}
	t.mu.Lock()
	if t.who == watcher {
		t.bound(longAgo)
	}
	t.mu.Unlock()
	t.reading.Lock()
}

// give gives it back.
func (t *turn) give() {
	t.reading.Unlock()
	t.wanted.Add(-1)
}

// begin begins to read; the right is held. It fails with os.ErrDeadlineExceeded
// for a Read whose deadline has passed, and with net.ErrClosed for who is not to
// read any more.
func (t *turn) begin(who reader) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	var at time.Time
	switch {
	case who != closer && t.shut, who == watcher && t.wanted.Load() > 0:
		return net.ErrClosed
	case who == user && !t.at.IsZero():
		if at = t.at; !time.Now().Before(at) {
			return os.ErrDeadlineExceeded
		}
	case who == closer:
		at = t.last
	}
	t.bound(at)
	t.who = who
	return nil
}

// finish ends what begin began.
func (t *turn) finish() {
	t.mu.Lock()
	t.who = nobody
	t.mu.Unlock()
}

// bound puts a deadline on the connection, which fails on a closed one only, as
// reading it then does; mu is held.
func (t *turn) bound(at time.Time) {
	if at != t.put {
		t.put = at
		_ = t.wire.SetReadDeadline(at)
	}
}

// limit moves the deadline, of a Read that is under way too.
func (t *turn) limit(at time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.at = at
	if t.who == user {
		t.bound(at)
	}
}

// stop ends Reads and watching. The closing handshake may read until last.
func (t *turn) stop(last time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.shut, t.last = true, last
	if t.who == user || t.who == watcher {
		t.bound(longAgo)
	}
}
