package flow

import (
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/duplex-go/duplex"
)

// events are what a peer may send to a stream of the table: it has been allowed
// 100 bytes and has sent 10, and was sent 10.
var events = []struct {
	name string
	Frame
	raw []byte
}{
	{name: "DATA that is next", Frame: Frame{Data, 10, make([]byte, 5)}},
	{name: "DATA of nothing", Frame: Frame{Data, 10, nil}},
	{name: "DATA again", Frame: Frame{Data, 0, make([]byte, 10)}},
	{name: "DATA partly again", Frame: Frame{Data, 5, make([]byte, 10)}},
	{name: "DATA behind a gap", Frame: Frame{Data, 11, make([]byte, 1)}},
	{name: "DATA to the last credit", Frame: Frame{Data, 10, make([]byte, 90)}},
	{name: "DATA over the credit", Frame: Frame{Data, 10, make([]byte, 91)}},
	{name: "DATA at the largest offset", Frame: Frame{Data, 1<<64 - 1, make([]byte, 2)}},
	{name: "FIN", Frame: Frame{Kind: Fin, Offset: 10}},
	{name: "FIN behind a gap", Frame: Frame{Kind: Fin, Offset: 12}},
	{name: "FIN in what has come", Frame: Frame{Kind: Fin, Offset: 9}},
	{name: "WINDOW with more", Frame: Frame{Kind: Window, Offset: 60}},
	{name: "WINDOW with less", Frame: Frame{Kind: Window, Offset: 0}},
	{name: "WINDOW with all", Frame: Frame{Kind: Window, Offset: 1<<64 - 1}},
	{name: "ACK", Frame: Frame{Kind: Ack, Offset: 10}},
	{name: "ACK of more than was sent", Frame: Frame{Kind: Ack, Offset: 11}},
	{name: "STOP", Frame: Frame{Kind: Stop, Offset: 10}},
	{name: "STOP after more than was sent", Frame: Frame{Kind: Stop, Offset: 1 << 63}},
	{name: "RESET", Frame: Frame{Reset, 10, []byte("why")}},
	{name: "RESET behind a gap", Frame: Frame{Reset, 50, nil}},
	{name: "RESET over the credit", Frame: Frame{Reset, 101, nil}},
	{name: "PING", Frame: Frame{Kind: Ping, Offset: 10}},
	{name: "PING that tells of a gap", Frame: Frame{Kind: Ping, Offset: 11}},
	{name: "an unknown kind", raw: make([]byte, headSize)},
	{name: "nothing", raw: []byte{}},
}

// states are how a stream of the table comes to be what it is, and what each
// event is to it: . fine, g a gap, p against the protocol, a an abort, - too late
// to matter.
var states = []struct {
	name string
	make func(*Stream)
	want string
}{
	{"open", func(*Stream) {}, "....g.pp.gp....p.paap.gpp"},
	{"we have ended", func(s *Stream) { _ = s.CloseWrite(); s.Next() }, "....g.pp.gp....p.paap.gpp"},
	{"bytes wait to be sent", func(s *Stream) { _, _ = s.Write(make([]byte, 20)) }, "....g.pp.gp....p.paap.gpp"},
	{"the peer has ended", peerEnds, "p..ppppp.pp....p.paap.ppp"},
	{"both have ended", func(s *Stream) { _ = s.CloseWrite(); s.Next(); peerEnds(s) }, "p..ppppp.pp....p.paap.ppp"},
	{"the peer has stopped", func(s *Stream) { receive(s, Frame{Kind: Stop, Offset: 3}) }, "....g.pp.gp....p.paap.gpp"},
	{"we read no more", func(s *Stream) { _ = s.CloseRead() }, "....g.pp.gp....p.paap.gpp"},
	{"we have closed", func(s *Stream) { _ = s.Close() }, "....g.pp.gp....p.paap.gpp"},
	{"we are about to abort", func(s *Stream) { _ = s.Abort(io.ErrNoProgress) }, "....g.pp.gp....p.paap.gpp"},
	{"we have aborted", func(s *Stream) { _ = s.Abort(io.ErrNoProgress); s.Next() }, "-------------------------"},
	{"the peer has aborted", func(s *Stream) { receive(s, Frame{Kind: Reset, Offset: 10}) }, "-------------------------"},
	{"the carrier is lost", func(s *Stream) { s.Fail(io.ErrUnexpectedEOF) }, "-------------------------"},
	{"the peer broke the protocol", func(s *Stream) { _ = s.Receive(nil) }, "-------------------------"},
}

