// Command deflate measures package deflate beside other compressors: C zlib,
// Go's compress/gzip, klauspost/compress, Node's createGzip and pigz, on the
// same inputs and in turns, so that what disturbs the machine disturbs all.
//
//	cd bench/deflate && go run . [-levels 1,6,9] [-rounds 7] [-mib 8]
//
// It prints, per input and level, the median speed with the slowest and the
// fastest round, how many times C zlib's median that is, and the output size.
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
	fmt.Println("| input | level | compressor | MB/s | slowest | fastest | of zlib | bytes |")
	fmt.Println("|---|---|---|---|---|---|---|---|")
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
	speeds := make([][]float64, len(all))
	sizes := make([]int, len(all))
	for range rounds {
		for i, p := range all {
			r, err := p.run(level, in.data, file)
			if err != nil {
				return fmt.Errorf("%s: %w", p.name, err)
			}
			speeds[i] = append(speeds[i], float64(len(in.data))/1e6/r.took.Seconds())
			sizes[i] = r.size
		}
	}
	var base float64
	for i, p := range all {
		s := speeds[i]
		slices.Sort(s)
		median := s[len(s)/2]
		if i == 0 {
			base = median
		}
		fmt.Printf("| %s | %d | %s | %.1f | %.1f | %.1f | %.2f | %d |\n", in.name, level, p.name, median, s[0], s[len(s)-1], median/base, sizes[i])
	}
	return nil
}
