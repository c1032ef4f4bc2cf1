package endpoint

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"sync/atomic"

	"github.com/duplex-go/duplex"
)

// tlsStream is a TLS connection that tells a cut from an end.
//
// Go's own takes the end of the connection below it between two records for
// an end of what is said on it, although anybody on the way can bring that
// about. Only a close_notify is an end.
type tlsStream struct {
	*tls.Conn
	below  *endWatch
	closed atomic.Bool
}

// endWatch is the connection below TLS; it notes its end.
type endWatch struct {
	net.Conn
	ended atomic.Bool
}

func (w *endWatch) Read(p []byte) (int, error) {
	n, err := w.Conn.Read(p)
	if err == io.EOF {
		w.ended.Store(true)
	}
	return n, err
}

// shake makes a TLS connection of c. It closes c if that fails.
func shake(ctx context.Context, c net.Conn, config *tls.Config, side func(net.Conn, *tls.Config) *tls.Conn) (*tlsStream, error) {
	below := &endWatch{Conn: c}
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

// Close ends the writing, if that is still to be done, and closes the
// connection.
func (s *tlsStream) Close() error {
	s.closed.Store(true)
	return s.Conn.Close()
}

// Abort cuts the connection without a close_notify.
func (s *tlsStream) Abort(cause error) error {
	s.closed.Store(true)
	return duplex.Abort(duplex.FromConn(s.below.Conn), cause)
}
