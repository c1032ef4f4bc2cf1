package duplex_test

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/duplex-go/duplex"
)

// Group E, first part: servers and their connections.

// nodeEcho is a server's program: what comes goes back.
var nodeEcho = duplex.Handler{Data: func(c *duplex.Conn, p []byte) { _, _ = c.Write(p) }}

func TestE1_EchoOfWhatWasWrittenBeforeAndAfterTheAccept(t *testing.T) {
	for name, srv := range map[string]*duplex.Server{
		"handler": {Handler: nodeEcho},
		"pipeline": {Func: func(ctx context.Context, s duplex.Stream) error {
			return duplex.Pipeline(ctx, duplex.From(s), duplex.To(s))
		}},
	} {
		t.Run(name, func(t *testing.T) {
			l := nodeListen(t)
			c := nodeDial(t, l.Addr())
			nodeSay(t, c, "before ") // the kernel keeps it until somebody accepts
			served := make(chan error, 1)
			go func() { served <- srv.Serve(l) }()
			nodeSay(t, c, "after")
			nodeNoError(t, c.CloseWrite())
			nodeHearEnd(t, c, "before after")
			nodeNoError(t, srv.Shutdown(t.Context()))
			if err := nodeGet(t, "Serve", served); err != duplex.ErrServerClosed {
				t.Errorf("Serve returned %v", err)
			}
		})
	}
}

func TestE2_AnswerAfterTheClientsEnd(t *testing.T) {
	answer := strings.Repeat("answer ", 64<<10)
	var log nodeLog
	for name, srv := range map[string]*duplex.Server{
		"handler": {Handler: duplex.Handler{
			HalfOpen: true,
			Data:     func(_ *duplex.Conn, p []byte) { log.add("data %s", p) },
			End: func(c *duplex.Conn) {
				log.add("end")
				nodeSay(t, c, answer)
				nodeNoError(t, c.CloseWrite())
			},
			Close: func(*duplex.Conn) { log.add("close") },
		}},
		"function": {Func: func(_ context.Context, s duplex.Stream) error {
			question, err := io.ReadAll(s)
			log.add("data %s", question)
			log.add("end")
			if err == nil {
				_, err = io.WriteString(s, answer)
			}
			log.add("close") // which the server does
			return err
		}},
	} {
		t.Run(name, func(t *testing.T) {
			log.notes = nil
			c := nodeDial(t, nodeServe(t, srv))
			nodeSay(t, c, "question")
			nodeNoError(t, c.CloseWrite())
			nodeHearEnd(t, c, answer)
			nodeUntil(t, "the connection is gone", func() bool { return srv.Active() == 0 })
			log.want(t, "data question", "end", "close")
		})
	}
}

// Node fails the late write with EPIPE and tears the socket down; here the
// stream has been closed in order by then, and the write is told that.
func TestE3_LateWriteFailsAndTheClientSeesACleanEnd(t *testing.T) {
	late := make(chan error, 1)
	srv := &duplex.Server{Handler: duplex.Handler{
		End: func(c *duplex.Conn) { nodeSay(t, c, "in time") },
		Close: func(c *duplex.Conn) {
			_, err := io.WriteString(c, "late")
			late <- err
		},
	}}
	c := nodeDial(t, nodeServe(t, srv))
	nodeNoError(t, c.CloseWrite())
	nodeHearEnd(t, c, "in time")
	if err := nodeGet(t, "the late write", late); !errors.Is(err, net.ErrClosed) {
		t.Errorf("the late write: %v", err)
	}
}

// setTimeout is a timer of the stream that arriving bytes set anew.
func TestE4_IdleTimerFiresOncePerSilenceAndClosesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const idle = 30 * time.Millisecond
		a, b := duplex.Pair()
		var silences atomic.Int32
		stop := func() {}
		arm := func(c *duplex.Conn) {
			stop()
			stop = c.After(idle, func() { silences.Add(1) })
		}
		c := duplex.Handle(b, duplex.Handler{
			Open: arm,
			Data: func(c *duplex.Conn, p []byte) {
				arm(c)
				_, _ = c.Write(p)
			},
		})
		say := func(want int32) {
			t.Helper()
			nodeSay(t, a, "x")
			nodeHear(t, a, "x") // still open
			if n := silences.Load(); n != want {
				t.Errorf("%d notifications, want %d", n, want)
			}
		}
		for range 4 { // activity in time: none
			time.Sleep(idle - time.Millisecond)
			say(0)
		}
		time.Sleep(4 * idle)
		say(1)
		time.Sleep(idle - time.Millisecond)
		say(1)
		time.Sleep(4 * idle)
		say(2)
		nodeNoError(t, a.CloseWrite())
		nodeNoError(t, c.Wait(t.Context()))
	})
}

