package duplex_test

import (
	"context"
	"errors"
	"io"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/duplex-go/duplex"
)

// readers counts the goroutines that run a handler's program.
func readers() int {
	buf := make([]byte, 1<<20)
	for {
		n := runtime.Stack(buf, true)
		if n < len(buf) {
			return strings.Count(string(buf[:n]), "duplex.(*program).run(")
		}
		buf = make([]byte, 2*len(buf))
	}
}

// allParked waits until no handler's program has a goroutine.
func allParked(t *testing.T) {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("a connection that waits has a goroutine on this system")
	}
	eventually(t, "every connection is parked", func() bool { return readers() == 0 })
}

// A handler's connection that has been silent for a while is nobody's
// goroutine, and does all that it would do with one.
func TestASilentConnectionWaitsWithoutAGoroutine(t *testing.T) {
	failed := errors.New("because")
	for name, test := range map[string]struct {
		do   func(t *testing.T, c *duplex.Conn, peer *net.TCPConn)
		want string // what the handler has seen in the end
	}{
		"data": {func(t *testing.T, c *duplex.Conn, peer *net.TCPConn) {
			send(t, peer, "more")
			receive(t, peer, "more")
			allParked(t)
			send(t, peer, "again")
			receive(t, peer, "again")
			noError(t, peer.CloseWrite())
		}, "open again more end close"},
		"end": {func(t *testing.T, c *duplex.Conn, peer *net.TCPConn) {
			noError(t, peer.CloseWrite())
		}, "open end close"},
		"reset": {func(t *testing.T, c *duplex.Conn, peer *net.TCPConn) {
			noError(t, peer.SetLinger(0))
			noError(t, peer.Close())
		}, "open error close"},
		"closed by its server's program": {func(t *testing.T, c *duplex.Conn, peer *net.TCPConn) {
			noError(t, c.Close())
		}, "open close"},
		"aborted": {func(t *testing.T, c *duplex.Conn, peer *net.TCPConn) {
			noError(t, c.Abort(failed))
		}, "open error close"},
		"a deadline of its own": {func(t *testing.T, c *duplex.Conn, peer *net.TCPConn) {
			noError(t, c.SetReadDeadline(time.Now().Add(time.Millisecond)))
		}, "open error close"},
		"closed from below": {func(t *testing.T, c *duplex.Conn, peer *net.TCPConn) {
			below := c.Unwrap() // wakes it
			noError(t, below.Close())
		}, "open error close"},
		"a beat": {func(t *testing.T, c *duplex.Conn, peer *net.TCPConn) {
			c.After(time.Millisecond, func() { _, _ = io.WriteString(c, "beat") })
			receive(t, peer, "beat")
			noError(t, peer.CloseWrite())
		}, "open end close"},
	} {
		t.Run(name, func(t *testing.T) {
			var saw []string
			conns := make(chan *duplex.Conn, 1)
			s := &duplex.Server{Handler: duplex.Handler{
				Open: func(c *duplex.Conn) { saw = append(saw, "open"); conns <- c },
				Data: func(c *duplex.Conn, p []byte) {
					saw = append(saw, string(p))
					_, _ = c.Write(p)
				},
				End:   func(*duplex.Conn) { saw = append(saw, "end") },
				Error: func(*duplex.Conn, error) { saw = append(saw, "error") },
				Close: func(*duplex.Conn) { saw = append(saw, "close") },
			}}
			peer := serveTCP(t, s)
			c := <-conns
			allParked(t)
			test.do(t, c, peer)
			_ = c.Wait(context.Background())
			eventually(t, "the server has no connection", func() bool { return s.Active() == 0 })
			if name == "data" {
				test.want = "open more again end close"
			}
			if got := strings.Join(saw, " "); got != test.want {
				t.Errorf("saw %q, want %q", got, test.want)
			}
		})
	}
}

// The listener's owner may close a connection that the poller has; epoll says
// nothing then.
func TestAParkedConnectionClosedBehindItsBackIsOver(t *testing.T) {
	l := &keepingListener{Listener: listenTCP(t), kept: make(chan net.Conn, 1)}
	closed := make(chan struct{})
	s := &duplex.Server{Handler: duplex.Handler{Close: func(*duplex.Conn) { close(closed) }}}
	go s.Serve(l)
	defer s.Close()
	peer, err := net.Dial("tcp", l.Addr().String())
	noError(t, err)
	defer peer.Close()
	kept := <-l.kept
	allParked(t)
	noError(t, kept.Close())
	<-closed
}

type keepingListener struct {
	net.Listener
	kept chan net.Conn
}

func (l *keepingListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err == nil {
		l.kept <- c
	}
	return c, err
}

