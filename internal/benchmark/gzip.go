package benchmark

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"time"

	"github.com/duplex-go/duplex/internal/load"
	"github.com/duplex-go/duplex/internal/result"
)

// Gzip measures programs that compress standard input to standard output, and
// take it apart again. pigz runs with one processor and with all.
type Gzip struct {
	Run
	File  string // what to compress; "" is Bytes bytes of made-up logs
	Bytes int
	Level int
}

// Measure measures bytes of input a second, by the wall and by the processor, and
// the size of what comes out. It returns what there is when it fails.
func (g *Gzip) Measure(ctx context.Context) (Tables, error) {
	file, remove, err := script("gzip.js")
	if err != nil {
		return nil, err
	}
	defer remove()
	data := load.Logs(g.Bytes)
	if g.File != "" {
		if data, err = os.ReadFile(g.File); err != nil {
			return nil, err
		}
	}
	if len(data) == 0 {
		return nil, errors.New("there is nothing to compress")
	}
	sides, names, err := g.choose([]side{
		{"duplex", func(level string) []string {
			if level == "d" {
				return []string{g.Self, "through", "gunzip", "--no-progress"}
			}
			return []string{g.Self, "through", "gzip:level=" + level, "--no-progress"}
		}},
		{"gzip", func(level string) []string { return []string{"gzip", "-c", "-" + level} }},
		{"pigz", func(level string) []string { return []string{"pigz", "-c", "-" + level, "-p", "1"} }},
		{"pigz on all", func(level string) []string {
			return []string{"pigz", "-c", "-" + level, "-p", strconv.Itoa(runtime.NumCPU())}
		}},
		{"node", func(level string) []string { return []string{"node", file, level} }},
	})
	if err != nil {
		return nil, err
	}
	wall := result.More("gzip", "gzip", "MB of input/s", names)
	cost := result.Less("gzip-cpu", "gzip, processor time", "s/GB of input", names)
	size := result.Less("gzip-size", "gzip, size", "% of the input", names)
	made := make(map[string][]byte) // by side: what it has made of data
	mb := float64(len(data)) / 1e6
	timed := func(name, arg string, input func(s side) []byte, check func(s side, out []byte) error) row {
		return row{name, func(s side) error {
			out, took, used, err := filter(ctx, s.args(arg), input(s), len(data))
			if err == nil {
				err = check(s, out)
			}
			if err != nil {
				return err
			}
			wall.Add(name, s.name, mb/took.Seconds())
			cost.Add(name, s.name, used.Seconds()/mb*1e3)
			return nil
		}}
	}
	level := fmt.Sprintf("level %d", g.Level)
	err = g.rounds(ctx, []row{
		timed(level, strconv.Itoa(g.Level), func(side) []byte { return data }, func(s side, out []byte) error {
			if made[s.name] == nil {
				size.Add(level, s.name, float64(len(out))/float64(len(data))*100)
			}
			made[s.name] = out
			return nil
		}),
		timed("decompression", "d", func(s side) []byte { return made[s.name] }, func(_ side, out []byte) error {
			if !bytes.Equal(out, data) {
				return errors.New("what came back is not what was compressed")
			}
			return nil
		}),
	}, sides)
	return Tables{wall, cost, size}, err
}

// filter runs a program on input, and returns what comes out and what it took.
func filter(ctx context.Context, args []string, input []byte, room int) (out []byte, took, used time.Duration, err error) {
	var stdout, stderr bytes.Buffer
	stdout.Grow(room + bytes.MinRead)
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(input), &stdout, &stderr
	began := time.Now()
	if err := cmd.Run(); err != nil {
		return nil, 0, 0, fmt.Errorf("%s: %w: %s", args[0], err, bytes.TrimSpace(stderr.Bytes()))
	}
	took = time.Since(began)
	return stdout.Bytes(), took, cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), nil
}
