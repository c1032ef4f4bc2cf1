package ws_test

import (
	"errors"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/coder/websocket"
	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/duplextest"
	"github.com/duplex-go/duplex/endpoint"
	"github.com/duplex-go/duplex/endpoint/internal/endpointtest"
	"github.com/duplex-go/duplex/endpoint/ws"
	"golang.org/x/net/nettest"
)

// transports are the ways in which WebSockets are different to a stream's user.
func transports(t *testing.T) []transport {
	cert := endpointtest.Certificate(t)
	return []transport{
		{"agreed", "ws://127.0.0.1:0/a", ""},
		{"plain", "ws://127.0.0.1:0", ",halfclose=false"},
		{"wss", "wss://127.0.0.1:0,cert=" + cert, ",ca=" + cert},
	}
}

type transport struct{ name, listen, dial string }

func TestAWebSocketKeepsTheContractOfStreams(t *testing.T) {
	for _, kind := range transports(t) {
		t.Run(kind.name, func(t *testing.T) {
			if kind.name == "wss" && ws.UnderRace && !ws.Full() {
				t.Skip("it is slow, and nothing of ours is different")
			}
			duplextest.Suite{}.Stream(t, func(t *testing.T) (a, b duplex.Stream) {
				return endpointtest.Connect(t, kind.listen, kind.dial)
			})
		})
	}
}

func TestAWebSocketIsANetConn(t *testing.T) {
	for _, kind := range transports(t) {
		t.Run(kind.name, func(t *testing.T) {
			nettest.TestConn(t, func() (a, b net.Conn, stop func(), err error) {
				x, y := endpointtest.Connect(t, kind.listen, kind.dial)
				a, b = x.(net.Conn), y.(net.Conn)
				return a, b, func() { _, _ = a.Close(), b.Close() }, nil
			})
		})
	}
}

func TestWriteDeadlinesLoseNothing(t *testing.T) {
	for _, kind := range transports(t) {
		t.Run(kind.name, func(t *testing.T) {
			a, b := endpointtest.Connect(t, kind.listen, kind.dial)
			endpointtest.CutOff(t, a, b, kind.name != "plain")
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
