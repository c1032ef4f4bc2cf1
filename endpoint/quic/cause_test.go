package quic_test

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/endpoint"
	"github.com/duplex-go/duplex/endpoint/internal/endpointtest"
	duplexquic "github.com/duplex-go/duplex/endpoint/quic"
	"github.com/quic-go/quic-go"
)

// Whoever reads and whoever writes is told why the peer has aborted, also when
// the peer has read to the end before and has said so.
func TestTheCauseOfAnAbortCrosses(t *testing.T) {
	long := strings.Repeat("ä", duplexquic.MaxCause)
	for _, c := range []struct {
		cause error
		want  string // of the cause; empty is duplex.ErrAborted
		ended string // who has ended before
	}{
		{errors.New("the disk is full"), "the disk is full", ""},
		{errors.New("the disk is full"), "the disk is full", "theirs"},
		{errors.New("the disk is full"), "the disk is full", "ours"},
		{errors.New(long), long[:duplexquic.MaxCause], ""},
		{errors.New("x\x1b[2Jy\n"), `"x\x1b[2Jy\n"`, ""},
		{nil, "", ""},
		{errors.New(""), "", ""},
	} {
		for turn := range 2 {
			a, b := connect(t)
			if turn == 1 {
				a, b = b, a
			}
			from, to := a, b
			if c.ended == "theirs" {
				from, to = b, a
			}
			if c.ended != "" {
				_ = from.CloseWrite()
				if _, err := to.Read(make([]byte, 1)); err != io.EOF {
					t.Fatal(err)
				}
			}
			failed := make(chan error, 2)
			go func() { _, err := io.Copy(io.Discard, struct{ io.Reader }{b}); failed <- err }()
			go func() {
				_, err := io.Copy(struct{ io.Writer }{b}, endless{})
				failed <- err
			}()
			if err := duplex.Abort(a, c.cause); err != nil {
				t.Error(err)
			}
			for range 2 {
				err := <-failed
				if c.ended == "theirs" && errors.Is(err, duplex.ErrEnded) || c.ended == "ours" && err == nil {
					continue // the direction that has ended
				}
				var abort *duplex.AbortError
				var cause *duplexquic.CauseError
				switch {
				case !errors.As(err, &abort) || !errors.Is(err, duplex.ErrAborted):
					t.Errorf("%.20q, %s ended: %v", c.cause, c.ended, err)
				case c.want == "" && abort.Cause != duplex.ErrAborted:
					t.Errorf("%.20q: the cause is %.99v", c.cause, abort.Cause)
				case c.want != "" && (!errors.As(err, &cause) || cause.Error() != c.want):
					t.Errorf("%.20q: the cause is %.99v", c.cause, abort.Cause)
				}
			}
			_ = b.Close()
		}
	}
}

// endless is a reader that has always something.
type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

// An abort arrives although its packets are lost and the peer, which has read to
// the end, has told before that it is done with the stream.
func TestAnAbortIsSentAgainWhereItWasLost(t *testing.T) {
	cert := endpointtest.Certificate(t)
	l, err := endpoint.Listen(t.Context(), "quic://127.0.0.1:0,cert="+cert)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	proxy := endpointtest.NewPackets(t, l.Addr().String(), endpointtest.PacketFaults{})
	near, far, ok := endpointtest.Meet(t, l, "quic://"+proxy.Addr()+",ca="+cert)
	if !ok {
		t.Fatal("the two have not met")
	}
	defer far.Close()
	_ = near.CloseWrite()
	if _, err := far.Read(make([]byte, 1)); err != io.EOF {
		t.Fatal(err)
	}
	duplexquic.Delivered(near)
	lost := proxy.Lose(16)
	_ = duplex.Abort(near, errors.New("the disk is full"))
	select {
	case <-lost:
	case <-duplexquic.Over(near):
		t.Error("the connection has not waited for its peer")
	}
	var cause *duplexquic.CauseError
	if _, err := io.Copy(struct{ io.Writer }{far}, endless{}); !errors.As(err, &cause) || cause.Text != "the disk is full" {
		t.Errorf("the writer gets %v", err)
	}
	<-duplexquic.Over(near)
}

// Who writes to a peer that has closed all of its streams is told so, also if it
// hears of that by the end of the connection.
func TestAPeerThatHasClosedIsNoLostConnection(t *testing.T) {
	a, b := connect(t)
	_ = a.CloseWrite()
	if _, err := b.Read(make([]byte, 1)); err != io.EOF {
		t.Fatal(err)
	}
	_ = a.Close()
	if _, err := io.Copy(struct{ io.Writer }{b}, endless{}); err != duplex.ErrPeerClosed {
		t.Errorf("the writer gets %v", err)
	}
	if err := b.CloseWrite(); err != nil {
		t.Errorf("an end for nobody: %v", err)
	}
	_ = b.Close()
}

// A cause that is announced and does not come holds nobody up; one that comes
// before its stream is kept; and one that is longer than any may be costs the
// connection.
func TestCausesThatComeNeverEarlyOrTooLong(t *testing.T) {
	l, err := endpoint.Listen(t.Context(), "quic://127.0.0.1:0,cert="+endpointtest.Certificate(t))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c, err := quic.DialAddr(t.Context(), l.Addr().String(), &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"duplex.v1"}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseWithError(0, "")
	reports, err := c.OpenUniStream()
	if err != nil {
		t.Fatal(err)
	}
	report := func(id uint64, size int, cause string) {
		p := binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint64(nil, 1<<63|id), uint16(size))
		if _, err := reports.Write(append(p, cause...)); err != nil {
			t.Fatal(err)
		}
	}
	report(0, 5, "early")
	for i, want := range []string{"early", ""} {
		near, err := c.OpenStream()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := near.Write([]byte{1}); err != nil {
			t.Fatal(err)
		}
		a, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		far, err := endpoint.Ready(t.Context(), duplex.FromConn(a))
		if err != nil {
			t.Fatal(err)
		}
		near.CancelWrite(4)
		var abort *duplex.AbortError
		if _, err := far.Read(make([]byte, 1)); !errors.As(err, &abort) || want != "" && abort.Cause.Error() != want || want == "" && abort.Cause != duplex.ErrAborted {
			t.Errorf("stream %d: %v, want %q", i, err, want)
		}
		_ = far.Close()
	}
	report(0, duplexquic.MaxCause+1, "")
	<-c.Context().Done()
	if err := context.Cause(c.Context()); !strings.Contains(err.Error(), "a cause that is longer than any") {
		t.Errorf("after a cause that is too long: %v", err)
	}
}
