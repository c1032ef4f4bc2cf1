package flow

import (
	"bytes"
	"sync"
	"testing"

	"github.com/duplex-go/duplex"
)

// wire carries the messages of one side to the other, in a goroutine of its own.
type wire struct {
	from, to *Stream
	wake     chan struct{} // of capacity 1
	// pass, if set, says what becomes of a message: it may be lost, come twice or
	// with others. Nil brings every message.
	pass func(m []byte) [][]byte
}

func (w *wire) run(stop <-chan struct{}) {
	for {
		for m := w.from.Next(); m != nil; m = w.from.Next() {
			m = bytes.Clone(m) // it is valid until the next call only
			if w.pass == nil {
				_ = w.to.Receive(m)
				continue
			}
			for _, m := range w.pass(m) {
				_ = w.to.Receive(m)
			}
		}
		select {
		case <-w.wake:
		case <-stop:
			return
		}
	}
}

// link is two streams and what is between them.
type link struct {
	a, b   *Stream
	ab, ba *wire
	stop   chan struct{}
	tasks  sync.WaitGroup
}

// newLink connects two streams with these configurations; start has it carry.
func newLink(ca, cb Config) *link {
	l := &link{ab: &wire{wake: make(chan struct{}, 1)}, ba: &wire{wake: make(chan struct{}, 1)}, stop: make(chan struct{})}
	ready := func(w *wire) func(*Stream) {
		return func(*Stream) {
			select {
			case w.wake <- struct{}{}:
			default:
			}
		}
	}
	l.a, l.b = New(ca, ready(l.ab)), New(cb, ready(l.ba))
	l.ab.from, l.ab.to, l.ba.from, l.ba.to = l.a, l.b, l.b, l.a
	return l
}

func (l *link) start() {
	l.tasks.Go(func() { l.ab.run(l.stop) })
	l.tasks.Go(func() { l.ba.run(l.stop) })
}

// close ends the carrying.
func (l *link) close() {
	close(l.stop)
	l.tasks.Wait()
}

// connected returns two streams that are connected until the end of the test.
func connected(t *testing.T, c Config) (a, b duplex.Stream) {
	l := newLink(c, c)
	l.start()
	t.Cleanup(l.close)
	return l.a, l.b
}
