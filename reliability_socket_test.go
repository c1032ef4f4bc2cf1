package duplex_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/duplextest"
)

// A reset on one leg must reach the other as an error, whoever of the join's
// two directions the system tells of it.
func TestR08_AResetOnOneLegIsNeverAnEndOnTheOther(t *testing.T) {
	duplextest.NoLeaks(t)
	for i := range tenth(10_000) {
		a, nearA := tcpEnds(t)
		nearB, b := tcpEnds(t)
		joined := background(func() error {
			_, err := duplex.Join(context.Background(), nearA, nearB)
			return err
		})
		var busy sync.WaitGroup
		var werr error
		busy.Go(func() { _, werr = a.Write(make([]byte, 256<<10)) })
		if i%2 == 0 {
			busy.Go(func() { _, _ = b.Write(make([]byte, 64<<10)) })
		}
		_, _ = io.CopyN(io.Discard, b, int64(i%7)<<10)
		resetConn(t, b)
		_, rerr := io.Copy(io.Discard, a)
		busy.Wait()
		// The system tells a socket of a reset once: in a write, if one is
		// under way, and the reader gets an end then.
		if rerr == nil && werr == nil {
			t.Fatalf("round %d: a took the reset for an end", i)
		}
		if err := within(t, "join", joined); err == nil {
			t.Fatalf("round %d: the join reports no failure", i)
		}
		_ = a.Close()
	}
}

func TestR20_ResetsInMidTransferLeaveNothing(t *testing.T) {
	for name, serve := range map[string]func(*duplex.Server, string){
		"handler": func(s *duplex.Server, _ string) {
			s.Handler.Data = func(c *duplex.Conn, p []byte) { _, _ = c.Write(p) }
		},
		"join": func(s *duplex.Server, next string) {
			s.Func = func(ctx context.Context, front duplex.Stream) error {
				back, err := net.Dial("tcp", next)
				if err != nil {
					return err
				}
				_, err = duplex.Join(ctx, front, back.(*net.TCPConn))
				return err
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			duplextest.NoLeaks(t)
			_, next := startServer(t, &duplex.Server{Handler: duplex.Handler{
				Data: func(c *duplex.Conn, p []byte) { _, _ = c.Write(p) },
			}})
			server := &duplex.Server{}
			serve(server, next)
			_, addr := startServer(t, server)
			var before runtime.MemStats
			for round := range tenth(100_000) / 10 {
				if round == 10 { // pools are warm
					runtime.GC()
					runtime.ReadMemStats(&before)
				}
				c, err := net.Dial("tcp", addr)
				noError(t, err)
				_, _ = c.Write(make([]byte, round%5*20_000))
				_, _ = io.CopyN(io.Discard, c, int64(round%3)*1000*int64(min(round%5, 1)))
				resetConn(t, c.(*net.TCPConn))
			}
			eventually(t, "the connections to be gone", func() bool { return server.Active() == 0 })
			var after runtime.MemStats
			runtime.GC()
			runtime.GC() // what the pools hold goes with the second
			runtime.ReadMemStats(&after)
			if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 1<<20 {
				t.Errorf("the heap has grown by %d bytes", grown)
			}
		})
	}
}

// startServer serves on a free port until the test ends.
func startServer(t testing.TB, s *duplex.Server) (net.Listener, string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	noError(t, err)
	served := background(func() error { return s.Serve(l) })
	t.Cleanup(func() {
		_ = s.Close()
		if err := within(t, "serve", served); !errors.Is(err, duplex.ErrServerClosed) {
			t.Errorf("serve: %v", err)
		}
	})
	return l, l.Addr().String()
}

// The counters of the kernel tell whether bytes have passed through this
// process: what is spliced is not in them.
func TestR90_JoinedTCPConnectionsKeepTheirBytesInTheKernel(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux splices")
	}
	const size = 64 << 20
	wrapped := map[string]func(duplex.Stream) duplex.Stream{
		"bare":    func(s duplex.Stream) duplex.Stream { return s },
		"conn":    func(s duplex.Stream) duplex.Stream { return duplex.NewConn(s) },
		"wrapped": func(s duplex.Stream) duplex.Stream { return duplex.Wrap(s, duplex.Hooks{Close: s.Close}) },
	}
	for name, wrap := range wrapped {
		t.Run(name, func(t *testing.T) {
			a, nearA := tcpEnds(t)
			nearB, b := tcpEnds(t)
			var traffic duplex.Traffic
			joined := background(func() error {
				j := duplex.Joiner{Traffic: &traffic, Observer: newNotebook(), Linger: time.Minute, Idle: time.Hour}
				_, err := j.Join(context.Background(), wrap(nearA), wrap(nearB))
				return err
			})
			before := passedThrough(t)
			sent := background(func() error {
				_, err := io.Copy(a, io.LimitReader(zeros{}, size))
				return errors.Join(err, a.CloseWrite())
			})
			n, err := io.Copy(io.Discard, struct{ io.Reader }{b})
			noError(t, err)
			noError(t, within(t, "send", sent))
			noError(t, b.Close())
			noError(t, within(t, "join", joined))
			// The test's own ends write and read everything once.
			if extra := passedThrough(t) - before - 2*size; n != size || traffic.AB() != size || extra > 1<<20 {
				t.Errorf("%d bytes arrived, %d were counted, %d passed through the process", n, traffic.AB(), extra)
			}
		})
	}
}

// passedThrough returns how many bytes this process has read and written.
func passedThrough(t testing.TB) (n int64) {
	t.Helper()
	text, err := os.ReadFile("/proc/self/io")
	noError(t, err)
	for line := range bytes.Lines(text) {
		var count int64
		for _, name := range []string{"rchar: %d", "wchar: %d"} {
			if _, err := fmt.Sscanf(string(line), name, &count); err == nil {
				n += count
			}
		}
	}
	return n
}
