// Endpoints measures streams of those kinds of endpoints that stand on a library
// beside bare use of that library: bytes a second in bulk, and the round trip of
// small messages. Both sides and the NATS server run in this one process; all
// ways to a connection are measured in turn in every round.
//
// The process holds 64 MiB besides. What the libraries allocate for each message
// has the collector run 400 times a second beside a heap of next to nothing, which
// is what is left by a stream that bounds what waits; bare NATS, whose unread
// messages wait in memory, has a heap of 70 MB, and was 1.4 times as fast by that
// alone.
//
//	go run ./endpoints [-rounds 5] [-mib 256] [-trips 20000] [-heap 64]
package main

import (
	"flag"
	"fmt"
	"io"
	"log"
	"runtime"
	"time"

	"github.com/duplex-go/duplex/bench/comparison"
	"github.com/duplex-go/duplex/internal/result"
)

var (
	mib   = flag.Int64("mib", 256, "how many MiB go through in bulk")
	trips = flag.Int("trips", 20_000, "how many messages go to and fro")
	heap  = flag.Int("heap", 64, "how many MiB the process holds besides")
	kind  = flag.String("kind", "", "measure this kind only: ws, quic or nats")
)

// wire is one side of a connection.
type wire interface {
	io.ReadWriteCloser
}

// side is one way to a connection.
type side struct {
	name string
	open func() (near, far wire)
}

func main() {
	run := comparison.Flags("endpoints")
	flag.Parse()
	held := make([]byte, *heap<<20)
	defer runtime.KeepAlive(held)
	names := []string{"library", "duplex"}
	bulk := result.More("endpoints", "Endpoints beside their libraries, in bulk", "MB/s", names)
	trip := result.Less("endpoints-trip", "Endpoints beside their libraries, round trips", "µs", names)
	for _, k := range []struct {
		name string
		open func() (bare, ours func() (near, far wire), stop func())
	}{{"ws", openWS}, {"quic", openQUIC}, {"nats", openNATS}} {
		if *kind != "" && *kind != k.name {
			continue
		}
		bare, ours, stop := k.open()
		comparison.Each(run, k.name, []side{{names[0], bare}, {names[1], ours}}, func(s side) {
			near, far := s.open()
			bulk.Add(k.name+", 64 KiB writes", s.name, carry(near, far, *mib<<20))
			for _, size := range []int{64, 16 << 10} {
				trip.Add(fmt.Sprintf("%s, %d B", k.name, size), s.name, pingPong(near, far, size, *trips))
			}
			_, _ = near.Close(), far.Close()
		})
		stop()
	}
	run.Finish(bulk, trip)
}

// carry sends size bytes and returns how many MB a second that was.
func carry(from, to wire, size int64) float64 {
	p := make([]byte, 64<<10)
	began := time.Now()
	go func() {
		for left := size; left > 0; left -= int64(len(p)) {
			if _, err := from.Write(p); err != nil {
				log.Fatal(err)
			}
		}
	}()
	buf := make([]byte, 64<<10)
	for got := int64(0); got < size; {
		n, err := to.Read(buf)
		if err != nil {
			log.Fatal(err)
		}
		got += int64(n)
	}
	return float64(size) / 1e6 / time.Since(began).Seconds()
}

// pingPong returns how many µs a message and its answer take.
func pingPong(near, far wire, size, trips int) float64 {
	answered := make(chan struct{})
	go func() {
		defer close(answered)
		buf := make([]byte, size)
		for range trips {
			if _, err := io.ReadFull(far, buf); err != nil {
				log.Fatal(err)
			}
			if _, err := far.Write(buf); err != nil {
				log.Fatal(err)
			}
		}
	}()
	buf := make([]byte, size)
	began := time.Now()
	for range trips {
		if _, err := near.Write(buf); err != nil {
			log.Fatal(err)
		}
		if _, err := io.ReadFull(near, buf); err != nil {
			log.Fatal(err)
		}
	}
	took := time.Since(began)
	<-answered
	return float64(took.Microseconds()) / float64(trips)
}
