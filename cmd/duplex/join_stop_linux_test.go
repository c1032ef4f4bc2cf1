package main

import (
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/duplex-go/duplex"
	"golang.org/x/sys/unix"
)

// serveFunc runs a server on a free port until the test ends.
func serveFunc(t *testing.T, f func(c *net.TCPConn)) (url string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var running sync.WaitGroup
	running.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			running.Go(func() {
				defer c.Close()
				f(c.(*net.TCPConn))
			})
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		running.Wait()
	})
	return "tcp://" + l.Addr().String()
}

// relays is how many there are at once.
func relays(t *testing.T) int {
	if os.Getenv("DUPLEX_FULL") != "1" {
		return 150
	}
	// Each takes two descriptors, here as well as in the command.
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	return min(10_000, int(limit.Cur/2-100))
}

// liveRelays starts a join that forks, and many connections through it to a
// server that says how much it has got, once it has got the end.
func liveRelays(t *testing.T, n int, grace string) (join *process, clients []duplex.Stream) {
	t.Helper()
	server := serveFunc(t, func(c *net.TCPConn) {
		_, _ = c.Write([]byte{'!'}) // it lives
		n, err := io.Copy(io.Discard, c)
		if err == nil {
			_, _ = c.Write(binary.BigEndian.AppendUint64(nil, uint64(n)))
		}
	})
	join, url := startJoin(t, "listen:tcp://127.0.0.1:0,fork,max=0", server, "--grace", grace)
	for range n {
		c := dial(t, url)
		if _, err := io.ReadFull(c, make([]byte, 1)); err != nil {
			t.Fatal(err)
		}
		clients = append(clients, c)
	}
	return join, clients
}

// untilItListensNoMore waits until a join has got its first signal.
func untilItListensNoMore(join *process) {
	addr := strings.TrimPrefix(join.log.line("listening on "), "listening on tcp://")
	for {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			return
		}
		_ = c.Close()
	}
}

func TestR25_RelaysThatEndDuringTheGraceLoseNothing(t *testing.T) {
	join, clients := liveRelays(t, relays(t), "1h")
	join.signal(syscall.SIGTERM)
	untilItListensNoMore(join)
	const size = 100_000
	var all sync.WaitGroup
	for _, c := range clients {
		all.Go(func() {
			_, werr := c.Write(make([]byte, size))
			_ = c.CloseWrite()
			answer, err := io.ReadAll(c)
			if werr != nil || err != nil || len(answer) != 8 || binary.BigEndian.Uint64(answer) != size {
				t.Errorf("wrote %v, read %x, %v", werr, answer, err)
			}
			_ = c.Close()
		})
	}
	all.Wait()
	if code := join.wait(); code != 0 {
		t.Errorf("exit %d: %s", code, join.log)
	}
}

// Half of the relays are silent, and half go on sending.
func TestR25_RelaysThatOutliveTheGraceGetAnEnd(t *testing.T) {
	n, grace := relays(t), "200ms"
	if os.Getenv("DUPLEX_FULL") == "1" {
		// To stop one takes a third of a millisecond of a processor, and there
		// are two seconds, on two processors that also run this side.
		n, grace = n/4, "5s"
	}
	join, clients := liveRelays(t, n, grace)
	pace := time.Duration(len(clients)) * 200 * time.Microsecond // the processors have others to serve
	join.signal(syscall.SIGTERM)
	var all sync.WaitGroup
	for i, c := range clients {
		all.Go(func() {
			ended := make(chan error, 1)
			go func() {
				_, err := io.Copy(io.Discard, c)
				ended <- err
			}()
			for over := false; !over; {
				if i%2 == 0 {
					_, _ = c.Write(make([]byte, 10))
				}
				select {
				case err := <-ended:
					over = true
					if err != nil {
						t.Errorf("%v; want an end", err)
					}
				case <-time.After(pace):
				}
			}
			_ = c.Close()
		})
	}
	all.Wait()
	if code := join.wait(); code != 0 {
		t.Errorf("exit %d: %s", code, join.log)
	}
}

