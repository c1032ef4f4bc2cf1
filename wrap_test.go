package duplex_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/duplex-go/duplex"
)

func TestWrapWithoutHooksKeepsEveryAbility(t *testing.T) {
	for _, kind := range grounds {
		t.Run(kind.name, func(t *testing.T) {
			far, near := kind.ends(t)
			w := duplex.Wrap(near, duplex.Hooks{})
			if w.Unwrap() != near || !duplex.CanCloseWrite(w) {
				t.Error("the stream below is hidden")
			}
			below := near.(net.Conn)
			if w.LocalAddr().String() != below.LocalAddr().String() || w.RemoteAddr().String() != below.RemoteAddr().String() {
				t.Error("the addresses differ")
			}
			_, err := w.SyscallConn()
			if _, has := near.(syscall.Conn); has != (err == nil) {
				t.Errorf("SyscallConn: %v", err)
			}
			noError(t, w.SetReadDeadline(time.Unix(1, 0)))
			wantError(t, oneByte(w), os.ErrDeadlineExceeded)
			if kind.name != "tls" { // where a late write ends the stream
				noError(t, w.SetDeadline(time.Unix(1, 0)))
				wantError(t, oneByteTo(w), os.ErrDeadlineExceeded)
			}
			noError(t, w.SetDeadline(time.Time{}))
			send(t, w, "there")
			receive(t, far, "there")
			noError(t, w.CloseWrite())
			receiveEnd(t, far, "")
			send(t, far, "back")
			receive(t, w, "back")
			noError(t, w.Close())
			wantError(t, oneByte(w), net.ErrClosed)
		})
	}
}

func TestWrapSaysWhatItsStreamLacks(t *testing.T) {
	w := duplex.Wrap(struct{ duplex.Stream }{}, duplex.Hooks{})
	_, err := w.SyscallConn()
	wantError(t, err, errors.ErrUnsupported)
	wantError(t, w.SetDeadline(time.Now()), os.ErrNoDeadline)
	noError(t, w.Flush())
	x, _ := wholePair()
	if duplex.CanCloseWrite(duplex.Wrap(x, duplex.Hooks{})) {
		t.Error("a wrapper half-closes what cannot")
	}
	if !duplex.CanCloseWrite(duplex.Wrap(x, duplex.Hooks{CloseWrite: func() error { return nil }})) {
		t.Error("a hook for CloseWrite does not count")
	}
}

func TestWrapCallsItsHooks(t *testing.T) {
	x, far := duplex.Pair()
	var calls []string
	note := func(call string) { calls = append(calls, call) }
	w := duplex.Wrap(x, duplex.Hooks{
		Read: func(p []byte) (int, error) {
			note("Read")
			n, err := x.Read(p)
			return copy(p, bytes.ToUpper(p[:n])), err
		},
		Write:      func(p []byte) (int, error) { note("Write"); return x.Write(bytes.ToUpper(p)) },
		CloseWrite: func() error { note("CloseWrite"); return x.CloseWrite() },
		Close:      func() error { note("Close"); return x.Close() },
	})
	send(t, far, "in")
	receive(t, w, "IN")
	send(t, w, "out")
	_, err := w.ReadFrom(bytes.NewReader([]byte("more")))
	noError(t, err)
	noError(t, w.CloseWrite())
	receiveEnd(t, far, "OUTMORE")
	send(t, far, "rest")
	noError(t, far.CloseWrite())
	var rest bytes.Buffer
	_, err = w.WriteTo(&rest)
	noError(t, err)
	if rest.String() != "REST" {
		t.Errorf("WriteTo gave %q past the hook", rest.String())
	}
	noError(t, w.Close())
	want := []string{"Read", "Write", "Write", "CloseWrite", "Read", "Read", "Close"}
	if len(calls) != len(want) {
		t.Fatalf("calls: %v, want %v", calls, want)
	}
	for i := range want {
		if calls[i] != want[i] {
			t.Fatalf("calls: %v, want %v", calls, want)
		}
	}
}

func TestWrapAbortReachesTheStreamAndFreesTheWrapper(t *testing.T) {
	cause := errors.New("enough")
	x, far := duplex.Pair()
	freed := 0
	w := duplex.Wrap(x, duplex.Hooks{Close: func() error { freed++; return x.Close() }})
	noError(t, duplex.Abort(duplex.NewConn(w), cause))
	wantError(t, oneByte(far), duplex.ErrAborted, cause)
	if freed != 1 {
		t.Errorf("the Close hook was called %d times", freed)
	}
}

func TestWrapCopiesThePlainSideAroundAHook(t *testing.T) {
	x, far := duplex.Pair()
	reads := 0
	w := duplex.Wrap(x, duplex.Hooks{Read: func(p []byte) (int, error) { reads++; return x.Read(p) }})
	n, err := w.ReadFrom(io.LimitReader(endlessZeros{}, 10)) // the writing side has no hook
	noError(t, err)
	if n != 10 || reads != 0 {
		t.Errorf("%d bytes after %d reads", n, reads)
	}
	receive(t, far, string(make([]byte, 10)))
	noError(t, w.Close())
}
