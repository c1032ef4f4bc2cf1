package duplextest_test

import (
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/duplextest"
)

func TestFaultOfARead(t *testing.T) {
	own := errors.New("an error of one's own")
	for _, c := range []struct {
		kind    duplextest.Kind
		n       int
		err     error
		n2      int // of the call after it
		err2    error
		aborted bool
	}{
		{duplextest.Error, 0, own, 0, own, false},
		{duplextest.Partial, 5, own, 0, own, false},
		{duplextest.Short, 1, nil, 4, nil, false},
		{duplextest.Reset, 0, own, 0, own, true},
	} {
		t.Run(c.kind.String(), func(t *testing.T) {
			a, b := duplex.Pair()
			s := duplextest.Fault{Op: duplextest.OpRead, N: 2, Kind: c.kind, Err: own}.Stream(a)
			defer s.Close()
			read := func(n int, err error) {
				t.Helper()
				if gotN, gotErr := s.Read(make([]byte, 100)); gotN != n || gotErr != err {
					t.Errorf("Read returned %d, %v, want %d, %v", gotN, gotErr, n, err)
				}
			}
			write(t, b, "first")
			read(5, nil)
			write(t, b, "again")
			read(c.n, c.err)
			read(c.n2, c.err2)
			if got := s.Injected(); got != 1 {
				t.Errorf("Injected is %d, want 1", got)
			}
			if _, err := b.Write([]byte("x")); errors.Is(err, duplex.ErrAborted) != c.aborted {
				t.Errorf("the peer's Write returned %v", err)
			}
		})
	}
}

func TestFaultOfAWrite(t *testing.T) {
	for _, c := range []struct {
		kind   duplextest.Kind
		n      int
		failed bool
		peer   string
		end    error
	}{
		{duplextest.Error, 0, true, "first", io.EOF},
		{duplextest.Partial, 3, true, "firstaga", io.EOF},
		{duplextest.Short, 2, false, "firstag", io.EOF},
		{duplextest.Reset, 0, true, "first", duplextest.ErrInjected},
	} {
		t.Run(c.kind.String(), func(t *testing.T) {
			a, b := duplex.Pair()
			s := duplextest.Fault{Op: duplextest.OpWrite, N: 2, Kind: c.kind}.Stream(a)
			write(t, s, "first")
			n, err := s.Write([]byte("again"))
			if n != c.n || (err != nil) != c.failed {
				t.Errorf("Write returned %d, %v", n, err)
			}
			if c.failed {
				if _, again := s.Write([]byte("x")); !errors.Is(err, duplextest.ErrInjected) || again != err {
					t.Errorf("Write returned %v and then %v", err, again)
				}
			}
			s.Close()
			got, err := io.ReadAll(b)
			if c.end == io.EOF {
				c.end = nil
			}
			if string(got) != c.peer || !errors.Is(err, c.end) {
				t.Errorf("the peer got %q, %v", got, err)
			}
		})
	}
}

func TestFaultOfCloseWrite(t *testing.T) {
	for _, kind := range []duplextest.Kind{duplextest.Error, duplextest.Partial} {
		a, b := duplex.Pair()
		s := duplextest.Fault{Op: duplextest.OpCloseWrite, N: 1, Kind: kind}.Stream(a)
		if err := s.CloseWrite(); !errors.Is(err, duplextest.ErrInjected) {
			t.Errorf("%v: CloseWrite returned %v", kind, err)
		}
		_ = b.SetReadDeadline(time.Now())
		_, err := b.Read(make([]byte, 1))
		if ended := kind == duplextest.Partial; !ended && !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%v: the peer's Read returned %v", kind, err)
		}
		s.Close()
	}
}

func TestFaultOfCloseClosesAllTheSame(t *testing.T) {
	for kind := duplextest.Error; kind <= duplextest.Reset; kind++ {
		a, b := duplex.Pair()
		s := duplextest.Fault{Op: duplextest.OpClose, N: 1, Kind: kind}.Stream(a)
		err := s.Close()
		if kind != duplextest.Short && !errors.Is(err, duplextest.ErrInjected) {
			t.Errorf("%v: Close returned %v", kind, err)
		}
		if _, err := s.Read(make([]byte, 1)); !errors.Is(err, net.ErrClosed) {
			t.Errorf("%v: Read after Close returned %v", kind, err)
		}
		if _, err := b.Write([]byte("x")); err == nil {
			t.Errorf("%v: the peer can still write", kind)
		}
	}
}

func TestFaultOfADeadline(t *testing.T) {
	a, _ := duplex.Pair()
	s := duplextest.Fault{Op: duplextest.OpSetDeadline, N: 2}.Stream(a)
	defer s.Close()
	for i, set := range []func(time.Time) error{s.SetReadDeadline, s.SetWriteDeadline, s.SetDeadline} {
		if err := set(time.Now()); errors.Is(err, duplextest.ErrInjected) != (i == 1) {
			t.Errorf("deadline %d: %v", i+1, err)
		}
	}
	if _, err := s.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("Read returned %v", err)
	}
}

func TestFaultOfAnyCallCountsAll(t *testing.T) {
	a, b := duplex.Pair()
	s := duplextest.Fault{N: 3}.Stream(a)
	defer s.Close()
	write(t, b, "x")
	write(t, s, "x")
	if _, err := s.Read(make([]byte, 1)); err != nil {
		t.Errorf("Read, the second call, returned %v", err)
	}
	if err := s.CloseWrite(); !errors.Is(err, duplextest.ErrInjected) {
		t.Errorf("CloseWrite, the third call, returned %v", err)
	}
	if all, writes := s.Calls(duplextest.AnyOp), s.Calls(duplextest.OpWrite); all != 3 || writes != 1 {
		t.Errorf("%d calls and %d writes were counted", all, writes)
	}
}

func TestStallLastsUntilADeadlineOrClose(t *testing.T) {
	for _, op := range []duplextest.Op{duplextest.OpRead, duplextest.OpWrite, duplextest.OpCloseWrite} {
		synctest.Test(t, func(t *testing.T) {
			a, b := duplex.Pair()
			defer b.Close()
			s := duplextest.Fault{Op: op, N: 1, Kind: duplextest.Stall}.Stream(a)
			write(t, b, "something to read")
			call := func() (err error) {
				switch op {
				case duplextest.OpRead:
					_, err = s.Read(make([]byte, 1))
				case duplextest.OpWrite:
					_, err = s.Write([]byte("x"))
				default:
					err = s.CloseWrite()
				}
				return err
			}
			_ = s.SetDeadline(time.Now().Add(time.Hour))
			if err := call(); !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("%v returned %v after its deadline", op, err)
			}
			_ = s.SetDeadline(time.Time{})
			stalled := make(chan error, 1)
			go func() { stalled <- call() }()
			synctest.Wait()
			select {
			case err := <-stalled:
				t.Errorf("%v did not stall again: %v", op, err)
			default:
			}
			s.Close()
			if err := <-stalled; !errors.Is(err, net.ErrClosed) {
				t.Errorf("%v returned %v after Close", op, err)
			}
			if n := s.Injected(); n != 1 {
				t.Errorf("Injected is %d after two stalls of one fault, want 1", n)
			}
		})
	}
}

func write(t *testing.T, w io.Writer, text string) {
	t.Helper()
	if n, err := io.WriteString(w, text); n != len(text) || err != nil {
		t.Fatalf("Write returned %d, %v", n, err)
	}
}
