package duplex_test

import (
	"bytes"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/duplextest"
)

// soakTime is how long a soak goes on: two seconds, or what DUPLEX_SOAK says.
func soakTime(t *testing.T) time.Duration {
	text := os.Getenv("DUPLEX_SOAK")
	if text == "" {
		return 2 * time.Second
	}
	d, err := time.ParseDuration(text)
	noError(t, err)
	return d
}

// soaked is what has happened in a soak, as the clients know it or as the server
// does.
type soaked struct{ conns, ends, bytes atomic.Int64 }

// Connections that are opened, beat, half-close, reset and go silent, at random
// from a fixed seed: the two sides agree on bytes and ends, and goroutines,
// descriptors and memory are back at the end (R23).
func TestR23_ASoakLeavesNothingBehind(t *testing.T) {
	duplextest.NoLeaks(t)
	length := soakTime(t)
	var client, server soaked
	s := &duplex.Server{Handler: duplex.Handler{
		Open: func(*duplex.Conn) { server.conns.Add(1) },
		Data: func(c *duplex.Conn, p []byte) {
			if c.BytesRead() == int64(len(p)) && p[0] == beats { // the first byte says what it wants
				c.Every(3*time.Millisecond, func() { _, _ = c.Write([]byte{beats}) })
				return
			}
			_, _ = c.Write(p)
		},
		End:   func(c *duplex.Conn) { server.ends.Add(1); server.bytes.Add(c.BytesRead()) },
		Close: func(*duplex.Conn) { server.conns.Add(-1) },
	}}
	l := listenTCP(t)
	served := background(func() error { return s.Serve(l) })
	soak := func(until time.Time) {
		var clients sync.WaitGroup
		for i := range 32 {
			rng := rand.New(rand.NewPCG(23, uint64(i)))
			clients.Go(func() {
				for time.Now().Before(until) && !t.Failed() {
					visit(t, rng, l.Addr().String(), &client)
				}
			})
		}
		clients.Wait()
		eventually(t, "the server has no connection", func() bool { return s.Active() == 0 })
	}

	soak(time.Now().Add(length / 4)) // pools and tables reach their size
	fds, heap, goroutines := openFiles(), heapInUse(), runtime.NumGoroutine()
	soak(time.Now().Add(length))
	eventually(t, "goroutines are back", func() bool { return runtime.NumGoroutine() <= goroutines })
	if now := openFiles(); now > fds {
		t.Errorf("%d descriptors, of %d before", now, fds)
	}
	if now := heapInUse(); now > heap+1<<20 {
		t.Errorf("%d bytes of heap, of %d before", now, heap)
	}
	noError(t, s.Close())
	if err := within(t, "serve", served); err != duplex.ErrServerClosed {
		t.Error(err)
	}
	if server.conns.Load() != 0 || client.ends.Load() != server.ends.Load() || client.bytes.Load() != server.bytes.Load() {
		t.Errorf("%d open; clients ended %d times after %d bytes, the server saw %d after %d", server.conns.Load(),
			client.ends.Load(), client.bytes.Load(), server.ends.Load(), server.bytes.Load())
	}
	t.Logf("%d connections, %d ended in order, %d bytes", client.conns.Load(), client.ends.Load(), client.bytes.Load())
}

// beats is what a client sends first that wants a beat.
const beats = 'b'

// visit is one connection of a client, of a random kind.
func visit(t *testing.T, rng *rand.Rand, addr string, seen *soaked) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Error(err)
		return
	}
	c := conn.(*net.TCPConn)
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(patience))
	seen.conns.Add(1)
	sent := make([]byte, 1+rng.IntN(100_000))
	for i := range sent {
		sent[i] = byte(rng.Uint32())
	}
	sent[0] = 'e' // for an echo
	expect := func(what string, n int, want []byte) {
		got := make([]byte, n)
		if _, err := io.ReadFull(c, got); err != nil || want != nil && !bytes.Equal(got, want) {
			t.Errorf("%s: %v, or not the bytes that were sent", what, err)
		}
	}
	end := func(bytes int) {
		if err := c.CloseWrite(); err != nil {
			t.Error(err)
		}
		if _, err := io.Copy(io.Discard, c); err != nil {
			t.Errorf("at the end: %v", err)
		}
		seen.ends.Add(1)
		seen.bytes.Add(int64(bytes))
	}
	switch kind := rng.IntN(10); {
	case kind < 4: // talks
		rounds := 1 + rng.IntN(4)
		for range rounds {
			write := background(func() error { _, err := c.Write(sent); return err })
			expect("an echo", len(sent), sent)
			if err := <-write; err != nil {
				t.Error(err)
			}
		}
		end(rounds * len(sent))
	case kind < 6: // listens to a beat
		_, _ = c.Write([]byte{beats})
		expect("a beat", 1+rng.IntN(5), nil)
		end(1)
	case kind < 7: // ends at once
		end(0)
	case kind < 8: // is silent for long enough to be parked
		silence := time.NewTimer(time.Duration(rng.IntN(400)) * time.Millisecond)
		<-silence.C
		_, _ = c.Write(sent[:1])
		expect("an echo after the silence", 1, sent[:1])
		end(1)
	default: // resets, perhaps with an echo under way
		_, _ = c.Write(sent[:1+rng.IntN(len(sent))])
		_ = c.SetLinger(0)
	}
}
