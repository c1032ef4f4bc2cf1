package duplex

import (
	"context"
	"errors"
	"io"
	"syscall"
)

// Shutdown closes s in order: it ends the writing direction, reads and drops
// what the peer still sends until the peer ends too, and then closes s. A plain
// Close with bytes unread resets a TCP connection, which can destroy what the
// peer has not read yet.
//
// When ctx ends first, s is closed at once and the error is the context's
// cause. A stream that cannot half-close is only closed.
func Shutdown(ctx context.Context, s Stream) error {
	if !CanCloseWrite(s) {
		return s.Close()
	}
	finished := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(finished)
		_ = s.Close()
	})
	err := s.CloseWrite()
	if err == nil || notConnected(err) { // over already: the read says how
		if err = drain(s); err == io.EOF {
			err = nil
		}
	}
	if !stop() {
		<-finished
		return context.Cause(ctx)
	}
	return errors.Join(err, s.Close())
}

// notConnected reports whether err is what CloseWrite says on a socket that is
// over. A socket that was ended before is that as soon as its peer ends too, so
// that a second CloseWrite must not take it for a failure.
func notConnected(err error) bool { return errors.Is(err, syscall.ENOTCONN) }
