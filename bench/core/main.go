// Core measures streams within one process: an in-memory stream of duplex beside
// io.Pipe, a channel of []byte and Node's stream.pipeline, and Join from one TCP
// connection to another beside two bare io.Copy. All are measured in turn in
// every round.
//
//	go run ./core [-rounds 5] [-chunks 32768] [-writes 1000000] [-mib 512]
package main

import (
	"flag"
	"log"
	"time"

	"github.com/duplex-go/duplex/bench/comparison"
	"github.com/duplex-go/duplex/bench/program"
	"github.com/duplex-go/duplex/internal/result"
)

var (
	chunks = flag.Int("chunks", 32768, "how many chunks of 64 KiB go through in bulk")
	writes = flag.Int("writes", 1_000_000, "how many small writes")
	mib    = flag.Int64("mib", 512, "how many MiB are joined")
)

const (
	large = 64 << 10 // a chunk in bulk
	small = 64       // a small write
)

func main() {
	run := comparison.Flags("core")
	flag.Parse()
	list, names := comparison.Choose(run, sides(run), func(s side) string { return s.name })
	bulk := result.More("core", "In memory, in bulk", "MB/s", names)
	each := result.Less("core-write", "In memory, small writes", "ns a write", names)
	comparison.Each(run, "in memory", list, func(s side) {
		bulk.Add("one stream, 64 KiB writes", s.name, speed(*chunks*large, s.move(1, large, *chunks)))
		bulk.Add("three streams in a row, 64 KiB writes", s.name, speed(*chunks*large, s.move(3, large, *chunks)))
		each.Add("one stream, 64 B writes", s.name, float64(s.move(1, small, *writes).Nanoseconds())/float64(*writes))
	})
	run.Finish(bulk, each, joins(run, *mib<<20))
}

// speed returns MB a second.
func speed(size int, took time.Duration) float64 { return float64(size) / 1e6 / took.Seconds() }

// side is a way for bytes from a writer to a reader.
type side struct {
	name string
	// move returns how long it takes to move so many writes of size bytes through
	// so many streams in a row, to the end.
	move func(streams, size, writes int) time.Duration
}

// sides returns those that can be measured here, io.Pipe first.
func sides(run *comparison.Run) []side {
	list := []side{
		{"io.Pipe", func(streams, size, writes int) time.Duration { return copied(pipe, streams, size, writes) }},
		{"duplex", func(streams, size, writes int) time.Duration { return copied(pair, streams, size, writes) }},
		{"channel, copied", func(streams, size, writes int) time.Duration { return channels(true, streams, size, writes) }},
		{"channel, handed on", func(streams, size, writes int) time.Duration { return channels(false, streams, size, writes) }},
	}
	if path := program.Find(run, "node"); path != "" {
		list = append(list, side{"Node pipeline", func(streams, size, writes int) time.Duration {
			took, err := piped(path, streams, size, writes)
			if err != nil {
				log.Fatal(err)
			}
			return took
		}})
	}
	return list
}
