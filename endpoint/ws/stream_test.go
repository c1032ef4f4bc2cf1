package ws_test

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/coder/websocket"
	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/duplextest"
	"github.com/duplex-go/duplex/endpoint"
	"github.com/duplex-go/duplex/endpoint/internal/endpointtest"
	"github.com/duplex-go/duplex/endpoint/ws"
)

// TestAWebSocketKeepsTheContractOfStreams has no nettest beside it: that wants
// streams that any write deadline leaves whole.
func TestAWebSocketKeepsTheContractOfStreams(t *testing.T) {
	cert := endpointtest.Certificate(t)
	for _, kind := range []struct{ name, listen, dial string }{
		{"agreed", "ws://127.0.0.1:0/a", ""},
		{"plain", "ws://127.0.0.1:0", ",halfclose=false"},
		{"wss", "wss://127.0.0.1:0,cert=" + cert, ",ca=" + cert},
	} {
		t.Run(kind.name, func(t *testing.T) {
			if kind.name == "wss" && ws.UnderRace && !ws.Full() {
				t.Skip("it is slow, and nothing of ours is different")
			}
			duplextest.Suite{WriteTimeoutFinal: true}.Stream(t, func(t *testing.T) (a, b duplex.Stream) {
				return endpointtest.Connect(t, kind.listen, kind.dial)
			})
		})
	}
}

func TestThePeersCloseFrameIsAnEndOrNot(t *testing.T) {
	for _, c := range []struct {
		name   string
		status websocket.StatusCode
		within bool
		end    bool
	}{
		{"normal", 1000, false, true},
		{"going away", 1001, false, true},
		{"no status", 1005, false, true},
		{"internal error", 1011, false, false},
		{"an application's own", 4000, false, false},
		{"normal, within a message", 1000, true, false},
		{"none: a cut", 0, false, false},
		{"none: a cut within a message", 0, true, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			l, err := endpoint.Listen(t.Context(), "ws://127.0.0.1:0/x")
			if err != nil {
				t.Fatal(err)
			}
			talked := make(chan error, 1)
			go func() {
				peer, _, err := websocket.Dial(t.Context(), endpoint.URL(l), nil)
				if err != nil {
					talked <- err
					return
				}
				err = peer.Write(t.Context(), websocket.MessageText, []byte("hello"))
				if c.within && err == nil {
					w, _ := peer.Writer(t.Context(), websocket.MessageBinary)
					_, err = w.Write(make([]byte, 5000)) // a frame, and more to come
				}
				if c.status == 0 {
					err = errors.Join(err, peer.CloseNow())
				} else {
					_ = peer.Close(c.status, "why")
				}
				talked <- err
			}()
			s, err := endpoint.Accept(t.Context(), l)
			if err != nil {
				t.Fatal(err)
			}
			if duplex.CanCloseWrite(s) || !errors.Is(s.CloseWrite(), duplex.ErrNoCloseWrite) {
				t.Error("it can half-close")
			}
			got, err := io.ReadAll(s)
			if !strings.HasPrefix(string(got), "hello") || !c.within && len(got) != 5 {
				t.Errorf("got %q", got)
			}
			var status *ws.CloseError
			switch {
			case c.end && err != nil, !c.end && !errors.Is(err, io.ErrUnexpectedEOF):
				t.Errorf("the reader got %v", err)
			case !c.end && c.status != 0 && (!errors.As(err, &status) || status.Code != int(c.status) || status.Reason != "why" || status.Within != c.within):
				t.Errorf("the reader got %v", err)
			}
			if err := errors.Join(s.Close(), <-talked); err != nil {
				t.Error(err)
			}
		})
	}
}
