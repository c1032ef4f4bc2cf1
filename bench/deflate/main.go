// Command deflate measures package deflate beside other compressors: C zlib,
// Go's compress/gzip, klauspost/compress, Node's createGzip and pigz, on the
// same inputs and in turns, so that what disturbs the machine disturbs all.
//
//	cd bench/deflate && go run . [-levels 1,6,9] [-rounds 7] [-mib 8]
//
// It prints, per input and level, the median speed with the slowest and the
// fastest round and how many times C zlib's median that is; the same by
// processor time, which says more about one core on a busy machine; and the
// output size.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

func main() {
	levels := flag.String("levels", "1,6,9", "levels to measure")
	rounds := flag.Int("rounds", 7, "rounds")
	mib := flag.Int("mib", 8, "size of each input in MiB")
	only := flag.String("only", "", "comma-separated peers to measure, zlib always")
	flag.Parse()
	if err := run(*levels, *rounds, *mib<<20, *only); err != nil {
		fmt.Fprintln(os.Stderr, "deflate bench:", err)
		os.Exit(1)
	}
}

func run(levels string, rounds, size int, only string) error {
	dir, err := os.MkdirTemp("", "deflatebench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	all, err := peers(dir)
	if err != nil {
		return err
	}
	if only != "" {
		names := append(strings.Split(only, ","), "zlib")
		all = slices.DeleteFunc(all, func(p peer) bool { return !slices.Contains(names, p.name) })
	}
	inputs, err := corpora(size)
	if err != nil {
		return err
	}
	fmt.Println("| input | level | compressor | MB/s | slowest | fastest | of zlib | MB/cpu-s | best | of zlib | bytes |")
	fmt.Println("|---|---|---|---|---|---|---|---|---|---|---|")
	for _, in := range inputs {
		file := filepath.Join(dir, in.name)
		if err := os.WriteFile(file, in.data, 0o600); err != nil {
			return err
		}
		for _, l := range strings.Split(levels, ",") {
			level, err := strconv.Atoi(l)
			if err != nil {
				return err
			}
			if err := measure(all, in, file, level, rounds); err != nil {
				return err
			}
		}
	}
	return nil
}

// measure runs all peers in turns and prints one line each.
func measure(all []peer, in corpus, file string, level, rounds int) error {
	wall := make([][]float64, len(all))
	cpu := make([][]float64, len(all))
	sizes := make([]int, len(all))
	for range rounds {
		for i, p := range all {
			r, err := p.run(level, in.data, file)
			if err != nil {
				return fmt.Errorf("%s: %w", p.name, err)
			}
			mb := float64(len(in.data)) / 1e6
			wall[i] = append(wall[i], mb/r.took.Seconds())
			cpu[i] = append(cpu[i], mb/r.cpu.Seconds())
			sizes[i] = r.size
		}
	}
	for i, p := range all {
		slices.Sort(wall[i])
		slices.Sort(cpu[i])
		w, c := wall[i], cpu[i]
		mid := rounds / 2
		fmt.Printf("| %s | %d | %s | %.1f | %.1f | %.1f | %.2f | %.1f | %.1f | %.2f | %d |\n", in.name, level, p.name,
			w[mid], w[0], w[rounds-1], w[mid]/wall[0][mid], c[mid], c[rounds-1], c[mid]/cpu[0][mid], sizes[i])
	}
	return nil
}
