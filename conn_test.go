package duplex_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/duplex-go/duplex"
)

func TestConnIsMadeOnce(t *testing.T) {
	a, _ := duplex.Pair()
	c := duplex.NewConn(a)
	if duplex.NewConn(c) != c {
		t.Error("a Conn is wrapped again")
	}
	if c.Unwrap() != duplex.Stream(a) {
		t.Error("the stream below is not to be had")
	}
}

func TestConnCountsEveryWay(t *testing.T) {
	a, x := duplex.Pair()
	c := duplex.NewConn(x)
	check := func(what string, read, written int64) {
		t.Helper()
		if c.BytesRead() != read || c.BytesWritten() != written {
			t.Errorf("after %s: %d read and %d written, want %d and %d", what, c.BytesRead(), c.BytesWritten(), read, written)
		}
	}
	send(t, a, "0123456789")
	receive(t, c, "01234")
	check("Read", 5, 0)
	c.Unread([]byte("34"))
	check("Unread", 3, 0)
	receive(t, c, "3456")
	check("Read again", 7, 0)
	send(t, c, "abc")
	check("Write", 7, 3)
	_, err := c.WriteBuffers([]byte("d"), nil, []byte("ef"))
	noError(t, err)
	check("WriteBuffers", 7, 6)
	_, err = c.ReadFrom(bytes.NewReader([]byte("ghij")))
	noError(t, err)
	check("ReadFrom", 7, 10)
	c.Cork()
	send(t, c, "kl")
	check("Write under a cork", 7, 10)
	noError(t, c.Uncork())
	check("Uncork", 7, 12)
	noError(t, a.CloseWrite())
	_, err = c.WriteTo(io.Discard)
	noError(t, err)
	check("WriteTo", 10, 12)
	receive(t, a, "abcdefghijkl")
}

func TestConnCountsOnlyWhatAFailedWriteTook(t *testing.T) {
	x, _ := duplex.PairConfig{HighWaterMark: 4}.Pair()
	c := duplex.NewConn(x)
	noError(t, c.SetWriteDeadline(time.Now().Add(10*time.Millisecond)))
	n, err := c.Write([]byte("0123456789"))
	wantError(t, err, os.ErrDeadlineExceeded)
	if n != 4 || c.BytesWritten() != 4 {
		t.Errorf("%d taken and %d counted, want 4", n, c.BytesWritten())
	}
}

func TestConnUnreadComesFirstForEveryReader(t *testing.T) {
	for name, readAll := range map[string]func(c *duplex.Conn) ([]byte, error){
		"Read": func(c *duplex.Conn) ([]byte, error) { return io.ReadAll(struct{ io.Reader }{c}) },
		"WriteTo": func(c *duplex.Conn) ([]byte, error) {
			var b bytes.Buffer
			_, err := c.WriteTo(&b)
			return b.Bytes(), err
		},
		"Chunks": func(c *duplex.Conn) (all []byte, _ error) {
			for p, err := range duplex.Chunks(c) {
				if err != nil {
					return all, err
				}
				all = append(all, p...)
			}
			return all, nil
		},
		"Handler": func(c *duplex.Conn) (all []byte, _ error) {
			duplex.Handle(c, duplex.Handler{Data: func(_ *duplex.Conn, p []byte) { all = append(all, p...) }})
			return all, c.Wait(context.Background())
		},
		"Pipeline": func(c *duplex.Conn) ([]byte, error) {
			var b bytes.Buffer
			err := duplex.Pipeline(context.Background(), duplex.From(c), duplex.To(&b))
			return b.Bytes(), err
		},
	} {
		t.Run(name, func(t *testing.T) {
			a, x := duplex.Pair()
			c := duplex.NewConn(x)
			send(t, a, "345")
			noError(t, a.CloseWrite())
			kept := []byte("12")
			c.Unread(kept)
			c.Unread([]byte("0"))
			copy(kept, "xx") // it keeps a copy
			got, err := readAll(c)
			noError(t, err)
			if string(got) != "012345" {
				t.Errorf("read %q", got)
			}
			if c.BytesRead() != 3 {
				t.Errorf("%d bytes counted, want the 3 that the stream gave", c.BytesRead())
			}
		})
	}
}

func TestConnWaitsForBothDirections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, x := duplex.Pair()
		c := duplex.NewConn(x)
		waits := background(func() error { return c.Wait(t.Context()) })
		noError(t, a.CloseWrite())
		wantError(t, oneByte(c), io.EOF)
		noError(t, c.WaitRead(t.Context()))
		synctest.Wait()
		select {
		case err := <-waits:
			t.Fatalf("Wait returned %v with one direction open", err)
		default:
		}
		noError(t, c.CloseWrite())
		noError(t, <-waits)
		noError(t, c.Close())
		noError(t, c.Wait(t.Context())) // what is over stays as it was
	})
}

