package duplex_test

import (
	"context"
	"io"
	"sync"
	"testing"
	"time"

	"github.com/duplex-go/duplex"
)

// How far an in-memory stream is from io.Pipe, for one write and one read in
// two goroutines.
func BenchmarkPairAndPipe(b *testing.B) {
	for _, size := range []struct {
		name string
		n    int
	}{{"64B", 64}, {"64KiB", 64 << 10}} {
		b.Run("pair/"+size.name, func(b *testing.B) {
			near, far := duplex.Pair()
			moveThrough(b, near, far, near.CloseWrite, size.n)
		})
		b.Run("pipe/"+size.name, func(b *testing.B) {
			r, w := io.Pipe()
			moveThrough(b, w, r, w.Close, size.n)
		})
	}
}

// moveThrough writes chunks to w while they are read from r.
func moveThrough(b *testing.B, w io.Writer, r io.Reader, end func() error, size int) {
	b.SetBytes(int64(size))
	b.ReportAllocs()
	var done sync.WaitGroup
	done.Go(func() {
		p := make([]byte, size)
		for {
			if _, err := r.Read(p); err != nil {
				return
			}
		}
	})
	p := make([]byte, size)
	for b.Loop() {
		if _, err := w.Write(p); err != nil {
			b.Fatal(err)
		}
	}
	_ = end()
	done.Wait()
}

// BenchmarkThreeStages moves chunks of 64 KiB through three in-memory streams
// with a copy between each two: as pairs with io.Copy, as pairs with Join and
// as io.Pipes with io.Copy in turn. It reports how many times faster the pairs
// are.
func BenchmarkThreeStages(b *testing.B) {
	const chunks = 2000
	var pairs, joined, pipes time.Duration
	rounds := 0
	for b.Loop() {
		pairs += threePairs(b, chunks)
		pipes += threePipes(b, chunks)
		joined += threeJoined(b, chunks)
		rounds++
	}
	moved := float64(rounds) * chunks * (64 << 10) / 1e6
	b.ReportMetric(moved/pairs.Seconds(), "pair-MB/s")
	b.ReportMetric(moved/joined.Seconds(), "join-MB/s")
	b.ReportMetric(moved/pipes.Seconds(), "pipe-MB/s")
	b.ReportMetric(pipes.Seconds()/pairs.Seconds(), "times-io.Pipe")
	b.ReportMetric(pipes.Seconds()/joined.Seconds(), "join-times-io.Pipe")
}

func threePairs(b *testing.B, chunks int) time.Duration {
	a1, a2 := duplex.Pair()
	b1, b2 := duplex.Pair()
	c1, c2 := duplex.Pair()
	return stages(b, chunks, a1, func() { _ = a1.CloseWrite() }, c2,
		func() { _, _ = io.Copy(b1, a2); _ = b1.CloseWrite() },
		func() { _, _ = io.Copy(c1, b2); _ = c1.CloseWrite() })
}

func threeJoined(b *testing.B, chunks int) time.Duration {
	a1, a2 := duplex.Pair()
	b1, b2 := duplex.Pair()
	c1, c2 := duplex.Pair()
	_ = c2.CloseWrite() // nothing flows back
	return stages(b, chunks, a1, func() { _ = a1.CloseWrite() }, c2,
		func() { _, _ = duplex.Join(context.Background(), a2, b1) },
		func() { _, _ = duplex.Join(context.Background(), b2, c1) })
}

func threePipes(b *testing.B, chunks int) time.Duration {
	r1, w1 := io.Pipe()
	r2, w2 := io.Pipe()
	r3, w3 := io.Pipe()
	return stages(b, chunks, w1, func() { _ = w1.Close() }, r3,
		func() { _, _ = io.Copy(w2, r1); _ = w2.Close() },
		func() { _, _ = io.Copy(w3, r2); _ = w3.Close() })
}

// stages writes to in and drops what comes out, while the copies run.
func stages(b *testing.B, chunks int, in io.Writer, end func(), out io.Reader, copies ...func()) time.Duration {
	began := time.Now()
	var done sync.WaitGroup
	for _, c := range copies {
		done.Go(c)
	}
	done.Go(func() {
		p := make([]byte, 64<<10)
		for range chunks {
			if _, err := in.Write(p); err != nil {
				b.Error(err)
			}
		}
		end()
	})
	n, err := io.Copy(io.Discard, out)
	if err != nil || n != int64(chunks)*64<<10 {
		b.Fatal(n, err)
	}
	done.Wait()
	return time.Since(began)
}

// BenchmarkJoinTCP moves bytes in bulk from one TCP connection to another, by
// Join and by two bare io.Copy in turn, and reports how many times as fast
// Join is.
func BenchmarkJoinTCP(b *testing.B) {
	const size = 64 << 20
	var join, bare time.Duration
	rounds := 0
	for b.Loop() {
		join += relayBulk(b, size, func(x, y duplex.Stream) {
			_, _ = duplex.Join(context.Background(), x, y)
		})
		bare += relayBulk(b, size, func(x, y duplex.Stream) {
			var both sync.WaitGroup
			both.Go(func() { _, _ = io.Copy(y, x); _ = y.CloseWrite() })
			both.Go(func() { _, _ = io.Copy(x, y); _ = x.CloseWrite() })
			both.Wait()
			_, _ = x.Close(), y.Close()
		})
		rounds++
	}
	moved := float64(rounds) * size / 1e6
	b.ReportMetric(moved/join.Seconds(), "join-MB/s")
	b.ReportMetric(moved/bare.Seconds(), "copy-MB/s")
	b.ReportMetric(bare.Seconds()/join.Seconds(), "times-io.Copy")
}

func relayBulk(b *testing.B, size int64, relay func(x, y duplex.Stream)) time.Duration {
	a, x := tcpEnds(b)
	y, z := tcpEnds(b)
	began := time.Now()
	var done sync.WaitGroup
	done.Go(func() { relay(x, y) })
	done.Go(func() {
		_, _ = io.Copy(a, io.LimitReader(zeros{}, size))
		_ = a.CloseWrite()
	})
	if n, err := io.Copy(io.Discard, struct{ io.Reader }{z}); err != nil || n != size {
		b.Fatal(n, err)
	}
	took := time.Since(began)
	_, _ = z.Close(), a.Close()
	done.Wait()
	return took
}
