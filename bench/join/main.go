// Join measures "duplex join" from TCP to TCP beside socat, Node's
// a.pipe(b).pipe(a) and HAProxy in tcp mode: bytes a second in bulk, the round
// trip of small messages, and the memory of idle pairs. All are measured in turn
// in every round; the tables show medians and the ratios to socat in the same
// round.
//
//	go run ./join [-rounds 15] [-mib 256] [-trips 3000] [-pairs 1000]
package main

import (
	"flag"
	"log"
	"os"
	"slices"

	"github.com/duplex-go/duplex/bench/result"
)

var (
	rounds = flag.Int("rounds", 15, "how often everything is measured")
	mib    = flag.Int64("mib", 256, "how many MiB go through in bulk")
	trips  = flag.Int("trips", 3000, "how many messages go to and fro")
	pairs  = flag.Int("pairs", 1000, "how many idle pairs to hold")
	save   = flag.String("save", "", "write the bytes a second to this file, for plot")
	sides  = flag.String("sides", "", "measure only these, such as \"socat,duplex\"")
)

func main() {
	log.SetFlags(0)
	flag.Parse()
	dir, err := os.MkdirTemp("", "bench-join")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	compare(result.Choose(proxies(dir), *sides, func(p proxy) string { return p.name }))
}

func compare(list []proxy, names []string) {
	bulk := result.New("Bulk", "MB/s", names)
	trip := result.New("Round trip", "µs", names)
	memory := result.New("Idle pairs", "KiB a pair", names)
	for range *rounds {
		slices.Reverse(list) // nobody always comes first
		for _, p := range list {
			bulk.Add("there", p.name, p.bulk(*mib<<20, false))
			bulk.Add("there and back at once", p.name, p.bulk(*mib<<20, true))
			for _, size := range []int{64, 16 << 10} {
				for _, conns := range []int{1, 16} {
					p.pingPong(trip, size, conns, *trips)
				}
			}
		}
	}
	for range min(3, *rounds) {
		for _, p := range list {
			memory.Add("resident, shared pages divided", p.name, p.idle(*pairs))
		}
	}
	for _, t := range []*result.Table{bulk, trip, memory} {
		t.Print(os.Stdout)
		os.Stdout.WriteString("\n")
	}
	if err := bulk.Save(*save); err != nil {
		log.Fatal(err)
	}
}
