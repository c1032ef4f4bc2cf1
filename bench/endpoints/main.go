// Endpoints measures streams of those kinds of endpoints that stand on a library
// beside bare use of that library: bytes a second in bulk, and the round trip of
// small messages. Both sides and the NATS server run in this one process; all
// kinds are measured in turn in every round; the tables show medians and the
// ratios to the bare library in the same round.
//
//	go run ./endpoints [-rounds 15] [-mib 64] [-trips 3000]
package main

import (
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"slices"
	"time"

	"github.com/duplex-go/duplex/bench/result"
)

var (
	rounds = flag.Int("rounds", 15, "how often everything is measured")
	mib    = flag.Int64("mib", 64, "how many MiB go through in bulk")
	trips  = flag.Int("trips", 3000, "how many messages go to and fro")
	kind   = flag.String("kind", "", "measure this kind only: ws, quic or nats")
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
	log.SetFlags(0)
	flag.Parse()
	kinds := []struct {
		name string
		open func() (bare, ours func() (near, far wire), stop func())
	}{{"ws", openWS}, {"quic", openQUIC}, {"nats", openNATS}}
	for _, k := range kinds {
		if *kind != "" && *kind != k.name {
			continue
		}
		bare, ours, stop := k.open()
		compare(k.name, []side{{"library", bare}, {"duplex", ours}})
		stop()
	}
}

func compare(name string, sides []side) {
	names := []string{sides[0].name, sides[1].name}
	bulk := result.New(name+", bulk", "MB/s", names)
	trip := result.New(name+", round trip", "µs", names)
	for range *rounds {
		slices.Reverse(sides) // nobody always comes first
		for _, s := range sides {
			near, far := s.open()
			bulk.Add("64 KiB writes", s.name, carry(near, far, *mib<<20))
			for _, size := range []int{64, 16 << 10} {
				trip.Add(fmt.Sprintf("%d B", size), s.name, pingPong(near, far, size, *trips))
			}
			_, _ = near.Close(), far.Close()
		}
	}
	bulk.Print(os.Stdout)
	fmt.Println()
	trip.Print(os.Stdout)
	fmt.Println()
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
