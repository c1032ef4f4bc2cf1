package duplex_test

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/duplex-go/duplex"
)

// serve runs s on a listener of its own and returns its address and what Serve
// returns. The test's end closes s.
func serve(t testing.TB, s *duplex.Server) (addr string, served <-chan error) {
	t.Helper()
	l := listenTCP(t)
	served = background(func() error { return s.Serve(l) })
	t.Cleanup(func() { s.Close() })
	return l.Addr().String(), served
}

func dial(t testing.TB, addr string) *net.TCPConn {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	noError(t, err)
	t.Cleanup(func() { c.Close() })
	return c.(*net.TCPConn)
}

// echo is a server's program in both of its forms.
var echoForms = map[string]func() *duplex.Server{
	"Handler": func() *duplex.Server {
		return &duplex.Server{Handler: duplex.Handler{Data: func(c *duplex.Conn, p []byte) { c.Write(p) }}}
	},
	"Func": func() *duplex.Server {
		return &duplex.Server{Func: func(_ context.Context, s duplex.Stream) error {
			_, err := io.Copy(s, s)
			return err
		}}
	},
}

func TestServerServesManyConnectionsOnManyListeners(t *testing.T) {
	for name, form := range echoForms {
		t.Run(name, func(t *testing.T) {
			s := form()
			var addrs []string
			var done []<-chan error
			for range 3 {
				addr, served := serve(t, s)
				addrs, done = append(addrs, addr), append(done, served)
			}
			var wg sync.WaitGroup
			for i := range 30 {
				wg.Go(func() {
					c, err := net.Dial("tcp", addrs[i%3])
					if err != nil {
						t.Error(err)
						return
					}
					defer c.Close()
					go func() {
						c.Write(pattern(50_000))
						c.(*net.TCPConn).CloseWrite()
					}()
					if got, err := io.ReadAll(c); err != nil || string(got) != string(pattern(50_000)) {
						t.Errorf("%d bytes and %v came back", len(got), err)
					}
				})
			}
			wg.Wait()
			noError(t, s.Shutdown(t.Context()))
			for _, served := range done {
				wantError(t, within(t, "Serve", served), duplex.ErrServerClosed)
			}
		})
	}
}

func TestServerClosesInOrderWhenItsFunctionReturns(t *testing.T) {
	broken := errors.New("broken")
	for _, tc := range []struct {
		name string
		err  error
	}{{"nil ends the stream", nil}, {"an error resets it", broken}} {
		t.Run(tc.name, func(t *testing.T) {
			failed := make(chan error, 1)
			s := &duplex.Server{
				Func: func(_ context.Context, s duplex.Stream) error {
					oneByte(s) // of many
					io.WriteString(s, "go away")
					return tc.err
				},
				Failed: func(_ net.Addr, err error) { failed <- err },
			}
			addr, _ := serve(t, s)
			c := dial(t, addr)
			send(t, c, "mostly unread by the server, which must not reset us for it")
			if tc.err != nil {
				wantError(t, untilError(c), syscall.ECONNRESET)
				wantError(t, within(t, "Failed", failed), broken)
				return
			}
			receiveEnd(t, c, "go away")
			noError(t, c.CloseWrite())
			noError(t, s.Shutdown(t.Context()))
			select {
			case err := <-failed:
				t.Errorf("an orderly connection failed: %v", err)
			default:
			}
		})
	}
}

func TestServerFunctionGetsTheListenersOwnConnection(t *testing.T) {
	got := make(chan duplex.Stream, 1)
	addr, _ := serve(t, &duplex.Server{Func: func(_ context.Context, s duplex.Stream) error { got <- s; return nil }})
	dial(t, addr)
	if s := within(t, "connection", got); s != nil {
		if _, ok := s.(*net.TCPConn); !ok {
			t.Errorf("it is a %T", s)
		}
	}
}

func TestServerPanicEndsItsOwnConnectionOnly(t *testing.T) {
	boom := func(text string) {
		if text == "panic" {
			panic("boom")
		}
	}
	for name, s := range map[string]*duplex.Server{
		"Handler": {Handler: duplex.Handler{Data: func(c *duplex.Conn, p []byte) { boom(string(p)); c.Write(p) }}},
		"Func": {Func: func(_ context.Context, s duplex.Stream) error {
			for p, err := range duplex.Chunks(s) {
				if err != nil {
					return err
				}
				boom(string(p))
				s.Write(p)
			}
			return nil
		}},
	} {
		t.Run(name, func(t *testing.T) {
			failed := make(chan error, 9)
			s.Failed = func(remote net.Addr, err error) {
				if remote == nil {
					t.Error("nobody's connection failed")
				}
				failed <- err
			}
			addr, _ := serve(t, s)
			good, bad := dial(t, addr), dial(t, addr)
			send(t, good, "one")
			receive(t, good, "one")
			send(t, bad, "panic")
			wantError(t, untilError(bad), syscall.ECONNRESET)
			var panicked *duplex.PanicError
			if err := within(t, "Failed", failed); !errors.As(err, &panicked) || panicked.Value != "boom" {
				t.Errorf("reported: %v", err)
			}
			send(t, good, "two")
			receive(t, good, "two")
		})
	}
}