func peerEnds(s *Stream) { receive(s, Frame{Kind: Fin, Offset: 10}) }

func receive(s *Stream, f Frame) {
	if err := s.Receive(f.Append(nil)); err != nil {
		panic(err)
	}
}

// tabled returns an open stream of the table.
func tabled() *Stream {
	s := New(Config{Window: 100}, func(*Stream) {})
	s.Next()
	receive(s, Frame{Kind: Window, Offset: 50})
	receive(s, Frame{Data, 0, make([]byte, 10)})
	_, _ = s.Write(make([]byte, 10))
	s.Next()
	s.Next()
	return s
}

func TestEveryEventInEveryState(t *testing.T) {
	for _, state := range states {
		for i, event := range events {
			t.Run(state.name+", "+event.name, func(t *testing.T) {
				s := tabled()
				state.make(s)
				before, dead := fmt.Sprintf("%+v %+v", s.send, s.recv), s.dead
				m := event.raw
				if m == nil {
					m = event.Append(nil)
				}
				err := s.Receive(m)
				var gap *GapError
				var protocol *ProtocolError
				got := '.'
				switch {
				case errors.As(err, &gap):
					got = 'g'
				case errors.As(err, &protocol):
					got = 'p'
				case err != nil:
					t.Fatalf("it is %T", err)
				case dead:
					got = '-'
				case s.dead:
					got = 'a'
				}
				if want := rune(state.want[i]); got != want {
					t.Errorf("it is %c, want %c: %v", got, want, err)
				}
				if after := fmt.Sprintf("%+v %+v", s.send, s.recv); got == '-' && after != before {
					t.Errorf("it has changed\n%s to\n%s", before, after)
				}
				if (got == 'g') != errors.Is(err, io.ErrUnexpectedEOF) {
					t.Errorf("%v: is it an unexpected EOF?", err)
				}
				if got == 'g' || got == 'p' {
					failsOnBothSides(t, s, err)
				}
			})
		}
	}
}

// failsOnBothSides checks that both sides of s get to know err.
func failsOnBothSides(t *testing.T, s *Stream, err error) {
	t.Helper()
	f, _, perr := Parse(s.Next()) // and nothing of what waited
	want := err.Error()
	if s.wclosed != nil && errors.Is(s.wclosed, io.ErrNoProgress) {
		want = io.ErrNoProgress.Error() // the first cause wins
	}
	if perr != nil || f.Kind != Reset || string(f.Payload) != want {
		t.Errorf("the peer gets %v %q, %v", f.Kind, f.Payload, perr)
	}
	if m := s.Next(); m != nil {
		t.Errorf("behind the RESET comes %x", m)
	}
	_, werr := s.Write([]byte{1})
	if !errors.Is(werr, err) && !errors.Is(werr, duplex.ErrClosed) && !errors.Is(werr, duplex.ErrPeerClosed) {
		t.Errorf("Write says %v", werr)
	}
	for {
		_, rerr := s.Read(make([]byte, 100))
		if rerr == nil {
			continue
		}
		if !errors.Is(rerr, err) && !errors.Is(rerr, duplex.ErrClosed) && !(rerr == io.EOF && s.recv.ended) {
			t.Errorf("Read says %v", rerr)
		}
		return
	}
}
