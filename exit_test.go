package duplex_test

import (
	"context"
	"io"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/duplex-go/duplex"
)

// Whatever the program's function that ends its goroutine, as a test's FailNow
// does: what it was called for ends, and nobody waits for ever.

// comeAndGo connects to addr, ends its side and waits for the end of the other.
func comeAndGo(t *testing.T, addr string) {
	t.Helper()
	peer, err := net.Dial("tcp", addr)
	if err != nil {
		return // it has been reset already
	}
	defer peer.Close()
	_ = peer.(*net.TCPConn).CloseWrite()
	_ = within(t, "end of the connection", background(func() error { return oneByte(peer) }))
}

func TestAServersFunctionThatExitsEndsItsConnection(t *testing.T) {
	s := &duplex.Server{Func: func(context.Context, duplex.Stream) error { runtime.Goexit(); return nil }}
	addr, served := serve(t, s)
	comeAndGo(t, addr)
	noError(t, within(t, "close", background(s.Close)))
	wantError(t, within(t, "serve", served), duplex.ErrServerClosed)
}

func TestALastCallbackThatExitsEndsItsConnection(t *testing.T) {
	for name, h := range map[string]duplex.Handler{
		"Close": {Close: func(*duplex.Conn) { runtime.Goexit() }},
		"Error": {
			Open:  func(c *duplex.Conn) { panic("fail") },
			Error: func(*duplex.Conn, error) { runtime.Goexit() },
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := &duplex.Server{Handler: h}
			addr, _ := serve(t, s)
			comeAndGo(t, addr)
			noError(t, within(t, "close", background(s.Close)))
		})
	}
}

func TestAPipelinesFunctionThatExitsIsItsError(t *testing.T) {
	exits := duplex.StageFunc(func(context.Context, io.Reader, io.Writer) error { runtime.Goexit(); return nil })
	for name, rest := range map[string][]duplex.Stage{
		"in the middle": {exits, duplex.To(io.Discard)},
		"at the end":    {exits},
	} {
		t.Run(name, func(t *testing.T) {
			stages := append([]duplex.Stage{duplex.From(strings.NewReader("text"))}, rest...)
			err := within(t, "pipeline", background(func() error { return duplex.Pipeline(t.Context(), stages...) }))
			if err == nil {
				t.Error("no error")
			}
		})
	}
}

// A timer's call runs in the goroutine of whoever has the stream's turn, or in
// one that makes the calls of other streams too.
func TestATimersCallThatExitsEndsItsStreamOnly(t *testing.T) {
	for name, busy := range map[string]bool{"free": false, "busy": true} {
		t.Run(name, func(t *testing.T) {
			failed := make(chan error, 1)
			a, b := duplex.Pair()
			c := duplex.Handle(a, duplex.Handler{
				Open: func(c *duplex.Conn) {
					called := make(chan struct{})
					other, _ := duplex.Pair()
					duplex.NewConn(other).After(5*time.Millisecond, func() { close(called) })
					c.After(time.Nanosecond, func() { runtime.Goexit() })
					if busy {
						<-called // the call has come due meanwhile
					}
				},
				Error: func(_ *duplex.Conn, err error) { failed <- err },
			})
			if within(t, "error", failed) == nil {
				t.Error("no error")
			}
			_ = within(t, "wait", background(func() error { return c.Wait(context.Background()) }))
			wantError(t, oneByte(b), duplex.ErrAborted)
		})
	}
}

func TestAShutdownCallbackThatExitsEndsItsConnection(t *testing.T) {
	opened := make(chan struct{})
	s := &duplex.Server{Handler: duplex.Handler{
		Open:     func(*duplex.Conn) { close(opened) },
		Shutdown: func(*duplex.Conn) { runtime.Goexit() },
	}}
	addr, _ := serve(t, s)
	dial(t, addr)
	<-opened
	noError(t, within(t, "shutdown", background(func() error { return s.Shutdown(context.Background()) })))
}
