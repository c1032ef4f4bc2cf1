package endpoint

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/duplex-go/duplex"
)

// tlsStream is a TLS connection that tells a cut from an end, and that a write
// deadline leaves whole.
//
// Go's own takes the end of the connection below it between two records for
// an end of what is said on it, although anybody on the way can bring that
// about. Only a close_notify is an end. And Go's own is broken once a deadline
// has ended a write.
type tlsStream struct {
	*tls.Conn
	below  *tlsBelow
	closed atomic.Bool

	writers  atomic.Int32 // Writes under way
	writing  sync.Mutex
	deadline atomic.Pointer[time.Time] // of writes; nil is none
}

// shake makes a TLS connection of c. It closes c if that fails.
func shake(ctx context.Context, c net.Conn, config *tls.Config, side func(net.Conn, *tls.Config) *tls.Conn) (*tlsStream, error) {
	below := &tlsBelow{Conn: c}
	s := &tlsStream{Conn: side(below, config), below: below}
	if err := s.HandshakeContext(ctx); err != nil {
		_ = c.Close()
		return nil, err
	}
	return s, nil
}

// Read reads like a tls.Conn, but for a cut. Once that has read a close_notify
// it reads no more from below, so whatever comes there is not mistaken.
func (s *tlsStream) Read(p []byte) (int, error) {
	n, err := s.Conn.Read(p)
	switch {
	case err == nil:
	case s.closed.Load():
		err = duplex.ErrClosed
	case err == io.EOF && s.below.ended.Load():
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// longestRecord is how much of what is written goes into one record at most
// (RFC 8446, section 5.1).
const longestRecord = 16 << 10

// Write writes like a tls.Conn, but for a deadline. A record that it cuts off
// counts as written, and its rest goes out before anything else does.
func (s *tlsStream) Write(p []byte) (n int, err error) {
	s.writers.Add(1)
	defer s.writers.Add(-1)
	s.writing.Lock()
	defer s.writing.Unlock()
	for {
		if d := s.deadline.Load(); d != nil && !time.Now().Before(*d) {
			return n, &net.OpError{Op: "write", Net: s.LocalAddr().Network(), Source: s.LocalAddr(), Addr: s.RemoteAddr(), Err: os.ErrDeadlineExceeded}
		}
		if err := s.below.flush(); err != nil {
			return n, s.why(err)
		}
		piece := p[n:min(len(p), n+longestRecord)]
		written, err := s.Conn.Write(piece)
		n += written
		if err == nil {
			err = s.below.kept()
		}
		if err != nil || n == len(p) {
			return n, s.why(err)
		}
	}
}

// why says why a write failed.
func (s *tlsStream) why(err error) error {
	if err != nil && s.closed.Load() {
		return duplex.ErrClosed
	}
	return err
}

// CloseWrite ends the writing with a close_notify. If a deadline has cut off a
// write, what is kept of it goes out before, within the deadline of now.
func (s *tlsStream) CloseWrite() error {
	s.writing.Lock()
	defer s.writing.Unlock()
	if err := s.below.flush(); err != nil {
		return s.why(err)
	}
	return errors.Join(s.Conn.CloseWrite(), s.below.kept()) // TLS has a deadline of its own for it
}

// SetDeadline sets the deadlines of reads and writes.
func (s *tlsStream) SetDeadline(t time.Time) error {
	return errors.Join(s.SetReadDeadline(t), s.SetWriteDeadline(t))
}

// SetWriteDeadline sets the deadline of pending and later writes. After one that
// it ended the stream can be written to as before.
func (s *tlsStream) SetWriteDeadline(t time.Time) error {
	if t.IsZero() {
		s.deadline.Store(nil)
	} else {
		s.deadline.Store(&t)
	}
	return s.Conn.SetWriteDeadline(t)
}

// Close ends the writing, if that is still to be done, and closes the
// connection. A Write that is under way is cut off, and with it the connection.
func (s *tlsStream) Close() error {
	s.closed.Store(true)
	if s.writers.Load() > 0 {
		err := s.below.Close() // nothing else can be sent
		_ = s.Conn.Close()
		return err
	}
	return errors.Join(s.Conn.Close(), s.below.kept())
}

// Abort cuts the connection without a close_notify.
func (s *tlsStream) Abort(cause error) error {
	s.closed.Store(true)
	return duplex.Abort(duplex.FromConn(s.below.Conn), cause)
}
