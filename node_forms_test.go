package duplex_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http/httptrace"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/duplex-go/duplex"
)

// Forms that docs/node.md gives for rows of Node's API without a scenario.

// unpipe
func TestCopyEndedByADeadlineLeavesBothStreams(t *testing.T) {
	l := nodeListen(t)
	tcp := nodeDial(t, l.Addr())
	accepted, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer accepted.Close()
	a, b := duplex.Pair()
	for name, ends := range map[string][2]duplex.Stream{
		"pair": {a, b}, "tcp": {accepted.(*net.TCPConn), tcp},
	} {
		t.Run(name, func(t *testing.T) {
			src, dst := duplex.NewConn(ends[0]), duplex.Transform{}.Stream()
			type copied struct {
				n   int64
				err error
			}
			done := make(chan copied, 1)
			go func() {
				n, err := io.Copy(dst, src)
				done <- copied{n, err}
			}()
			nodeSay(t, ends[1], "piped ")
			nodeHear(t, dst, "piped ")
			nodeNoError(t, src.SetReadDeadline(time.Unix(1, 0)))
			if c := nodeGet(t, "Copy", done); c.n != 6 || !errors.Is(c.err, os.ErrDeadlineExceeded) {
				t.Errorf("Copy moved %d bytes, %v", c.n, c.err)
			}
			nodeNoError(t, src.SetReadDeadline(time.Time{}))
			nodeSay(t, ends[1], "more")
			nodeHear(t, src, "more")
			nodeSay(t, dst, "still open")
			nodeHear(t, dst, "still open")
		})
	}
}

// Writes before connect.
func TestPairIsAStreamBeforeItsConnection(t *testing.T) {
	refused := errors.New("refused")
	for _, failure := range []error{nil, refused} {
		synctest.Test(t, func(t *testing.T) {
			local, remote := duplex.Pair()
			dial := func(context.Context) (duplex.Stream, error) {
				time.Sleep(time.Second) // of the bubble
				return local, failure
			}
			early, inner := duplex.Pair()
			go func() {
				if c, err := dial(t.Context()); err != nil {
					inner.Abort(err)
				} else {
					duplex.Join(t.Context(), inner, c)
				}
			}()
			nodeSay(t, early, "before ")
			if failure != nil {
				nodeHearError(t, early, "", refused)
				return
			}
			nodeHear(t, remote, "before ")
			nodeSay(t, early, "after")
			nodeNoError(t, early.CloseWrite())
			nodeHearEnd(t, remote, "after")
			nodeSay(t, remote, "answer")
			nodeNoError(t, remote.CloseWrite())
			nodeHearEnd(t, early, "answer")
		})
	}
}

// highWaterMark of a socket.
func TestPairBeforeASocketIsABoundedQueue(t *testing.T) {
	const mark = 256 << 10
	synctest.Test(t, func(t *testing.T) {
		s, peer := duplex.PairConfig{HighWaterMark: 1 << 10}.Pair() // as good as stuck
		queue, inner := duplex.PairConfig{HighWaterMark: mark}.Pair()
		go duplex.Join(t.Context(), inner, s)
		text := strings.Repeat("x", mark)
		nodeSay(t, queue, text) // does not wait
		nodeNoError(t, queue.CloseWrite())
		nodeHearEnd(t, peer, text)
		nodeNoError(t, peer.CloseWrite())
		nodeHearEnd(t, queue, "")
	})
}

// listen with a signal.
func TestClosedListenerLeavesTheConnections(t *testing.T) {
	l := nodeListen(t)
	srv := &duplex.Server{Handler: nodeEcho}
	served := make(chan error, 1)
	go func() { served <- srv.Serve(l) }()
	c := nodeDial(t, l.Addr())
	nodeSay(t, c, "x")
	nodeHear(t, c, "x")
	ctx, cancel := context.WithCancel(t.Context())
	context.AfterFunc(ctx, func() { l.Close() })
	cancel()
	if err := nodeGet(t, "Serve", served); !errors.Is(err, net.ErrClosed) || errors.Is(err, duplex.ErrServerClosed) {
		t.Errorf("Serve returned %v", err)
	}
	nodeSay(t, c, "still there")
	nodeHear(t, c, "still there")
	nodeNoError(t, srv.Close())
}

// connectionAttempt and its sisters.
func TestDialTellsItsAttempts(t *testing.T) {
	var log nodeLog
	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{
		ConnectDone: func(_, addr string, err error) {
			log.add("%s refused: %v", addr, errors.Is(err, syscall.ECONNREFUSED))
		},
	})
	addr := net.JoinHostPort("127.0.0.1", nodeDeadPort(t))
	if _, err := new(net.Dialer).DialContext(ctx, "tcp", addr); err == nil {
		t.Error("a dead port was dialled")
	}
	log.want(t, addr+" refused: true")
}
