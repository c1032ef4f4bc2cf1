// Gzip measures package deflate beside other implementations of gzip: C zlib,
// Go's compress/gzip, klauspost/compress, Node's zlib and, on two cores,
// klauspost/pgzip and pigz. All encode and decode the same inputs in turn in every
// round.
//
//	go run ./gzip [-rounds 5] [-levels 1,6,9] [-mib 8] [-times 10]
//
// The tables show the speed on the wall, that by processor time, which says more
// about one core on a busy machine, and the size of what was made.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/duplex-go/duplex/bench/comparison"
	"github.com/duplex-go/duplex/deflate"
	"github.com/duplex-go/duplex/internal/result"
)

var (
	levels = flag.String("levels", "1,6,9", "levels to measure")
	mib    = flag.Int("mib", 8, "size of each input in MiB")
	times  = flag.Int("times", 10, "how many times over an input is decoded in a round")
)

func main() {
	run := comparison.Flags("gzip")
	flag.Parse()
	dir, err := os.MkdirTemp("", "bench-gzip")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	inputs, err := corpora(*mib << 20)
	if err != nil {
		log.Fatal(err)
	}
	tools := find(run, dir)
	tables := append(encode(run, tools, inputs, dir), decode(run, tools, inputs, dir)...)
	run.Finish(tables...)
}

// encode measures every input and level.
func encode(run *comparison.Run, t tools, inputs []corpus, dir string) []*result.Table {
	list, names := comparison.Choose(run, encoders(t), side.called)
	wall := result.More("gzip", "Encoding, on the wall", "MB/s", names)
	cpu := result.More("gzip-cpu", "Encoding, by processor time", "MB a second of processor time", names)
	size := result.Less("gzip-size", "Encoding, the output", "bytes", names)
	for _, in := range inputs {
		file := put(dir, in.name, in.data)
		for word := range strings.SplitSeq(*levels, ",") {
			level, err := strconv.Atoi(word)
			if err != nil {
				log.Fatal(err)
			}
			row := fmt.Sprintf("%s, level %d", in.name, level)
			comparison.Each(run, row, list, func(s side) {
				c := s.must(level, in.data, file)
				wall.Add(row, s.name, float64(len(in.data))/1e6/c.took.Seconds())
				cpu.Add(row, s.name, float64(len(in.data))/1e6/c.cpu.Seconds())
				size.Add(row, s.name, float64(c.size))
			})
		}
	}
	return []*result.Table{wall, cpu, size}
}

// decode measures every input as zlib's level 6 encodes it.
func decode(run *comparison.Run, t tools, inputs []corpus, dir string) []*result.Table {
	list, names := comparison.Choose(run, decoders(t), side.called)
	wall := result.More("gunzip", "Decoding, on the wall", "MB/s", names)
	cpu := result.More("gunzip-cpu", "Decoding, by processor time", "MB a second of processor time", names)
	for _, in := range inputs {
		coded := encoded(in.data)
		file := put(dir, in.name+".gz", coded)
		comparison.Each(run, in.name+", decoding", list, func(s side) {
			c := s.must(*times, coded, file)
			if want := *times * len(in.data); c.size != want {
				log.Fatalf("%s made %d bytes of %s, not %d", s.name, c.size, in.name, want)
			}
			wall.Add(in.name, s.name, float64(c.size)/1e6/c.took.Seconds())
			cpu.Add(in.name, s.name, float64(c.size)/1e6/c.cpu.Seconds())
		})
	}
	return []*result.Table{wall, cpu}
}

// encoded returns what zlib makes of data at level 6, which is what package
// deflate makes of it.
func encoded(data []byte) []byte {
	var out bytes.Buffer
	w, err := deflate.NewWriter(&out, deflate.Options{Format: deflate.Gzip, Level: 6})
	if err != nil {
		log.Fatal(err)
	}
	if _, err := w.Write(data); err != nil {
		log.Fatal(err)
	}
	if err := w.Close(); err != nil {
		log.Fatal(err)
	}
	return out.Bytes()
}

// put writes an input to a file for those who read one, and returns its name.
func put(dir, name string, data []byte) string {
	file := filepath.Join(dir, name)
	if err := os.WriteFile(file, data, 0o600); err != nil {
		log.Fatal(err)
	}
	return file
}