// A read that a callback makes itself sees none of the deadlines by which the
// poller calls silent connections in.
func TestACallbackThatReadsIsNotCalledIn(t *testing.T) {
	got := make(chan string, 1)
	s := &duplex.Server{Handler: duplex.Handler{Data: func(c *duplex.Conn, p []byte) {
		whole := make([]byte, 6)
		n := copy(whole, p)
		if _, err := io.ReadFull(c, whole[n:]); err != nil {
			t.Error(err)
		}
		got <- string(whole)
	}}}
	peer := serveTCP(t, s)
	send(t, peer, "abc")
	time.AfterFunc(250*time.Millisecond, func() { _, _ = io.WriteString(peer, "def") }) // after a few looks of the poller
	if g := <-got; g != "abcdef" {
		t.Errorf("got %q", g)
	}
}

// serveTCP serves s on a port of its own and connects to it.
func serveTCP(t *testing.T, s *duplex.Server) *net.TCPConn {
	t.Helper()
	l := listenTCP(t)
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	t.Cleanup(func() {
		_ = s.Close()
		if err := <-served; err != duplex.ErrServerClosed {
			t.Error(err)
		}
	})
	peer, err := net.Dial("tcp", l.Addr().String())
	noError(t, err)
	t.Cleanup(func() { _ = peer.Close() })
	return peer.(*net.TCPConn)
}

// Messages that come just when a connection is about to give up its goroutine
// are neither lost nor late for ever.
func TestEveryMessageArrivesWhateverIsParkedMeanwhile(t *testing.T) {
	s := &duplex.Server{Handler: duplex.Handler{Data: func(c *duplex.Conn, p []byte) { _, _ = c.Write(p) }}}
	peers := []*net.TCPConn{serveTCP(t, s)}
	for range 31 {
		p, err := net.Dial("tcp", peers[0].RemoteAddr().String())
		noError(t, err)
		defer p.Close()
		peers = append(peers, p.(*net.TCPConn))
	}
	done := make(chan struct{}, len(peers))
	for i, p := range peers {
		go func() {
			defer func() { done <- struct{}{} }()
			// The pauses go around the time at which it is called in.
			pause := time.NewTimer(time.Hour)
			for k := range 12 {
				pause.Reset(time.Duration(90+(i*12+k)*7%30) * time.Millisecond)
				<-pause.C
				if _, err := p.Write([]byte{byte(k)}); err != nil {
					t.Error(err)
					return
				}
				b := make([]byte, 1)
				_ = p.SetReadDeadline(time.Now().Add(20 * time.Second))
				if _, err := p.Read(b); err != nil || b[0] != byte(k) {
					t.Errorf("message %d: %v, %v", k, b, err)
					return
				}
			}
		}()
	}
	for range peers {
		<-done
	}
}

// A callback that ends its goroutine, as a test's FailNow does, ends its
// connection and nothing else.
func TestACallbackThatExitsEndsItsConnection(t *testing.T) {
	for name, h := range map[string]duplex.Handler{
		"at the beginning": {Open: func(*duplex.Conn) { runtime.Goexit() }},
		"with data":        {Data: func(*duplex.Conn, []byte) { runtime.Goexit() }},
		"at the end":       {End: func(*duplex.Conn) { runtime.Goexit() }},
	} {
		t.Run(name, func(t *testing.T) {
			failed := make(chan error, 1)
			h.Error = func(_ *duplex.Conn, err error) { failed <- err }
			s := &duplex.Server{Handler: h}
			l := listenTCP(t)
			served := background(func() error { return s.Serve(l) })
			if peer, err := net.Dial("tcp", l.Addr().String()); err == nil { // it may be reset already
				defer peer.Close()
				_, _ = io.WriteString(peer, "data")
				_ = peer.(*net.TCPConn).CloseWrite()
			}
			if err := within(t, "error", failed); err == nil {
				t.Error("no error")
			}
			eventually(t, "the server has no connection", func() bool { return s.Active() == 0 })
			noError(t, s.Close())
			_ = within(t, "serve", served)
		})
	}
}

// The same holds for Chunks, which reads below the Conn.
func TestACallbackThatReadsChunksIsNotCalledIn(t *testing.T) {
	got := make(chan string, 1)
	s := &duplex.Server{Handler: duplex.Handler{Data: func(c *duplex.Conn, p []byte) {
		whole := string(p)
		for p, err := range duplex.Chunks(c) {
			noError(t, err)
			whole += string(p)
		}
		got <- whole
	}}}
	peer := serveTCP(t, s)
	send(t, peer, "abc")
	time.AfterFunc(250*time.Millisecond, func() { // after a few looks of the poller
		_, _ = io.WriteString(peer, "def")
		_ = peer.CloseWrite()
	})
	if g := within(t, "everything", got); g != "abcdef" {
		t.Errorf("got %q", g)
	}
}