func TestConnWaitSaysHowADirectionFailed(t *testing.T) {
	cause := errors.New("cause")
	for _, tc := range []struct {
		name string
		do   func(a *duplex.PairEnd, c *duplex.Conn)
		want error
	}{
		{"closed here", func(a *duplex.PairEnd, c *duplex.Conn) { c.Close() }, net.ErrClosed},
		{"aborted here", func(a *duplex.PairEnd, c *duplex.Conn) { c.Abort(cause) }, cause},
		{"aborted here without a cause", func(a *duplex.PairEnd, c *duplex.Conn) { c.Abort(nil) }, duplex.ErrAborted},
		{"aborted there", func(a *duplex.PairEnd, c *duplex.Conn) { a.Abort(cause); oneByte(c); oneByteTo(c) }, cause},
		{"no reader there", func(a *duplex.PairEnd, c *duplex.Conn) {
			a.Close()
			oneByte(c)
			oneByteTo(c)
		}, duplex.ErrPeerClosed},
	} {
		t.Run(tc.name, func(t *testing.T) {
			a, x := duplex.Pair()
			c := duplex.NewConn(x)
			tc.do(a, c)
			wantError(t, c.Wait(t.Context()), tc.want)
		})
	}
}

func TestConnDeadlinesEndNoDirection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, x := duplex.PairConfig{HighWaterMark: 1}.Pair()
		c := duplex.NewConn(x)
		noError(t, c.SetDeadline(time.Now().Add(time.Second)))
		wantError(t, oneByte(c), os.ErrDeadlineExceeded)
		_, err := c.Write([]byte("xx"))
		wantError(t, err, os.ErrDeadlineExceeded)
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, errors.New("still open"))
		defer cancel()
		if err := c.WaitRead(ctx); err.Error() != "still open" {
			t.Errorf("reading: %v", err)
		}
		if err := c.WaitWrite(ctx); err.Error() != "still open" {
			t.Errorf("writing: %v", err)
		}
	})
}

func TestConnEndingTwiceIsHarmlessOnASocketThatIsOver(t *testing.T) {
	x, far := tcpEnds(t)
	c := duplex.NewConn(x)
	noError(t, c.CloseWrite())
	receiveEnd(t, far, "")
	noError(t, far.Close())
	receiveEnd(t, c, "")
	noError(t, c.CloseWrite()) // the kernel says ENOTCONN here
	noError(t, c.Wait(t.Context()))
	noError(t, c.Close())
	wantError(t, c.CloseWrite(), net.ErrClosed)
}

func TestConnKeepsTheAbilitiesOfASocket(t *testing.T) {
	x, _ := tcpEnds(t)
	c := duplex.NewConn(x)
	if c.LocalAddr() != x.LocalAddr() || c.RemoteAddr() != x.RemoteAddr() {
		t.Error("the addresses differ")
	}
	raw, err := c.SyscallConn()
	noError(t, err)
	called := false
	noError(t, raw.Control(func(uintptr) { called = true }))
	if !called || !duplex.CanCloseWrite(c) {
		t.Error("an ability is lost")
	}
}

func TestConnSaysWhatItsStreamLacks(t *testing.T) {
	c := duplex.NewConn(struct{ duplex.Stream }{})
	_, err := c.SyscallConn()
	wantError(t, err, errors.ErrUnsupported)
	wantError(t, c.SetDeadline(time.Now()), os.ErrNoDeadline)
	if c.LocalAddr().Network() != "stream" {
		t.Error("an address comes from nowhere")
	}
}

func TestConnThatCannotHalfCloseStaysOpenForWrites(t *testing.T) {
	x, a := wholePair()
	c := duplex.NewConn(x)
	wantError(t, c.CloseWrite(), duplex.ErrNoCloseWrite)
	send(t, c, "still here")
	receive(t, a, "still here")
}

func TestConnFlushReachesTheLayerBelow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x, y := layers(stdGzip)
		c := duplex.NewConn(duplex.Wrap(x, duplex.Hooks{}))
		send(t, c, "through")
		c.Cork()
		send(t, c, " a cork")
		noError(t, c.Flush())
		receive(t, y, "through a cork")
	})
}

func TestConnAbortResetsATCPPeer(t *testing.T) {
	x, far := tcpEnds(t)
	c := duplex.NewConn(duplex.Wrap(x, duplex.Hooks{}))
	noError(t, c.Abort(errors.New("enough")))
	wantError(t, untilError(far), syscall.ECONNRESET)
	wantError(t, oneByte(c), net.ErrClosed)
}

func TestConnGivesNothingBackAfterClose(t *testing.T) {
	a, _ := duplex.Pair()
	c := duplex.NewConn(a)
	c.Unread([]byte("text"))
	noError(t, c.Close())
	wantError(t, oneByte(c), net.ErrClosed)
}

func TestConnWaitReturnsWhatWentWrongFirst(t *testing.T) {
	a, x := duplex.Pair()
	c := duplex.NewConn(x)
	noError(t, a.CloseRead())
	wantError(t, oneByteTo(c), duplex.ErrPeerClosed)
	noError(t, c.Close()) // which ends the reading
	wantError(t, c.Wait(t.Context()), duplex.ErrPeerClosed)
}

// Whoever asks for the cause of ctx's end wants to know that it was not the
// stream that was over.
func TestConnWaitTellsTheEndOfItsContextFromAnEndOfTheStream(t *testing.T) {
	a, x := duplex.Pair()
	c := duplex.NewConn(x)
	noError(t, x.CloseRead())
	wantError(t, oneByte(c), net.ErrClosed)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	wantError(t, c.Wait(ctx), context.Canceled)
	noError(t, a.Close())
}

func TestConnTakesAnyErrorOfItsStream(t *testing.T) {
	s := &liar{read: func([]byte) (int, error) { return 0, errors.Join(duplex.ErrClosed) }}
	c := duplex.Handle(s, duplex.Handler{})
	wantError(t, c.Wait(t.Context()), duplex.ErrClosed)
}