func TestServerLimitDropsWhatIsTooMuch(t *testing.T) {
	dropped := make(chan [2]net.Addr, 10)
	s := echoForms["Handler"]()
	s.MaxConns = 2
	s.Dropped = func(local, remote net.Addr) { dropped <- [2]net.Addr{local, remote} }
	addr, _ := serve(t, s)
	var kept []*net.TCPConn
	for range 2 {
		c := dial(t, addr)
		send(t, c, "x")
		receive(t, c, "x")
		kept = append(kept, c)
	}
	extra := dial(t, addr)
	addrs := within(t, "Dropped", dropped)
	if addrs[0].String() != addr || addrs[1].String() != extra.LocalAddr().String() {
		t.Errorf("dropped %v", addrs)
	}
	if err := untilError(extra); err != io.EOF {
		wantError(t, err, syscall.ECONNRESET)
	}
	if s.Active() != 2 {
		t.Errorf("%d connections are served", s.Active())
	}
	noError(t, kept[0].CloseWrite())
	receiveEnd(t, kept[0], "")
	eventually(t, "a place is free", func() bool { return s.Active() == 1 })
	next := dial(t, addr)
	send(t, next, "in")
	receive(t, next, "in")
}

func TestServerNegativeLimitIsNone(t *testing.T) {
	s := echoForms["Handler"]()
	s.MaxConns = -1
	s.Dropped = func(_, _ net.Addr) { t.Error("dropped") }
	addr, _ := serve(t, s)
	for range 20 {
		c := dial(t, addr)
		send(t, c, "x")
		receive(t, c, "x")
	}
	if s.Active() != 20 {
		t.Errorf("%d connections are served", s.Active())
	}
}

// scriptedListener gives what its script says, and then nothing until it is
// closed.
type scriptedListener struct {
	script []any // a net.Conn or an error
	closed chan struct{}
	once   sync.Once
}

func newScript(script ...any) *scriptedListener {
	return &scriptedListener{script: script, closed: make(chan struct{})}
}

func (l *scriptedListener) Accept() (net.Conn, error) {
	if len(l.script) == 0 {
		<-l.closed
		return nil, net.ErrClosed
	}
	next := l.script[0]
	l.script = l.script[1:]
	if err, ok := next.(error); ok {
		return nil, err
	}
	return next.(net.Conn), nil
}

func (l *scriptedListener) Close() error   { l.once.Do(func() { close(l.closed) }); return nil }
func (l *scriptedListener) Addr() net.Addr { return &net.TCPAddr{} }

func TestServerWaitsOutALackOfDescriptors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		starved := &net.OpError{Op: "accept", Err: os.NewSyscallError("accept4", syscall.EMFILE)}
		a, b := duplex.Pair()
		script := []any{}
		for range 12 {
			script = append(script, starved)
		}
		l := newScript(append(script, b)...)
		begin := time.Now()
		var at []time.Duration
		s := echoForms["Handler"]()
		s.Failed = func(remote net.Addr, err error) {
			at = append(at, time.Since(begin))
			if remote != nil {
				t.Errorf("an accept error is blamed on %v", remote)
			}
			wantError(t, err, syscall.EMFILE)
		}
		served := background(func() error { return s.Serve(l) })
		send(t, a, "served after all")
		receive(t, a, "served after all")
		if len(at) != 12 || time.Since(begin) < 4*time.Second || time.Since(begin) > 12*time.Second {
			t.Errorf("tries at %v, no back-off up to a second", at)
		}
		noError(t, a.CloseWrite())
		noError(t, s.Shutdown(t.Context()))
		wantError(t, <-served, duplex.ErrServerClosed)
	})
}

func TestServerCloseEndsItsWaitForDescriptors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newScript()
		for range 1000 {
			l.script = append(l.script, os.NewSyscallError("accept4", syscall.ENFILE))
		}
		var s duplex.Server
		served := background(func() error { return s.Serve(l) })
		time.Sleep(10 * time.Second)
		begin := time.Now()
		noError(t, s.Close())
		wantError(t, <-served, duplex.ErrServerClosed)
		if waited := time.Since(begin); waited != 0 { // in the bubble's time
			t.Errorf("Serve went on for %v", waited)
		}
	})
}

func TestServerReturnsWhatItsListenerDiesOf(t *testing.T) {
	broken := errors.New("broken")
	l := newScript(broken)
	var s duplex.Server
	wantError(t, s.Serve(l), broken)
	select {
	case <-l.closed:
	default:
		t.Error("the listener was left open")
	}
	noError(t, s.Close())
	wantError(t, s.Serve(newScript()), duplex.ErrServerClosed)
}

func TestServerServesOtherKindsOfStreams(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := duplex.Pair()
		s := echoForms["Func"]()
		served := background(func() error { return s.Serve(newScript(struct{ net.Conn }{b})) })
		send(t, a, "whole")
		receive(t, a, "whole")
		noError(t, a.CloseWrite())
		receiveEnd(t, a, "")
		noError(t, s.Shutdown(t.Context()))
		wantError(t, <-served, duplex.ErrServerClosed)
	})
}