// The blocking form is a read deadline: it ends the call and not the stream.
func TestE4_ReadDeadlineLeavesTheConnectionOpen(t *testing.T) {
	c := nodeDial(t, nodeServe(t, &duplex.Server{Handler: nodeEcho}))
	s := duplex.NewConn(c)
	for range 2 {
		nodeNoError(t, s.SetReadDeadline(time.Now().Add(time.Millisecond)))
		_, err := s.Read(make([]byte, 1))
		var ne net.Error
		if !errors.As(err, &ne) || !ne.Timeout() {
			t.Errorf("a silent read: %v", err)
		}
		nodeNoError(t, s.SetReadDeadline(time.Now().Add(nodePatience)))
		nodeSay(t, s, "x")
		nodeHear(t, s, "x")
	}
	nodeNoError(t, s.CloseWrite())
	nodeHearEnd(t, s, "")
	nodeNoError(t, s.Wait(t.Context()))
}

func TestE5_ShutdownRefusesAndWaitsForTheLastConnection(t *testing.T) {
	l := nodeListen(t)
	srv := &duplex.Server{Handler: nodeEcho}
	served := make(chan error, 1)
	go func() { served <- srv.Serve(l) }()
	first, second := nodeDial(t, l.Addr()), nodeDial(t, l.Addr())
	talk := func(c *net.TCPConn) {
		t.Helper()
		nodeSay(t, c, "x")
		nodeHear(t, c, "x")
	}
	talk(first)
	talk(second)

	closed := make(chan error, 1)
	go func() { closed <- srv.Shutdown(t.Context()) }()
	if err := nodeGet(t, "Serve", served); err != duplex.ErrServerClosed {
		t.Errorf("Serve returned %v", err)
	}
	if c, err := net.Dial("tcp", l.Addr().String()); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("a new connection: %v, %v", c, err)
	}
	nodeNoError(t, first.CloseWrite())
	nodeHearEnd(t, first, "")
	nodeUntil(t, "the first connection is gone", func() bool { return srv.Active() == 1 })
	talk(second)
	select {
	case err := <-closed:
		t.Errorf("one connection is left, and Shutdown returned %v", err)
	default:
	}
	nodeNoError(t, second.CloseWrite())
	nodeHearEnd(t, second, "")
	nodeNoError(t, nodeGet(t, "Shutdown", closed))
	nodeNoError(t, srv.Shutdown(t.Context())) // Node says ERR_SERVER_NOT_RUNNING
}

// Node's server.close may wait for ever (section 5.7 of its users' complaints).
func TestE5_ShutdownAbortsWhoIsLeftAtTheDeadline(t *testing.T) {
	srv := &duplex.Server{Handler: nodeEcho}
	c := nodeDial(t, nodeServe(t, srv))
	nodeSay(t, c, "x")
	nodeHear(t, c, "x")
	enough := errors.New("waited enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(enough)
	if err := srv.Shutdown(ctx); err != enough {
		t.Errorf("Shutdown returned %v", err)
	}
	if _, err := c.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("the client read: %v, want a reset", err)
	}
}

func TestE8_ResetIsOneErrorOfItsConnectionOnly(t *testing.T) {
	var log nodeLog
	opened, closed := make(chan struct{}, 2), make(chan struct{}, 2)
	srv := &duplex.Server{Handler: duplex.Handler{
		Open: func(*duplex.Conn) { opened <- struct{}{} },
		End:  func(*duplex.Conn) { log.add("end") },
		Error: func(_ *duplex.Conn, err error) {
			log.add("error, a reset: %v", errors.Is(err, syscall.ECONNRESET))
		},
		Close: func(*duplex.Conn) {
			log.add("close")
			closed <- struct{}{}
		},
	}}
	addr := nodeServe(t, srv)
	resetting, other := nodeDial(t, addr), nodeDial(t, addr)
	for range 2 {
		nodeGet(t, "Open", opened)
	}
	nodeNoError(t, duplex.Abort(resetting, nil)) // its own side sees no error
	nodeGet(t, "Close", closed)
	log.want(t, "error, a reset: true", "close")
	if _, err := io.WriteString(resetting, "x"); !errors.Is(err, net.ErrClosed) {
		t.Errorf("the resetting side's write: %v", err)
	}
	nodeNoError(t, other.CloseWrite())
	nodeHearEnd(t, other, "")
}

func TestE8_DestroyedConnectionFailsWritesAndClosesOnce(t *testing.T) {
	var log nodeLog
	done := make(chan struct{})
	srv := &duplex.Server{Handler: duplex.Handler{
		Data: func(c *duplex.Conn, _ []byte) {
			nodeNoError(t, c.Close())
			_, err := io.WriteString(c, "x")
			log.add("closed: %v", errors.Is(err, net.ErrClosed))
			_ = c.Close()
		},
		Error: func(_ *duplex.Conn, err error) { log.add("error %v", err) },
		Close: func(*duplex.Conn) {
			log.add("close")
			close(done) // panics the second time
		},
	}}
	c := nodeDial(t, nodeServe(t, srv))
	nodeSay(t, c, "x")
	nodeGet(t, "Close", done)
	nodeHearEnd(t, c, "")
	nodeUntil(t, "the connection is gone", func() bool { return srv.Active() == 0 })
	log.want(t, "closed: true", "close")
}

