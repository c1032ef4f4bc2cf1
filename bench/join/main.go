// Join measures "duplex join" from TCP to TCP beside socat, HAProxy in tcp mode
// and Node's a.pipe(b).pipe(a): bytes a second in bulk, the round trip of small
// messages, and the memory of idle pairs. All are measured in turn in every round.
//
//	go run ./join [-rounds 5] [-mib 512] [-trips 3000] [-pairs 1000]
//	go run ./join -inspect [-mib 2048] [-trips 3000] [-pairs 200]
//
// With -inspect it measures what "duplex join --inspect" costs, with and without
// somebody who looks.
package main

import (
	"flag"
	"fmt"
	"log"
	"os"

	"github.com/duplex-go/duplex/bench/comparison"
	"github.com/duplex-go/duplex/internal/result"
)

var (
	mib       = flag.Int64("mib", 512, "how many MiB go through in bulk")
	trips     = flag.Int("trips", 3000, "how many messages go to and fro")
	pairs     = flag.Int("pairs", 1000, "how many idle pairs to hold")
	inspected = flag.Bool("inspect", false, "measure duplex without and with its inspector")
)

func main() {
	run := comparison.Flags("join")
	flag.Parse()
	dir, err := os.MkdirTemp("", "bench-join")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	duplex := build(dir)
	if *inspected {
		run.Rename("inspect")
		compare(run, "inspect", "With the inspector", inspectors(duplex))
		return
	}
	compare(run, "join", "Joins", proxies(run, dir, duplex))
}

// compare measures all of list. The tables are called key, and so on.
func compare(run *comparison.Run, key, title string, list []proxy) {
	list, names := comparison.Choose(run, list, func(p proxy) string { return p.name })
	bulk := result.More(key, title+", in bulk", "MB/s", names)
	trip := result.Less(key+"-trip", title+", round trips", "µs", names)
	memory := result.Less(key+"-pairs", title+", idle pairs", "KiB a pair", names)
	comparison.Each(run, "in bulk", list, func(p proxy) {
		bulk.Add("there", p.name, p.bulk(*mib<<20, false))
		bulk.Add("there and back at once", p.name, p.bulk(*mib<<20, true))
	})
	for _, size := range []int{64, 16 << 10} {
		for _, conns := range []int{1, 16} {
			row := fmt.Sprintf("%d × %d B", conns, size)
			comparison.Each(run, row, list, func(p proxy) {
				half, most := p.pingPong(size, conns, *trips)
				trip.Add(row+", median", p.name, half)
				trip.Add(row+", 99 of 100", p.name, most)
			})
		}
	}
	comparison.Each(run, "idle pairs", list, func(p proxy) {
		memory.Add("resident, shared pages divided", p.name, p.idle(*pairs))
	})
	run.Finish(bulk, trip, memory)
}
