package quic

import (
	"sync"
	"time"

	"github.com/quic-go/quic-go"
)

// conn is a QUIC connection with the streams on it.
type conn struct {
	*quic.Conn
	dialled bool
	refused func() // called if what was sent early is not taken
	done    func() // called once the connection is over and nothing of it runs any more
	tasks   sync.WaitGroup

	mu      sync.Mutex
	streams map[quic.StreamID]*stream // not closed, or not known to be done at the peer
	early   map[quic.StreamID]report  // of streams that have not been added
	next    quic.StreamID             // the number of the next stream that the peer opens
	open    int                       // streams that are not closed
	lone    bool                      // no stream will be added
	lost    bool                      // the connection is over
	reports *quic.SendStream          // of what we have done with
	pending []byte                    // of reports
	sending bool
	linger  *time.Timer
}

func newConn(c *quic.Conn, dialled bool, refused, done func()) *conn {
	n := &conn{Conn: c, dialled: dialled, refused: refused, done: done, streams: make(map[quic.StreamID]*stream)}
	n.tasks.Go(n.hear)
	return n
}

// add makes a stream of the connection of s, unless no stream is to be added.
func (n *conn) add(s *quic.Stream) *stream {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.lone {
		return nil
	}
	t := &stream{Stream: s, conn: n, delivered: make(chan struct{}), explained: make(chan struct{}), gone: make(chan struct{})}
	id := s.StreamID()
	n.streams[id] = t
	n.open++
	if !n.dialled {
		n.next = id + 4
		if r, ok := n.early[id]; ok {
			delete(n.early, id)
			t.heed(r)
		}
	}
	if n.linger != nil {
		n.linger.Stop()
		n.linger = nil
	}
	return t
}

// forget drops a stream that both sides are done with, and reports whether the
// connection then has done its work. n.mu is held.
func (n *conn) forget(s *stream) bool {
	if s.shut && s.heard && !s.unheard {
		delete(n.streams, s.StreamID())
	}
	return n.over()
}

// over reports whether the connection has done its work: that is for the dialler
// to say, or for a listener that has closed. n.mu is held.
func (n *conn) over() bool {
	return len(n.streams) == 0 && (n.dialled || n.lone)
}

// finish closes a connection that has done its work.
func (n *conn) finish() {
	n.mu.Lock()
	if !n.over() {
		n.mu.Unlock()
		return
	}
	n.lone = true
	n.mu.Unlock()
	_ = n.CloseWithError(codeClosed, "")
}

// close notes that a stream has been closed here. A connection that then has
// none left is closed when the peer is done too and has heard of every abort, or
// after lingerTime.
func (n *conn) close(s *stream) {
	n.mu.Lock()
	s.shut = true
	n.open--
	over := n.forget(s)
	if n.open == 0 && !over && (n.dialled || n.lone) && n.linger == nil {
		n.linger = time.AfterFunc(lingerTime, func() { _ = n.CloseWithError(codeClosed, "") })
	}
	n.mu.Unlock()
	if over {
		n.finish()
	}
}

// leave adds no more streams, and closes the connection once those of now are
// done.
func (n *conn) leave() {
	n.mu.Lock()
	n.lone = true
	over := n.over()
	n.mu.Unlock()
	if over {
		n.finish()
	}
}

// watch waits until the connection is over, and nothing of it runs any more.
func (n *conn) watch() {
	<-n.Context().Done()
	n.mu.Lock()
	n.lone, n.lost = true, true
	n.mu.Unlock()
	n.tasks.Wait()
	n.mu.Lock()
	if n.linger != nil {
		n.linger.Stop()
	}
	n.mu.Unlock()
	n.done()
}
