package duplex_test

import (
	"context"
	"fmt"
	"io"
	"sync"
	"testing"
	"time"

	"github.com/duplex-go/duplex"
)

// What a handler costs beside the goroutine that anybody would write: an echo
// over TCP and in memory, a request after the other on every connection. Both
// take turns, and the figure is how many times as fast as the bare goroutine
// the handler is.
func BenchmarkEcho(b *testing.B) {
	kinds := []struct {
		name string
		ends func() (client, server duplex.Stream)
	}{
		{"tcp", func() (client, server duplex.Stream) { return tcpEnds(b) }},
		{"pair", func() (client, server duplex.Stream) { return duplex.Pair() }},
	}
	bare := func(c duplex.Stream) (wait func()) {
		done := make(chan struct{})
		go func() {
			defer close(done)
			p := make([]byte, 16<<10)
			for {
				n, err := c.Read(p)
				if err != nil {
					return
				}
				if _, err := c.Write(p[:n]); err != nil {
					return
				}
			}
		}()
		return func() { <-done }
	}
	handler := func(c duplex.Stream) (wait func()) {
		h := duplex.Handle(c, duplex.Handler{Data: func(c *duplex.Conn, p []byte) { _, _ = c.Write(p) }})
		return func() { _ = h.Wait(context.Background()) }
	}
	for _, kind := range kinds {
		for _, conns := range []int{1, 64} {
			for _, size := range []int{64, 16 << 10} {
				b.Run(fmt.Sprintf("%s/%d conns/%d B", kind.name, conns, size), func(b *testing.B) {
					plain := newEchoLoad(kind.ends, conns, size, bare)
					handled := newEchoLoad(kind.ends, conns, size, handler)
					var took [2]time.Duration
					for b.Loop() {
						took[0] += plain.run(b, 2000)
						took[1] += handled.run(b, 2000)
					}
					plain.stop()
					handled.stop()
					b.ReportMetric(took[0].Seconds()/took[1].Seconds(), "times-bare")
				})
			}
		}
	}
}

// echoLoad is a number of clients, each with a connection to an echo.
type echoLoad struct {
	size    int
	clients []duplex.Stream
	waits   []func()
}

func newEchoLoad(ends func() (client, server duplex.Stream), conns, size int, echo func(c duplex.Stream) (wait func())) *echoLoad {
	l := &echoLoad{size: size}
	for range conns {
		client, server := ends()
		l.clients = append(l.clients, client)
		l.waits = append(l.waits, echo(server))
	}
	return l
}

// run makes about n requests, shared among the clients, and tells how long they
// took.
func (l *echoLoad) run(b *testing.B, n int) time.Duration {
	began := time.Now()
	var running sync.WaitGroup
	for _, c := range l.clients {
		running.Go(func() {
			p := make([]byte, l.size)
			for range n / len(l.clients) {
				if _, err := c.Write(p); err != nil {
					b.Error(err)
				}
				if _, err := io.ReadFull(c, p); err != nil {
					b.Error(err)
				}
			}
		})
	}
	running.Wait()
	return time.Since(began)
}

func (l *echoLoad) stop() {
	for i, c := range l.clients {
		_ = c.Close()
		l.waits[i]()
	}
}
