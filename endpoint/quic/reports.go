package quic

import (
	"context"
	"encoding/binary"
	"errors"
	"io"

	"github.com/quic-go/quic-go"
)

const (
	withCause   = 1 << 63   // in the number of a stream, of which there are 2^62
	mostPending = 128 << 10 // bytes that wait for a peer that reads no reports, before causes are left out
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
		id, cause, err := readReport(r)
		if errors.Is(err, errReport) {
			_ = n.CloseWithError(codeAborted, err.Error())
		}
		if err != nil {
			return
		}
		n.peerDone(id, cause)
	}
}

// errReport is why a connection is given up whose peer reports garbage.
var errReport = errors.New("the peer has reported a cause that is longer than any")

func readReport(r io.Reader) (id quic.StreamID, cause string, err error) {
	var head [8]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return 0, "", err
	}
	number := binary.BigEndian.Uint64(head[:])
	if number&withCause == 0 {
		return quic.StreamID(number), "", nil
	}
	if _, err := io.ReadFull(r, head[:2]); err != nil {
		return 0, "", err
	}
	size := binary.BigEndian.Uint16(head[:2])
	if size > MaxCause {
		return 0, "", errReport
	}
	text := make([]byte, size)
	_, err = io.ReadFull(r, text)
	return quic.StreamID(number &^ withCause), string(text), err
}

func appendReport(b []byte, id quic.StreamID, cause string) []byte {
	if cause == "" || len(b) > mostPending {
		return binary.BigEndian.AppendUint64(b, uint64(id))
	}
	b = binary.BigEndian.AppendUint64(b, uint64(id)|withCause)
	b = binary.BigEndian.AppendUint16(b, uint16(len(cause)))
	return append(b, cause...)
}

// peerDone notes that the peer is done with a stream, and why if it has aborted
// it.
func (n *conn) peerDone(id quic.StreamID, cause string) {
	n.mu.Lock()
	s := n.streams[id]
	if s == nil {
		// A report may overtake the goroutine that accepts the stream.
		if !n.dialled && id%4 == 0 && id >= n.next && len(n.early) < perConn {
			if n.early == nil {
				n.early = make(map[quic.StreamID]string)
			}
			n.early[id] = cause
		}
		n.mu.Unlock()
		return
	}
	s.hear(cause)
	over := n.forget(s)
	n.mu.Unlock()
	if over {
		n.finish()
	}
}

// hear notes that the peer is done with the stream; the connection's lock is
// held.
func (s *stream) hear(cause string) {
	if cause != "" && s.cause == "" {
		s.cause = cause
		close(s.explained)
	}
	if !s.heard {
		s.heard = true
		close(s.delivered)
	}
}

// report tells the peer that we are done with a stream, and why if cause is not
// empty. It does not wait.
func (n *conn) report(id quic.StreamID, cause string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.lost {
		return // there is nobody to tell
	}
	n.pending = appendReport(n.pending, id, cause)
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
