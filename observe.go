package duplex

import (
	"errors"
	"fmt"
	"net"
	"sync"
	"time"
)

// Observer is told of streams and joins: [Joiner], [Server] and [Conn.Observe]
// take one. Nothing of it costs anything while bytes move: what an Observer
// wants to know of them it samples, by the methods of what it was told of.
//
// The calls about one stream or join come one at a time, in this order: Opened,
// Ended twice, Closed. They come from the goroutines that serve it, which wait
// for them: an Observer that blocks holds that one up, and no other, and it must
// not itself close or use what the call is about. Those about different ones may
// come at once.
type Observer interface {
	// Opened is called before the first byte.
	Opened(o *Observed)
	// Ended is called when a direction is over. It has ended in order if
	// d.Reason is Ended or Stopped; otherwise it was cut, for d.Err if that is
	// known.
	Ended(o *Observed, w Way, d Direction)
	// Closed is called when both directions are over and nothing is left; err
	// is what failed, or nil.
	Closed(o *Observed, err error)
}

// Observers is an Observer that tells several, in turn.
type Observers []Observer

// Opened tells all.
func (list Observers) Opened(o *Observed) {
	for _, each := range list {
		each.Opened(o)
	}
}

// Ended tells all.
func (list Observers) Ended(o *Observed, w Way, d Direction) {
	for _, each := range list {
		each.Ended(o, w, d)
	}
}

// Closed tells all.
func (list Observers) Closed(o *Observed, err error) {
	for _, each := range list {
		each.Closed(o, err)
	}
}

// Way is one of the two directions of what is observed.
type Way uint8

const (
	// AB is from the first stream of a join to the second, or from a stream's
	// peer to the program.
	AB Way = iota
	// BA is the opposite.
	BA
)

// String returns the way in words: "a to b" or "b to a".
func (w Way) String() string {
	switch w {
	case AB:
		return "a to b"
	case BA:
		return "b to a"
	}
	return fmt.Sprintf("Way(%d)", uint8(w))
}

// ObservedKind is what is observed.
type ObservedKind uint8

const (
	// ObservedStream is one stream, between its peer and the program.
	ObservedStream ObservedKind = iota
	// ObservedJoin is a join of two streams.
	ObservedJoin
)

// String returns "stream" or "join".
func (k ObservedKind) String() string {
	switch k {
	case ObservedStream:
		return "stream"
	case ObservedJoin:
		return "join"
	}
	return fmt.Sprintf("ObservedKind(%d)", uint8(k))
}

// Observed is a stream or a join under observation. Any goroutine may call its
// methods, at any time, also after it was closed: its numbers stand still then.
// It keeps what it is about from being collected.
type Observed struct {
	Kind ObservedKind
	// A and B are the two ends. Of a stream, A is its peer, and B the program
	// itself.
	A, B  ObservedEnd
	Began time.Time

	ends [2]Stream     // A's and B's; the second is nil for a stream
	dirs *[2]direction // of a join
	conn *Conn         // of a stream

	mu     sync.Mutex // held while the observer is told, one thing after the other
	told   [2]bool    // guarded by mu: Ended has been called
	closed bool       // guarded by mu
}

// ObservedEnd says what one end of something observed is.
type ObservedEnd struct {
	Name string // what the program calls it; may be empty
	Addr string // its peer's address; empty if it has none
}

// addressed returns the end that s is.
func addressed(s Stream, name string) ObservedEnd {
	e := ObservedEnd{Name: name}
	switch a := remoteAddr(s).(type) {
	case nil, unknownAddr, pairAddr:
	case *net.UnixAddr: // of who dialled; that has no name of its own
		if a != nil {
			e.Addr = a.String()
		}
	default:
		e.Addr = a.String()
	}
	return e
}

// observe tells the Joiner's observer, if there is one, that m begins.
func (m *merge) observe() {
	if m.Observer == nil {
		return
	}
	a, b := m.dirs[AB].src, m.dirs[BA].src
	m.observed = &Observed{
		Kind:  ObservedJoin,
		A:     addressed(a, m.Names[0]),
		B:     addressed(b, m.Names[1]),
		Began: time.Now(),
		ends:  [2]Stream{a, b},
		dirs:  &m.dirs,
	}
	m.Observer.Opened(m.observed)
}

// over tells the observer that d is over.
func (m *merge) over(d *direction) {
	o := m.observed
	if o == nil {
		return
	}
	w := AB
	if d == &m.dirs[BA] {
		w = BA
	}
	m.mu.Lock()
	result := d.result
	m.mu.Unlock()
	result.Bytes = d.moved.Load()
	d.reason.Store(uint32(result.Reason))
	o.mu.Lock()
	defer o.mu.Unlock()
	m.Observer.Ended(o, w, result)
}

// closed tells the observer that m is over.
func (m *merge) closed() {
	o := m.observed
	if o == nil {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	m.Observer.Closed(o, m.err)
}

// Observe tells obs of c from now on. name is what the program calls the
// stream; it may be empty. Call it once, before c is used.
func (c *Conn) Observe(obs Observer, name string) {
	o := &Observed{
		Kind:  ObservedStream,
		A:     addressed(c.below, name),
		Began: time.Now(),
		ends:  [2]Stream{c.below, nil},
		conn:  c,
	}
	obs.Opened(o)
	c.mu.Lock()
	c.observer, c.observed = obs, o
	c.mu.Unlock()
	c.tell(obs, o) // it may be over already
}

// tell tells obs what is over of c and has not been told.
func (c *Conn) tell(obs Observer, o *Observed) {
	o.mu.Lock()
	defer o.mu.Unlock()
	c.mu.Lock()
	read, written, shut := c.readEnd, c.writeEnd, c.isShut
	c.mu.Unlock()
	if read.set && !o.told[AB] {
		o.told[AB] = true
		obs.Ended(o, AB, read.direction(c.BytesRead(), ReadFailed))
	}
	if written.set && !o.told[BA] {
		o.told[BA] = true
		obs.Ended(o, BA, written.direction(c.BytesWritten(), WriteFailed))
	}
	if !shut || o.closed || !o.told[AB] || !o.told[BA] {
		return
	}
	o.closed = true
	err := closeCause(read.err)
	if err == nil {
		err = closeCause(written.err)
	}
	obs.Closed(o, err)
}

// direction returns what l says of a direction that has moved n bytes.
func (l *latch) direction(n int64, failed Reason) Direction {
	d := Direction{Bytes: n, Reason: l.reason(failed)}
	if d.Reason != Ended {
		d.Err = closeCause(l.err)
	}
	return d
}

// reason returns how the direction stands that l is about.
func (l *latch) reason(failed Reason) Reason {
	switch {
	case !l.set:
		return Running
	case l.err == nil:
		return Ended
	case isClosed(l.err):
		return Dropped
	}
	return failed
}

// isClosed reports whether err is what a close by this side left.
func isClosed(err error) bool { return errors.Is(err, ErrClosed) }

// closeCause returns what went wrong where err is what ended a direction: the
// cause of an abort, and nothing where this side only closed it.
func closeCause(err error) error {
	if err == ErrClosed {
		return nil
	}
	var both interface{ Unwrap() []error }
	if isClosed(err) && errors.As(err, &both) {
		if list := both.Unwrap(); len(list) == 2 && list[0] == ErrClosed { // see closedError
			return list[1]
		}
	}
	return err
}
