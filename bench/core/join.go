package main

import (
	"context"
	"io"
	"log"
	"net"
	"sync"
	"time"

	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/bench/comparison"
	"github.com/duplex-go/duplex/internal/result"
)

// joining is a way to connect two streams both ways, to the end of both.
type joining struct {
	name string
	join func(a, b *net.TCPConn)
}

// joins measures Join beside what every Go program writes instead.
func joins(run *comparison.Run, size int64) *result.Table {
	list := []joining{{"two io.Copy", func(a, b *net.TCPConn) {
		var both sync.WaitGroup
		both.Go(func() { _, _ = io.Copy(b, a); _ = b.CloseWrite() })
		both.Go(func() { _, _ = io.Copy(a, b); _ = a.CloseWrite() })
		both.Wait()
		_, _ = a.Close(), b.Close()
	}}, {"duplex.Join", func(a, b *net.TCPConn) { _, _ = duplex.Join(context.Background(), a, b) }}}
	t := result.More("core-join", "Join, TCP to TCP in one process", "MB/s", []string{list[0].name, list[1].name})
	comparison.Each(run, "join", list, func(j joining) {
		t.Add("there", j.name, float64(size)/1e6/j.relay(size).Seconds())
	})
	return t
}

// relay returns how long size bytes take from one TCP connection through j to
// another one.
func (j joining) relay(size int64) time.Duration {
	a, x := connection()
	y, z := connection()
	began := time.Now()
	var done sync.WaitGroup
	done.Go(func() { j.join(x, y) })
	done.Go(func() {
		p := make([]byte, large)
		for left := size; left > 0; {
			n, err := a.Write(p[:min(left, large)])
			if err != nil {
				log.Fatal(err)
			}
			left -= int64(n)
		}
		_ = a.CloseWrite()
	})
	n, err := io.Copy(io.Discard, struct{ io.Reader }{z})
	if err != nil {
		log.Fatal(err)
	}
	check(int(n), int(size))
	took := time.Since(began)
	_, _ = z.Close(), a.Close()
	done.Wait()
	return took
}

// connection returns the two ends of a new TCP connection.
func connection() (dialled, accepted *net.TCPConn) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	defer l.Close()
	near, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		log.Fatal(err)
	}
	far, err := l.Accept()
	if err != nil {
		log.Fatal(err)
	}
	return near.(*net.TCPConn), far.(*net.TCPConn)
}
