package duplex_test

import (
	"context"
	"errors"
	"io"
	"net"
	"runtime"
	"sync/atomic"
	"testing"

	"github.com/duplex-go/duplex"
)

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