func TestE9_PortInUseIsAnErrorAndTheServerServesElsewhere(t *testing.T) {
	srv := &duplex.Server{Handler: nodeEcho}
	first := nodeServe(t, srv)
	if _, err := net.Listen("tcp", first.String()); !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("listening on a port in use: %v", err)
	}
	// Node refuses a second listen of the same server; here it serves both.
	l := nodeListen(t)
	served := make(chan error, 1)
	go func() { served <- srv.Serve(l) }()
	for _, addr := range []net.Addr{first, l.Addr()} {
		c := nodeDial(t, addr)
		nodeSay(t, c, "x")
		nodeNoError(t, c.CloseWrite())
		nodeHearEnd(t, c, "x")
	}
	nodeNoError(t, srv.Shutdown(t.Context()))
	if err := nodeGet(t, "Serve", served); err != duplex.ErrServerClosed {
		t.Errorf("Serve returned %v", err)
	}
	// Nor may it serve again, which Node allows: make another.
	if err := srv.Serve(nodeListen(t)); err != duplex.ErrServerClosed {
		t.Errorf("Serve after Shutdown returned %v", err)
	}
}

func TestE10_SurplusConnectionsGetAnEndWithoutData(t *testing.T) {
	const limit, clients = 10, 20
	var mu sync.Mutex
	dropped := make(map[string]string)
	srv := &duplex.Server{
		Handler:  duplex.Handler{Open: func(c *duplex.Conn) { nodeSay(t, c, "served") }},
		MaxConns: limit,
		Dropped: func(local, remote net.Addr) {
			mu.Lock()
			defer mu.Unlock()
			dropped[remote.String()] = local.String()
		},
	}
	addr := nodeServe(t, srv)
	var conns []*net.TCPConn
	for range clients { // accepted in this order
		conns = append(conns, nodeDial(t, addr))
	}
	for i, c := range conns {
		if i < limit {
			nodeHear(t, c, "served")
			continue
		}
		nodeHearEnd(t, c, "")
		nodeUntil(t, "Dropped is called", func() bool {
			mu.Lock()
			defer mu.Unlock()
			return dropped[c.LocalAddr().String()] == addr.String()
		})
	}
	if n := srv.Active(); n != limit {
		t.Errorf("%d connections are served, want %d", n, limit)
	}
	if len(dropped) != clients-limit {
		t.Errorf("%d connections were dropped, want %d", len(dropped), clients-limit)
	}
}

func TestE11_NothingIsReadBeforeOpenReturns(t *testing.T) {
	paused, resume := make(chan *duplex.Conn, 1), make(chan struct{})
	got := make(chan string, 1)
	var text strings.Builder
	srv := &duplex.Server{Handler: duplex.Handler{
		Open: func(c *duplex.Conn) {
			paused <- c
			<-resume
		},
		Data: func(_ *duplex.Conn, p []byte) { text.Write(p) },
		End:  func(*duplex.Conn) { got <- text.String() },
	}}
	c := nodeDial(t, nodeServe(t, srv))
	nodeSay(t, c, "sent while paused")
	nodeNoError(t, c.CloseWrite())
	server := nodeGet(t, "Open", paused)
	if n := server.BytesRead(); n != 0 {
		t.Errorf("%d bytes were read before Open returned", n)
	}
	close(resume)
	if text := nodeGet(t, "End", got); text != "sent while paused" {
		t.Errorf("the server got %q", text)
	}
	if n := server.BytesRead(); n != int64(len("sent while paused")) {
		t.Errorf("%d bytes count as read", n)
	}
}

func TestE13_BothSidesCountALargeWrite(t *testing.T) {
	const size = 10_000_000
	counted := make(chan int64, 1)
	srv := &duplex.Server{Handler: duplex.Handler{
		End: func(c *duplex.Conn) { counted <- c.BytesRead() },
	}}
	c := duplex.NewConn(nodeDial(t, nodeServe(t, srv)))
	nodeSay(t, c, strings.Repeat("x", size))
	nodeNoError(t, c.CloseWrite())
	nodeHearEnd(t, c, "")
	if n := nodeGet(t, "End", counted); n != size {
		t.Errorf("the reader counted %d bytes", n)
	}
	nodeNoError(t, c.Close())
	if n := c.BytesWritten(); n != size { // also after the close
		t.Errorf("the writer counted %d bytes", n)
	}
}

// Node's onread is what Read always is.
func TestE14_ReadFillsTheCallersBuffer(t *testing.T) {
	var log nodeLog
	done := make(chan struct{})
	srv := &duplex.Server{Func: func(_ context.Context, s duplex.Stream) error {
		defer close(done)
		var buffer [8]byte
		for {
			n, err := s.Read(buffer[:])
			if err != nil {
				log.add("%v", err)
				return nil
			}
			log.add("%s", buffer[:n])
		}
	}}
	c := nodeDial(t, nodeServe(t, srv))
	nodeSay(t, c, "hello world") // one segment
	nodeNoError(t, c.CloseWrite())
	nodeGet(t, "the reader", done)
	log.want(t, "hello wo", "rld", "EOF")
}
