// Bench measures duplex beside its peers and writes docs/benchmarks.md: it builds
// what it can, says what is missing and so left out, runs every comparison with
// its sides in turn in each round, and writes the document, its plots and, beside
// it, every number of every round.
//
//	cd bench && go run . [-rounds 5] [-only echo,idle,gzip,join,inspect,core,endpoints] [-short] [-out DIR]
//
// With -only, what the document says of the other comparisons stays. With -short
// everything is over in two or three minutes and says little; it is written elsewhere.
// With -render nothing is measured, and the document is written anew.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"log"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/duplex-go/duplex/bench/document"
	"github.com/duplex-go/duplex/bench/plot"
	"github.com/duplex-go/duplex/bench/program"
	"github.com/duplex-go/duplex/internal/result"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("bench: ")
	rounds := flag.Int("rounds", 5, "how often everything is measured")
	only := flag.String("only", "", "measure only these comparisons, with commas between")
	short := flag.Bool("short", false, "a quick look, in a directory of its own")
	render := flag.Bool("render", false, "measure nothing, write the document anew")
	out := flag.String("out", "", "where the document and its plots go (../docs, or with -short a temporary directory)")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *rounds, *only, *short, *render, *out); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, rounds int, only string, short, render bool, out string) error {
	if out == "" {
		out = filepath.Join("..", "docs")
		if short {
			out = filepath.Join(os.TempDir(), "duplex-bench")
		}
	}
	if short {
		rounds = min(rounds, 2)
	}
	chosen, err := choose(only)
	if err != nil {
		return err
	}
	list, err := result.Load(filepath.Join(out, "benchmarks.json"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	var failed error
	if !render {
		failed = measure(ctx, &list, chosen, rounds, short)
	}
	if ctx.Err() != nil {
		return errors.New("interrupted, and nothing written")
	}
	return errors.Join(failed, write(list, out))
}

// choose returns the comparisons that only names, or all.
func choose(only string) (chosen []command, err error) {
	if only == "" {
		return commands, nil
	}
	for name := range strings.SplitSeq(only, ",") {
		i := slices.IndexFunc(commands, func(c command) bool { return c.name == name })
		if i < 0 {
			return nil, fmt.Errorf("no comparison is called %q", name)
		}
		chosen = append(chosen, commands[i])
	}
	return chosen, nil
}

// measure runs the chosen comparisons one after the other and puts what they have
// measured into list. What fails is left as it was, and is in the error.
func measure(ctx context.Context, list *result.Comparisons, chosen []command, rounds int, short bool) error {
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if missing := program.Missing("node", "socat", "haproxy", "pigz", "cc"); len(missing) > 0 {
		log.Printf("missing here, and so left out: %s", strings.Join(missing, ", "))
	}
	var failed error
	load, began := result.LoadAverage(), time.Now()
	log.Printf("%s; load average %.1f", result.Machine(), load)
	if load > 0.5 && !short {
		log.Print("the machine is not quiet: what else runs on it is in the numbers")
	}
	for i, c := range chosen {
		log.Printf("[%d/%d] %s, %v so far", i+1, len(chosen), c.name, time.Since(began).Round(time.Second))
		measured, err := c.run(ctx, dir, rounds, short)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			log.Printf("%s failed, and is left out: %v", c.name, err)
			failed = errors.Join(failed, fmt.Errorf("%s: %w", c.name, err))
			continue
		}
		measured.Load = load
		list.Put(measured)
	}
	log.Printf("measured in %v", time.Since(began).Round(time.Second))
	return failed
}

// write writes the results, the plots and the document to the directory out.
func write(list result.Comparisons, out string) error {
	if err := os.MkdirAll(filepath.Join(out, "plots"), 0o755); err != nil {
		return err
	}
	if err := list.Save(filepath.Join(out, "benchmarks.json")); err != nil {
		return err
	}
	var text strings.Builder
	r, err := document.Render(&text, list)
	if err != nil {
		return err
	}
	for _, t := range r.Plots {
		if err := plot.Draw(t, filepath.Join(out, "plots", t.Key+".svg")); err != nil {
			return err
		}
	}
	file := filepath.Join(out, "benchmarks.md")
	if err := os.WriteFile(file, []byte(text.String()), 0o644); err != nil {
		return err
	}
	for _, what := range r.Absent {
		log.Printf("the document says that this was not measured: %s", what)
	}
	log.Printf("%s, with %d plots", file, len(r.Plots))
	return nil
}
