package duplex_test

import (
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/duplex-go/duplex"
)

func TestAbortShowsThePeerAnErrorOnEveryKindOfStream(t *testing.T) {
	cause := errors.New("cause")
	wraps := map[string]func(duplex.Stream) duplex.Stream{
		"bare":    func(s duplex.Stream) duplex.Stream { return s },
		"Conn":    func(s duplex.Stream) duplex.Stream { return duplex.NewConn(s) },
		"Wrapped": func(s duplex.Stream) duplex.Stream { return duplex.Wrap(s, duplex.Hooks{}) },
		"Layered": func(s duplex.Stream) duplex.Stream { return duplex.Layer(s, stdXor) },
		"foreign": func(s duplex.Stream) duplex.Stream { return foreign{s} },
	}
	for _, kind := range grounds {
		for name, wrap := range wraps {
			t.Run(kind.name+", "+name, func(t *testing.T) {
				far, near := kind.ends(t)
				s := wrap(near)
				send(t, far, "unread") // so that a Unix socket's peer is reset too
				noError(t, duplex.Abort(s, cause))
				err := untilError(far)
				switch kind.name {
				case "pair":
					wantError(t, err, duplex.ErrAborted, cause)
				case "tls":
					if err == io.EOF {
						t.Error("a cut reads as a clean end")
					}
				default:
					wantError(t, err, syscall.ECONNRESET)
				}
				if err := oneByte(near); !errors.Is(err, net.ErrClosed) {
					t.Errorf("the stream's own read: %v", err)
				}
			})
		}
	}
}

// foreign is a wrapper of somebody else, which can be looked through.
type foreign struct{ duplex.Stream }

func (f foreign) Unwrap() duplex.Stream { return f.Stream }

func TestAbortOfTLSOverATCPConnectionWithNothingUnreadIsNoEnd(t *testing.T) {
	far, near := tlsEnds(t)
	noError(t, duplex.Abort(near, nil))
	if err := untilError(far); err == io.EOF {
		t.Error("a cut reads as a clean end")
	}
}

func TestAbortTwiceIsHarmless(t *testing.T) {
	_, near := tcpEnds(t)
	noError(t, duplex.Abort(near, nil))
	if err := duplex.Abort(near, nil); err != nil && !errors.Is(err, net.ErrClosed) {
		t.Error(err)
	}
}

func TestAbortOfAnyOtherStreamClosesIt(t *testing.T) {
	a, b := duplex.Pair()
	noError(t, duplex.Abort(struct{ duplex.Stream }{a}, errors.New("cannot be told")))
	wantError(t, oneByte(b), io.EOF)
}

func TestFromConnAdaptsOnlyWhatMustBe(t *testing.T) {
	a, b := duplex.Pair()
	if s := duplex.FromConn(a); s != duplex.Stream(a) {
		t.Error("a stream is adapted")
	}
	s := duplex.FromConn(struct{ net.Conn }{a})
	if duplex.CanCloseWrite(s) || duplex.CanCloseWrite(foreign{s}) || !duplex.CanCloseWrite(b) {
		t.Error("CanCloseWrite is wrong")
	}
	wantError(t, s.CloseWrite(), duplex.ErrNoCloseWrite, errors.ErrUnsupported)
	send(t, s, "still open") // no silent no-op, and no close
	receive(t, b, "still open")
	noError(t, s.Close())
	wantError(t, oneByte(b), io.EOF)
}

func TestCombineEndsAndClosesEachSide(t *testing.T) {
	var calls []string
	note := func(call string) io.Closer {
		return closerFunc(func() error { calls = append(calls, call); return nil })
	}
	type reader struct {
		io.Reader
		io.Closer
	}
	type writer struct {
		io.Writer
		io.Closer
	}
	var out strings.Builder
	s := duplex.Combine(reader{strings.NewReader("in"), note("reader")}, writer{&out, note("writer")})
	if !duplex.CanCloseWrite(s) {
		t.Error("it cannot half-close")
	}
	send(t, s, "out")
	noError(t, s.CloseWrite())
	noError(t, s.CloseWrite())
	receive(t, s, "in")
	noError(t, s.Close())
	noError(t, s.Close())
	if out.String() != "out" || strings.Join(calls, " ") != "writer reader" {
		t.Errorf("%q was written; closed: %v", out.String(), calls)
	}
}

func TestCombineOfAWriterThatCannotEndSaysSo(t *testing.T) {
	s := duplex.Combine(strings.NewReader("in"), io.Discard)
	if duplex.CanCloseWrite(s) {
		t.Error("it says that it can half-close")
	}
	wantError(t, s.CloseWrite(), duplex.ErrNoCloseWrite)
	receiveEnd(t, s, "in")
	noError(t, s.Close())
}

func TestCombineReturnsEveryErrorOfItsClose(t *testing.T) {
	rerr, werr := errors.New("reader"), errors.New("writer")
	s := duplex.Combine(struct {
		io.Reader
		io.Closer
	}{nil, closerFunc(func() error { return rerr })}, struct {
		io.Writer
		io.Closer
	}{nil, closerFunc(func() error { return werr })})
	for range 2 {
		wantError(t, s.Close(), rerr, werr)
	}
}

func TestCombineHasTheDeadlinesOfItsSides(t *testing.T) {
	r, w, err := os.Pipe()
	noError(t, err)
	s := duplex.Combine(r, w).(interface {
		duplex.Stream
		SetDeadline(time.Time) error
		SetReadDeadline(time.Time) error
	})
	noError(t, s.SetReadDeadline(time.Unix(1, 0)))
	wantError(t, oneByte(s), os.ErrDeadlineExceeded)
	noError(t, s.SetDeadline(time.Time{}))
	send(t, s, "around")
	receive(t, s, "around")
	noError(t, s.Close())

	none := duplex.Combine(strings.NewReader(""), io.Discard).(interface{ SetDeadline(time.Time) error })
	wantError(t, none.SetDeadline(time.Now()), os.ErrNoDeadline, errors.ErrUnsupported)
}