// stopped reports whether c's peer has ended or gone, without waiting.
func stopped(c duplex.Stream) (over bool) {
	raw, err := c.(syscall.Conn).SyscallConn()
	if err != nil {
		return true
	}
	_ = raw.Control(func(fd uintptr) {
		n, _, err := syscall.Recvfrom(int(fd), make([]byte, 1), syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		over = n == 0 && err == nil || err != nil && err != syscall.EAGAIN
	})
	return over
}

func TestR25_ASecondSignalEndsAtOnce(t *testing.T) {
	t.Parallel()
	_, echo := startEcho(t, "tcp://127.0.0.1:0")
	join, url := startJoin(t, "listen:tcp://127.0.0.1:0,fork", echo, "--grace", "1h")
	c := dial(t, url)
	if _, err := io.WriteString(c, "x"); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(c, make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	join.signal(syscall.SIGTERM)
	untilItListensNoMore(join)
	join.signal(syscall.SIGTERM)
	if code := join.wait(); code != 128+int(syscall.SIGTERM) {
		t.Errorf("exit %d: %s", code, join.log)
	}
}

func TestASignalEndsAJoinInOrder(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		for _, flags := range []string{"", "--through gzip", "--tee-ab /dev/null", "--limit-rate 100M"} {
			t.Run(sig.String()+flags, func(t *testing.T) {
				t.Parallel()
				got := make(chan []byte, 1)
				server := serveFunc(t, func(c *net.TCPConn) {
					_, _ = c.Write([]byte("welcome"))
					b, err := io.ReadAll(c)
					if err != nil {
						t.Errorf("the server got %v in place of an end", err)
					}
					got <- b
				})
				if flags == "--through gzip" {
					_, server = startJoin(t, "listen:tcp://127.0.0.1:0", server, "--through-ab", "gunzip")
					flags = "--through-ab gzip"
				}
				join, url := startJoin(t, "listen:tcp://127.0.0.1:0", server, strings.Fields(flags)...)
				c := dial(t, url)
				if _, err := io.ReadFull(c, make([]byte, len("welcome"))); err != nil {
					t.Fatal(err)
				}
				sent := make(chan int, 1)
				go func() {
					n := 0
					for {
						m, err := c.Write(bytes.Repeat([]byte("x"), 1000))
						n += m
						if err != nil || stopped(c) {
							sent <- n
							return
						}
					}
				}()
				join.signal(sig)
				if rest, err := io.ReadAll(c); err != nil || len(rest) > 0 {
					t.Errorf("the client got %q, %v; want an end", rest, err)
				}
				n := <-sent
				_ = c.Close()
				if code := join.wait(); code != 0 {
					t.Errorf("exit %d: %s", code, join.log)
				}
				if b := <-got; len(b) > n || len(bytes.Trim(b, "x")) > 0 {
					t.Errorf("the server got %d bytes of %d", len(b), n)
				}
			})
		}
	}
}

func TestBytesThatAreCutOffAfterASignalAreAFailure(t *testing.T) {
	for _, fork := range []string{"", ",fork"} {
		t.Run("listen"+fork, func(t *testing.T) {
			t.Parallel()
			done := make(chan struct{})
			server := serveFunc(t, func(c *net.TCPConn) { <-done }) // reads nothing
			t.Cleanup(func() { close(done) })
			join, url := startJoin(t, "listen:tcp://127.0.0.1:0"+fork, server, "--grace", "100ms", "-v")
			c := dial(t, url)
			full := make(chan struct{})
			go func() {
				defer close(full)
				_, _ = io.Copy(c, neverEnding{}) // until it is cut
			}()
			join.log.line("1: opened")
			for stuck := false; !stuck; stuck = sendQueue(t, c) {
			}
			join.signal(syscall.SIGTERM)
			if code := join.wait(); code != 1 || !strings.Contains(join.log.String(), "cut off with bytes unwritten") {
				t.Errorf("exit %d: %s", code, join.log)
			}
			<-full
		})
	}
}

// neverEnding is a source of zeros.
type neverEnding struct{}

func (neverEnding) Read(p []byte) (int, error) { return len(p), nil }

func TestASignalEndsConnectAndWhatItRuns(t *testing.T) {
	t.Parallel()
	in, feed := pipe(t)
	// What the command has been given it still writes down.
	file := t.TempDir() + "/got"
	client := start(t, in, duplexBin, "join", "-", "exec:sh -c 'echo ready; cat > "+file+"'")
	client.stdout.await(func(text string) bool { return strings.Contains(text, "ready") })
	if _, err := feed.WriteString(strings.Repeat("line\n", 1000)); err != nil {
		t.Fatal(err)
	}
	for unread(t, in) > 0 { // until the join has taken it
	}
	client.signal(syscall.SIGTERM)
	if code := client.wait(); code != 0 {
		t.Errorf("exit %d: %s", code, client.log)
	}
	if got, err := os.ReadFile(file); err != nil || len(got) != 5000 {
		t.Errorf("the command has got %d bytes, %v", len(got), err)
	}
}

// sendQueue reports whether c's socket has been full for a while.
func sendQueue(t *testing.T, c duplex.Stream) bool {
	t.Helper()
	raw, err := c.(syscall.Conn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	queued := func() (n int) {
		_ = raw.Control(func(fd uintptr) { n, _ = unix.IoctlGetInt(int(fd), unix.TIOCOUTQ) })
		return n
	}
	before := queued()
	time.Sleep(20 * time.Millisecond)
	return before > 0 && queued() == before
}

// unread returns how many bytes wait in a pipe.
func unread(t *testing.T, f *os.File) int {
	t.Helper()
	n, err := unix.IoctlGetInt(int(f.Fd()), unix.TIOCINQ)
	if err != nil {
		t.Fatal(err)
	}
	return n
}
