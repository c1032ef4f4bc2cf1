package duplex_test

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
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

func TestServerOpenComesBeforeAShutdownThatIsUnderWay(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1)) // what was started last runs first then
	for range 20 {
		a, b := duplex.Pair()
		var d diary
		h := d.handler()
		h.Shutdown = func(c *duplex.Conn) { d.note("shutdown"); c.CloseWrite() }
		s := &duplex.Server{Handler: h}
		down := make(chan error, 1)
		l := &hookedListener{scriptedListener: newScript(b), second: func() {
			go func() { down <- s.Shutdown(context.Background()) }()
		}}
		served := background(func() error { return s.Serve(l) })
		receiveEnd(t, a, "")
		noError(t, a.CloseWrite())
		noError(t, within(t, "Shutdown", down))
		wantError(t, within(t, "Serve", served), duplex.ErrServerClosed)
		d.want(t, "open", "shutdown", "end", "close")
	}
}

// hookedListener calls second in the second Accept.
type hookedListener struct {
	*scriptedListener
	accepts int
	second  func()
}

func (l *hookedListener) Accept() (net.Conn, error) {
	if l.accepts++; l.accepts == 2 {
		l.second()
	}
	return l.scriptedListener.Accept()
}

func TestServerShutdownAsksAndWaits(t *testing.T) {
	s := echoForms["Handler"]()
	s.Handler.Shutdown = func(c *duplex.Conn) {
		io.WriteString(c, "closing time")
		c.CloseWrite()
	}
	addr, served := serve(t, s)
	c := dial(t, addr)
	send(t, c, "x")
	receive(t, c, "x")
	down := background(func() error { return s.Shutdown(t.Context()) })
	receiveEnd(t, c, "closing time")
	wantError(t, within(t, "Serve", served), duplex.ErrServerClosed)
	if _, err := net.Dial("tcp", addr); err == nil {
		t.Error("it still accepts")
	}
	select {
	case err := <-down:
		t.Fatalf("Shutdown returned %v while a connection was open", err)
	default:
	}
	noError(t, c.CloseWrite())
	noError(t, within(t, "Shutdown", down))
}

func TestServerShutdownGivesUpTheRestWithItsContext(t *testing.T) {
	cause := errors.New("no more time")
	for name, form := range echoForms {
		t.Run(name, func(t *testing.T) {
			s := form()
			var failures atomic.Int32
			s.Failed = func(_ net.Addr, err error) { failures.Add(1) }
			addr, _ := serve(t, s)
			var clients []*net.TCPConn
			for range 5 {
				c := dial(t, addr)
				send(t, c, "x")
				receive(t, c, "x")
				clients = append(clients, c)
			}
			ctx, cancel := context.WithCancelCause(t.Context())
			down := background(func() error { return s.Shutdown(ctx) })
			cancel(cause)
			wantError(t, within(t, "Shutdown", down), cause)
			if s.Active() != 0 || failures.Load() != 0 {
				t.Errorf("%d connections are left, %d are reported as failed", s.Active(), failures.Load())
			}
			for _, c := range clients {
				if err := untilError(c); err == io.EOF {
					t.Error("a client takes being given up for an end")
				}
			}
		})
	}
}

func TestServerCloseTellsHandlersAndFunctions(t *testing.T) {
	t.Run("Handler", func(t *testing.T) {
		got := make(chan error, 1)
		s := &duplex.Server{
			Handler: duplex.Handler{Error: func(_ *duplex.Conn, err error) { got <- err }},
			Failed:  func(_ net.Addr, err error) { t.Errorf("reported as a failure: %v", err) },
		}
		addr, _ := serve(t, s)
		dial(t, addr)
		eventually(t, "accept", func() bool { return s.Active() == 1 })
		noError(t, s.Close())
		wantError(t, within(t, "Error", got), duplex.ErrServerClosed)
		noError(t, s.Close())
		noError(t, s.Shutdown(t.Context()))
	})
	t.Run("Func", func(t *testing.T) {
		got := make(chan error, 1)
		s := &duplex.Server{Func: func(ctx context.Context, _ duplex.Stream) error {
			<-ctx.Done()
			got <- context.Cause(ctx)
			return nil
		}}
		addr, _ := serve(t, s)
		dial(t, addr)
		eventually(t, "accept", func() bool { return s.Active() == 1 })
		noError(t, s.Close())
		wantError(t, within(t, "context", got), duplex.ErrServerClosed)
	})
}

func TestServerCloseWaitsForHandlers(t *testing.T) {
	inside, release := make(chan struct{}), make(chan struct{})
	s := &duplex.Server{Handler: duplex.Handler{Open: func(*duplex.Conn) { close(inside); <-release }}}
	addr, _ := serve(t, s)
	dial(t, addr)
	within(t, "Open", inside)
	closed := background(s.Close)
	eventually(t, "closing", func() bool { _, err := net.Dial("tcp", addr); return err != nil })
	select {
	case <-closed:
		t.Error("Close returned while a callback ran")
	default:
	}
	close(release)
	noError(t, within(t, "Close", closed))
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
