package ws_test

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/endpoint"
	"github.com/duplex-go/duplex/endpoint/internal/endpointtest"
	"github.com/duplex-go/duplex/endpoint/ws"
)

// beside returns a stream that does not ping, and its peer, which is the library.
func beside(t *testing.T) (s duplex.Stream, peer *websocket.Conn) {
	t.Helper()
	s, peer = withLibrary(t, "server", ",ping=0")
	t.Cleanup(func() { _, _ = peer.CloseNow(), s.Close() }) // it would not answer a Close frame
	return s, peer
}

// inTime is long enough for what takes no time.
func inTime(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func TestPingsAreAnsweredWhileNobodyReads(t *testing.T) {
	for _, c := range []struct {
		name   string
		unread int // bytes that come before the pings, and are not read
	}{{"nothing unread", 0}, {"much unread", 60_000}} {
		t.Run(c.name, func(t *testing.T) {
			s, peer := beside(t)
			_ = peer.CloseRead(t.Context())
			if err := peer.Write(t.Context(), websocket.MessageBinary, make([]byte, c.unread)); err != nil {
				t.Fatal(err)
			}
			for range 5 {
				if err := peer.Ping(inTime(t)); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := io.ReadFull(s, make([]byte, c.unread)); err != nil {
				t.Error(err)
			}
			if err := peer.Ping(inTime(t)); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestPingsAreAnsweredWhoeverMayNotWriteAnyMore(t *testing.T) {
	s, peer := beside(t)
	_ = peer.CloseRead(t.Context())
	if err := s.(net.Conn).SetWriteDeadline(time.Unix(1, 0)); err != nil {
		t.Fatal(err)
	}
	for range 5 {
		if err := peer.Ping(inTime(t)); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := s.Write([]byte("x")); n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("wrote %d, %v", n, err)
	}
}

func TestACloseFrameIsSeenWhileNobodyReads(t *testing.T) {
	s, peer := beside(t)
	if err := peer.Write(t.Context(), websocket.MessageText, []byte("bye")); err != nil {
		t.Fatal(err)
	}
	if err := peer.Close(websocket.StatusNormalClosure, ""); err != nil { // fails if it is not answered
		t.Error(err)
	}
	if _, err := s.Write([]byte("x")); !errors.Is(err, duplex.ErrPeerClosed) {
		t.Errorf("the writer got %v", err)
	}
	if got, err := io.ReadAll(s); string(got) != "bye" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
}

// What nobody reads is bounded, and what the watcher has read is not lost.
func TestAPeerThatSendsMoreThanIsReadWaits(t *testing.T) {
	s, peer := beside(t)
	const size = 4 << 20
	sent := make(chan error, 1)
	go func() { sent <- peer.Write(t.Context(), websocket.MessageBinary, make([]byte, size)) }()
	full := inTime(t)
	unread, isFull := ws.Unread(s)
	for ; !isFull; unread, isFull = ws.Unread(s) {
		select {
		case <-full.Done():
			t.Fatalf("%d bytes are unread, and more is read", unread)
		case <-time.After(time.Millisecond):
		}
	}
	if unread < 64<<10 || unread > 68<<10 {
		t.Errorf("%d bytes are unread", unread)
	}
	if n, err := io.CopyN(io.Discard, s, size); err != nil {
		t.Errorf("%d bytes, %v", n, err)
	}
	if err := <-sent; err != nil {
		t.Error(err)
	}
}

// Reads and watching take turns at every place of a message, and with deadlines
// of their own.
func TestReadsAfterLullsAndDeadlinesGoOnWithinAFrame(t *testing.T) {
	l, err := endpoint.Listen(t.Context(), "ws://127.0.0.1:0/x,ping=0")
	if err != nil {
		t.Fatal(err)
	}
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	// The first byte of a message comes with the handshake.
	if _, err := io.WriteString(c, request("")+"\x82"); err != nil {
		t.Fatal(err)
	}
	s, err := endpoint.Accept(t.Context(), l)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	rest := "\x83\x00\x00\x00\x00abc" + "\x89\x81\x00\x00\x00\x00?" + frame(0x82, 3, "def")
	d := s.(interface{ SetReadDeadline(time.Time) error })
	buf := make([]byte, 8<<10)
	var got strings.Builder
	for i := range len(rest) {
		// It ends at once, soon, or after a while in which somebody else may read.
		if err := d.SetReadDeadline(time.Now().Add(time.Duration(i%3) * time.Millisecond)); err != nil {
			t.Fatal(err)
		}
		n, err := s.Read(buf[:[]int{1, 100, len(buf)}[i%3]])
		got.Write(buf[:n])
		if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatal(err)
		}
		if i%4 == 0 {
			awaitLull()
		}
		if _, err := c.Write([]byte{rest[i]}); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.SetReadDeadline(time.Time{}); err != nil {
		t.Fatal(err)
	}
	for got.Len() < 6 {
		n, err := s.Read(buf)
		if got.Write(buf[:n]); err != nil {
			t.Fatalf("%q, %v", got.String(), err)
		}
	}
	if got.String() != "abcdef" {
		t.Errorf("got %q", got.String())
	}
	_ = c.Close() // or closing waits for its Close frame
}

// awaitLull lets so much time pass that a stream that nobody reads is watched.
// No test needs that it is: it makes what is tested more than one way of many.
func awaitLull() {
	for range 3 {
		<-time.After(5 * time.Millisecond)
	}
}

// TestR91_MessagesToAndFroAllocateNothing counts both sides of round trips.
func TestR91_MessagesToAndFroAllocateNothing(t *testing.T) {
	if ws.UnderRace {
		t.Skip("the race detector makes sync.Pool forget on purpose")
	}
	for _, size := range []int{64, 16 << 10, 100_000} {
		near, far := endpointtest.Connect(t, "ws://127.0.0.1:0", "")
		var echoing sync.WaitGroup
		echoing.Go(func() {
			_, _ = io.CopyBuffer(struct{ io.Writer }{far}, struct{ io.Reader }{far}, make([]byte, 64<<10))
			_ = far.Close()
		})
		p := make([]byte, size)
		round := func() {
			for range 20 {
				if _, err := near.Write(p); err != nil {
					t.Fatal(err)
				}
				if _, err := io.ReadFull(near, p); err != nil {
					t.Fatal(err)
				}
			}
		}
		round()
		if n := testing.AllocsPerRun(20, round); n >= 1 {
			t.Errorf("%v allocations in 20 round trips of %d bytes", n, size)
		}
		_ = near.Close()
		echoing.Wait()
	}
}
