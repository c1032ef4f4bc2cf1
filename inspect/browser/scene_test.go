package browser

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/compress"
	"github.com/duplex-go/duplex/inspect"
)

// scene is joins over TCP in every state that there is, as a registry sees them.
type scene struct {
	t        *testing.T
	registry *inspect.Registry
	ctx      context.Context
	cancel   context.CancelFunc
	running  sync.WaitGroup
}

func newScene(t *testing.T) *scene {
	s := &scene{t: t, registry: new(inspect.Registry)}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	t.Cleanup(func() {
		s.cancel()
		s.running.Wait()
	})
	return s
}

// ends returns the two ends of a TCP connection.
func (s *scene) ends() (near, far *net.TCPConn) {
	s.t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		s.t.Fatal(err)
	}
	defer l.Close()
	a, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		s.t.Fatal(err)
	}
	b, err := l.Accept()
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _, _ = a.Close(), b.Close() })
	return a.(*net.TCPConn), b.(*net.TCPConn)
}

// join joins two connections, with a codec on the second, and returns their other
// ends.
func (s *scene) join(a, b string, codec *duplex.Codec) (client, server *net.TCPConn) {
	s.t.Helper()
	client, nearA := s.ends()
	nearB, server := s.ends()
	var back duplex.Stream = nearB
	if codec != nil {
		back = duplex.Layer(nearB, *codec)
	}
	s.running.Go(func() {
		j := duplex.Joiner{Observer: s.registry, Names: [2]string{a, b}, Linger: time.Hour}
		_, _ = j.Join(s.ctx, nearA, back)
	})
	return client, server
}

// flow writes to w at about that many bytes a second, in waves, until the end.
func (s *scene) flow(w io.Writer, rate int) {
	s.running.Go(func() {
		tick := time.NewTicker(50 * time.Millisecond)
		defer tick.Stop()
		wave := 1.0
		for {
			select {
			case <-s.ctx.Done():
				return
			case <-tick.C:
			}
			wave = min(max(wave+(rand.Float64()-0.5)/3, 0.2), 1.8)
			if _, err := w.Write(text[:min(int(float64(rate)*wave)/20, len(text))]); err != nil {
				return
			}
		}
	})
}

// text is something that can be compressed.
var text = func() []byte {
	b := make([]byte, 1<<20)
	for i := range b {
		b[i] = "the quick brown fox jumps over the lazy dog\n"[rand.IntN(44)]
	}
	return b
}()

// drop reads and drops all until the end.
func (s *scene) drop(r io.Reader) {
	s.running.Go(func() { _, _ = io.Copy(io.Discard, struct{ io.Reader }{r}) })
}

// The states.

func (s *scene) flowing(a, b string, there, back int) {
	client, server := s.join(a, b, nil)
	s.drop(client)
	s.drop(server)
	s.flow(client, there)
	s.flow(server, back)
}

func (s *scene) compressed(a, b string, rate int) {
	client, server := s.join(a, b, &duplex.Codec{
		Encode: compress.Gzip(compress.Options{}).Named("gzip:level=6"), Decode: compress.Gunzip(compress.DecoderOptions{}).Named("gunzip")})
	s.drop(client)
	s.drop(server)
	s.flow(client, rate)
}

func (s *scene) silent(a, b string) {
	client, server := s.join(a, b, nil)
	s.drop(client)
	s.drop(server)
	_, _ = client.Write([]byte("hello"))
}

// halfClosed has the client's end, and the server goes on.
func (s *scene) halfClosed(a, b string, rate int) {
	client, server := s.join(a, b, nil)
	s.drop(client)
	s.drop(server)
	_, _ = client.Write(text[:40_000])
	_ = client.CloseWrite()
	s.flow(server, rate)
}

// stalled has a server that reads nothing.
func (s *scene) stalled(a, b string) {
	client, _ := s.join(a, b, nil)
	s.drop(client)
	s.running.Go(func() {
		for {
			if _, err := client.Write(text); err != nil {
				return
			}
		}
	})
}

// failed is reset by its client.
func (s *scene) failed(a, b string) {
	client, server := s.join(a, b, nil)
	s.drop(server)
	_, _ = client.Write(text[:4000])
	_ = duplex.Abort(client, errors.New("gone"))
}

// ended has ended in order.
func (s *scene) ended(a, b string) {
	client, server := s.join(a, b, nil)
	s.drop(client)
	s.drop(server)
	_, _ = client.Write(text[:9000])
	_, _ = client.CloseWrite(), server.CloseWrite()
}

// all is one of each.
func (s *scene) all() {
	s.flowing("listen:tcp://127.0.0.1:5432,fork", "tcp://127.0.0.1:15432", 6<<20, 900<<10)
	s.compressed("listen:tcp://127.0.0.1:9000,fork", "tls://127.0.0.1:9443", 3<<20)
	s.halfClosed("listen:unix:///run/upload.sock", "tcp://127.0.0.1:8080", 300<<10)
	s.stalled("listen:tcp://127.0.0.1:7000,fork", "tcp://127.0.0.1:7001")
	s.silent("listen:tcp://127.0.0.1:6000", "exec:cat")
	s.flowing("listen:ws://127.0.0.1:8081/chat,fork", "tcp://127.0.0.1:6667", 30<<10, 90<<10)
	s.failed("listen:tcp://127.0.0.1:2525,fork", "tcp://127.0.0.1:25")
	s.ended("listen:tcp://127.0.0.1:8079,fork", "tcp://127.0.0.1:8078")
}
