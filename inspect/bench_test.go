package inspect_test

import (
	"context"
	"io"
	"net"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/inspect"
)

// BenchmarkJoinInspected moves bytes in bulk through a join, in turn with a
// registry that is looked at once a second and a viewer, and without. It reports
// how many times as fast the first is, by the median of the rounds, and what either allocates for a join:
// what it takes to open and close one, since nothing does while bytes move.
func BenchmarkJoinInspected(b *testing.B) {
	for _, kind := range []struct {
		name string
		size int64
		ends func(b *testing.B) (near, far duplex.Stream)
	}{
		{"tcp", 512 << 20, tcpEnds},
		{"pair", 4 << 30, func(*testing.B) (near, far duplex.Stream) { return duplex.Pair() }},
	} {
		b.Run(kind.name, func(b *testing.B) {
			r := new(inspect.Registry)
			ctx, cancel := context.WithCancel(b.Context())
			var looking sync.WaitGroup
			looking.Go(func() { r.Watch(ctx) })
			looking.Go(func() { // as a browser does
				for tick := time.NewTicker(time.Second); ; {
					select {
					case <-tick.C:
						r.View(inspect.Query{ID: 1})
					case <-ctx.Done():
						return
					}
				}
			})
			observers := []duplex.Observer{r, nil}
			var took [2]time.Duration // with and without
			var mallocs [2]uint64
			var ratios []float64
			for b.Loop() {
				var now [2]time.Duration
				for i := range observers {
					if len(ratios)%2 > 0 { // first one, then the other
						i = 1 - i
					}
					var n uint64
					now[i], n = moved(b, kind.size, kind.ends, observers[i])
					took[i], mallocs[i] = took[i]+now[i], mallocs[i]+n
				}
				ratios = append(ratios, now[1].Seconds()/now[0].Seconds())
			}
			cancel()
			looking.Wait()
			slices.Sort(ratios)
			b.ReportMetric(ratios[len(ratios)/2], "times-without")
			b.ReportMetric(float64(b.N)*float64(kind.size)/1e6/took[1].Seconds(), "without-MB/s")
			b.ReportMetric(float64(mallocs[0])/float64(b.N), "with-allocs/join")
			b.ReportMetric(float64(mallocs[1])/float64(b.N), "without-allocs/join")
		})
	}
}

// moved joins two streams, observed by obs if it is not nil, moves size bytes
// through them, and returns how long that took and how much was allocated
// meanwhile, by everybody.
func moved(b *testing.B, size int64, ends func(b *testing.B) (near, far duplex.Stream), obs duplex.Observer) (took time.Duration, mallocs uint64) {
	b.Helper()
	client, x := ends(b)
	y, server := ends(b)
	chunk := make([]byte, 256<<10)
	into := make([]byte, 256<<10)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	began := time.Now()
	var running sync.WaitGroup
	running.Go(func() {
		_, _ = duplex.Joiner{Observer: obs}.Join(context.Background(), x, y)
	})
	running.Go(func() {
		for left := size; left > 0; left -= int64(len(chunk)) {
			if _, err := client.Write(chunk); err != nil {
				return
			}
		}
		_ = client.CloseWrite()
	})
	var n int64
	for {
		m, err := server.Read(into)
		n += int64(m)
		if err != nil {
			if err != io.EOF || n != size {
				b.Fatal(n, err)
			}
			break
		}
	}
	took = time.Since(began)
	_, _ = server.Close(), client.Close()
	running.Wait()
	runtime.ReadMemStats(&after)
	return took, after.Mallocs - before.Mallocs
}

// tcpEnds returns the two ends of a TCP connection.
func tcpEnds(b *testing.B) (near, far duplex.Stream) {
	b.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		b.Fatal(err)
	}
	d, err := l.Accept()
	if err != nil {
		b.Fatal(err)
	}
	return c.(*net.TCPConn), d.(*net.TCPConn)
}
