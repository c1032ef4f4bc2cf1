package duplex_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/duplex-go/duplex"
)

// The scenarios of Node's own tests, restated for duplex, are in the files
// node_order_test.go (A) to node_net_test.go (E); a test's name carries the
// scenario's number. What follows is how they talk over a stream.

// nodePatience bounds what should take no time at all.
const nodePatience = 20 * time.Second

// nodeSay writes text whole.
func nodeSay(t testing.TB, w io.Writer, text string) {
	t.Helper()
	if n, err := io.WriteString(w, text); err != nil || n != len(text) {
		t.Errorf("writing %.40q: %d bytes, %v", text, n, err)
	}
}

// nodeHear reads as many bytes as want has.
func nodeHear(t testing.TB, r io.Reader, want string) {
	t.Helper()
	p := make([]byte, len(want))
	n, err := io.ReadFull(r, p)
	if err != nil || string(p) != want {
		t.Errorf("read %.40q, %v; want %.40q", p[:n], err, want)
	}
}

// nodeHearEnd reads up to the end and finds want before it.
func nodeHearEnd(t testing.TB, r io.Reader, want string) {
	t.Helper()
	p, err := io.ReadAll(r)
	if err != nil || string(p) != want {
		t.Errorf("read %d bytes %.40q and then %v; want %d bytes %.40q and the end", len(p), p, err, len(want), want)
	}
}

// nodeHearError reads want and then an error that matches target: no end.
func nodeHearError(t testing.TB, r io.Reader, want string, target error) {
	t.Helper()
	p, err := io.ReadAll(r)
	if string(p) != want || !errors.Is(err, target) {
		t.Errorf("read %.40q and then %v; want %.40q and then %v", p, err, want, target)
	}
}

// nodeLog notes what happens in the order in which it does.
type nodeLog struct {
	mu    sync.Mutex
	notes []string
}

func (l *nodeLog) add(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.notes = append(l.notes, fmt.Sprintf(format, args...))
}

func (l *nodeLog) want(t testing.TB, notes ...string) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	if got, want := strings.Join(l.notes, ", "), strings.Join(notes, ", "); got != want {
		t.Errorf("what happened was %q, want %q", got, want)
	}
}

func (l *nodeLog) has(note string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, n := range l.notes {
		if n == note {
			return true
		}
	}
	return false
}

// handler returns a handler that notes every callback.
func (l *nodeLog) handler() duplex.Handler {
	return duplex.Handler{
		Open:  func(*duplex.Conn) { l.add("open") },
		Data:  func(_ *duplex.Conn, p []byte) { l.add("data %s", p) },
		End:   func(*duplex.Conn) { l.add("end") },
		Error: func(_ *duplex.Conn, err error) { l.add("error %v", err) },
		Close: func(*duplex.Conn) { l.add("close") },
	}
}

// nodeEncoder is an encoder that passes bytes on and does as it is told at its
// end.
type nodeEncoder struct {
	io.Writer
	close   func(w io.Writer) error
	release func()
}

func (e *nodeEncoder) Close() error {
	if e.close == nil {
		return nil
	}
	return e.close(e.Writer)
}

func (e *nodeEncoder) Release() {
	if e.release != nil {
		e.release()
	}
}

// nodeUntil waits for something that no channel tells.
func nodeUntil(t testing.TB, what string, cond func() bool) {
	t.Helper()
	limit := time.After(nodePatience)
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !cond() {
		select {
		case <-tick.C:
		case <-limit:
			t.Fatalf("waited in vain: %s", what)
		}
	}
}

// nodeServe serves on a free port and returns its address. The test's end
// closes the server.
func nodeServe(t testing.TB, srv *duplex.Server) *net.TCPAddr {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- srv.Serve(l) }()
	t.Cleanup(func() {
		if err := srv.Close(); err != nil {
			t.Errorf("closing the server: %v", err)
		}
		if err := <-served; err != duplex.ErrServerClosed {
			t.Errorf("Serve returned %v", err)
		}
	})
	return l.Addr().(*net.TCPAddr)
}

// nodeDial connects to addr; the test's end closes the connection.
func nodeDial(t testing.TB, addr net.Addr) *net.TCPConn {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), nodePatience)
	defer cancel()
	c, err := new(net.Dialer).DialContext(ctx, addr.Network(), addr.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if err := c.SetDeadline(time.Now().Add(nodePatience)); err != nil {
		t.Fatal(err)
	}
	return c.(*net.TCPConn)
}

// nodeListen returns a listener on a free port that the test's end closes.
func nodeListen(t testing.TB) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

// nodeGet receives from c, but not for ever.
func nodeGet[T any](t testing.TB, what string, c <-chan T) (v T) {
	t.Helper()
	select {
	case v = <-c:
	case <-time.After(nodePatience):
		t.Fatalf("waited in vain: %s", what)
	}
	return v
}
