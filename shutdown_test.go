package duplex_test

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/duplex-go/duplex"
)

func TestShutdownEndsDrainsAndCloses(t *testing.T) {
	for _, kind := range grounds {
		t.Run(kind.name, func(t *testing.T) {
			far, near := kind.ends(t)
			send(t, near, "last words")
			down := background(func() error { return duplex.Shutdown(t.Context(), near) })
			receiveEnd(t, far, "last words")
			send(t, far, strings.Repeat("nobody reads this any more", 10_000))
			noError(t, far.CloseWrite())
			noError(t, within(t, "Shutdown", down))
			wantError(t, oneByteTo(near), net.ErrClosed)
		})
	}
}

func TestShutdownLosesNothingThatThePeerHasNotReadYet(t *testing.T) {
	far, near := tcpEnds(t)
	send(t, far, "a request that is not read to its end")
	send(t, near, string(pattern(300_000)))
	down := background(func() error { return duplex.Shutdown(t.Context(), near) })
	receiveEnd(t, far, string(pattern(300_000))) // a plain Close could reset it
	noError(t, far.CloseWrite())
	noError(t, within(t, "Shutdown", down))
}

func TestShutdownIsCutShortByItsContext(t *testing.T) {
	cause := errors.New("no more time")
	synctest.Test(t, func(t *testing.T) {
		for _, blocked := range []string{"drain", "trailer"} {
			ctx, cancel := context.WithCancelCause(t.Context())
			near, far := duplex.PairConfig{HighWaterMark: 4}.Pair()
			var s duplex.Stream = near
			if blocked == "trailer" { // which does not fit
				s = duplex.Layer(near, stdGzip)
			}
			down := background(func() error { return duplex.Shutdown(ctx, s) })
			synctest.Wait()
			cancel(cause)
			wantError(t, <-down, cause)
			wantError(t, oneByteTo(near), net.ErrClosed)
			wantError(t, oneByteTo(far), duplex.ErrPeerClosed)
		}
	})
}

func TestShutdownReturnsHowItFailed(t *testing.T) {
	cause := errors.New("gone")
	a, b := duplex.Pair()
	noError(t, b.Abort(cause))
	wantError(t, duplex.Shutdown(t.Context(), a), cause)
	wantError(t, oneByte(a), net.ErrClosed)
	wantError(t, duplex.Shutdown(t.Context(), a), net.ErrClosed)
}

func TestShutdownOfAStreamThatCannotHalfCloseClosesIt(t *testing.T) {
	x, a := wholePair()
	noError(t, duplex.Shutdown(t.Context(), x))
	wantError(t, oneByte(a), io.EOF)
}

func TestShutdownOfASocketThatIsOverIsNoFailure(t *testing.T) {
	far, near := tcpEnds(t)
	noError(t, near.CloseWrite())
	receiveEnd(t, far, "")
	noError(t, far.Close())
	receiveEnd(t, near, "")
	noError(t, duplex.Shutdown(t.Context(), near)) // the kernel says ENOTCONN here
}
