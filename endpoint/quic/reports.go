package quic

import (
	"context"
	"encoding/binary"
	"errors"
	"io"

	"github.com/quic-go/quic-go"
)

// What is in the number of a stream, of which there are 2^62, beside it.
const (
	isAbort = 1 << 63
	isKnown = 1 << 62
)

// mostPending is how many bytes may wait for a peer that reads no reports, before
// what can be left out is.
const mostPending = 128 << 10

// report is what one side tells the other of a stream.
type report struct {
	id    quic.StreamID
	what  news
	cause string // of an abort; may be empty
}

// news is what a report says.
type news uint8

const (
	isDone     news = iota // whoever reports has read to the end, or closed
	isAborted              // whoever reports has aborted
	abortHeard             // an abort of the other side's has been heard
)

// hear reads what the peer reports: which streams it is done with, and why it
// has aborted one.
func (n *conn) hear() {
	r, err := n.AcceptUniStream(context.Background())
	if errors.Is(err, quic.Err0RTTRejected) {
		n.refused()
		_ = n.CloseWithError(codeClosed, errEarly.Error())
	}
	if err != nil {
		return
	}
	for {
		told, err := readReport(r)
		if errors.Is(err, errReport) {
			_ = n.CloseWithError(codeAborted, err.Error())
		}
		if err != nil {
			return
		}
		n.heed(told)
	}
}

// errReport is why a connection is given up whose peer reports garbage.
var errReport = errors.New("the peer has reported a cause that is longer than any, or what nobody reports")

func readReport(r io.Reader) (report, error) {
	var head [8]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return report{}, err
	}
	number := binary.BigEndian.Uint64(head[:])
	told := report{id: quic.StreamID(number &^ (isAbort | isKnown))}
	switch {
	case number&isAbort == 0:
		if number&isKnown != 0 {
			told.what = abortHeard
		}
		return told, nil
	case number&isKnown != 0:
		return report{}, errReport
	}
	told.what = isAborted
	if _, err := io.ReadFull(r, head[:2]); err != nil {
		return report{}, err
	}
	size := binary.BigEndian.Uint16(head[:2])
	if size > MaxCause {
		return report{}, errReport
	}
	text := make([]byte, size)
	_, err := io.ReadFull(r, text)
	told.cause = string(text)
	return told, err
}

func appendReport(b []byte, r report) []byte {
	number := uint64(r.id)
	switch r.what {
	case isAborted:
		number |= isAbort
	case abortHeard:
		if len(b) > mostPending {
			return b // the peer waits for it, a minute at most
		}
		number |= isKnown
	}
	b = binary.BigEndian.AppendUint64(b, number)
	if r.what != isAborted {
		return b
	}
	if len(b) > mostPending {
		r.cause = ""
	}
	b = binary.BigEndian.AppendUint16(b, uint16(len(r.cause)))
	return append(b, r.cause...)
}

// heed notes what the peer has reported of a stream. An abort is answered, since
// the connection may be closed no sooner.
func (n *conn) heed(r report) {
	if r.what == isAborted {
		defer n.report(report{id: r.id, what: abortHeard})
	}
	n.mu.Lock()
	s := n.streams[r.id]
	if s == nil {
		// A report may overtake the goroutine that accepts the stream.
		if !n.dialled && r.id%4 == 0 && r.id >= n.next && len(n.early) < perConn {
			if n.early == nil {
				n.early = make(map[quic.StreamID]report)
			}
			n.early[r.id] = r
		}
		n.mu.Unlock()
		return
	}
	s.heed(r)
	over := n.forget(s)
	n.mu.Unlock()
	if over {
		n.finish()
	}
}

// heed notes what the peer has reported; the connection's lock is held.
func (s *stream) heed(r report) {
	switch {
	case r.what == abortHeard:
		s.unheard = false
		return
	case r.what == isAborted && !s.struck:
		s.struck, s.cause = true, r.cause
		close(s.explained)
	}
	if !s.heard {
		s.heard = true
		close(s.delivered)
	}
}

// reportAbort tells the peer that a stream has been aborted here, which then is
// kept until the peer has answered.
func (n *conn) reportAbort(s *stream, cause string) {
	n.mu.Lock()
	s.unheard = true
	n.mu.Unlock()
	n.report(report{id: s.StreamID(), what: isAborted, cause: cause})
}

// report tells the peer of a stream. It does not wait.
func (n *conn) report(r report) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.lost {
		return // there is nobody to tell
	}
	n.pending = appendReport(n.pending, r)
	if !n.sending {
		n.sending = true
		n.tasks.Go(n.send)
	}
}

func (n *conn) send() {
	n.mu.Lock()
	defer n.mu.Unlock()
	for len(n.pending) > 0 {
		p, w := n.pending, n.reports
		n.pending = nil
		n.mu.Unlock()
		var err error
		if w == nil {
			w, err = n.OpenUniStream()
		}
		if err == nil {
			_, err = w.Write(p)
		}
		n.mu.Lock()
		n.reports = w
		if err != nil {
			break // the connection is over
		}
	}
	n.sending = false
}
