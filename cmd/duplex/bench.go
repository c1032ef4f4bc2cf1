package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/duplex-go/duplex/internal/benchmark"
	"github.com/duplex-go/duplex/internal/load"
	"github.com/duplex-go/duplex/internal/result"
	"github.com/duplex-go/duplex/progress"
	"golang.org/x/term"
)

type benchCmd struct {
	Echo benchEchoCmd `cmd:"" help:"Echo servers: round trips a second beside a bare net server, Node and socat."`
	Join benchJoinCmd `cmd:"" help:"Joins of TCP to TCP: bulk, round trips and memory beside socat and Node."`
	Gzip benchGzipCmd `cmd:"" help:"gzip: speed and size beside gzip, pigz and Node."`
	Idle benchIdleCmd `cmd:"" help:"Idle connections with a beat: memory and processor time beside a bare net server and Node."`
	Net  benchNetCmd  `cmd:"" hidden:"" help:"The bare net server that echo and idle measure."`
}

// Help is what "duplex bench --help" adds.
func (benchCmd) Help() string {
	return "Whatever of the others is installed is measured in turn with this duplex, round by round, on loopback. A number is the median of the " +
		"rounds; in brackets is the median of its ratios to duplex within a round, which says more than the numbers on a machine that does other work. " +
		"bench/ in the sources has the full comparison."
}

// benchFlags are those of all benchmarks.
type benchFlags struct {
	Rounds int      `help:"How often everything is measured." default:"3"`
	Sides  []string `help:"Measure only these, such as duplex,node." placeholder:"SIDE"`
	JSON   bool     `name:"json" help:"Print every number of every round as JSON."`
}

// benchmarked is one of package benchmark's.
type benchmarked func(run benchmark.Run) (benchmark.Tables, error)

// run makes a benchmark and prints what it has measured, also when it fails
// halfway.
func (f benchFlags) run(s *session, name string, measure benchmarked) error {
	if f.Rounds < 1 {
		return fmt.Errorf("%w: --rounds must be 1 or more", errUsage)
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	var mu sync.Mutex
	var done, of int
	var what string
	log, finish := s.log, func() {}
	if term.IsTerminal(int(os.Stderr.Fd())) {
		line := progress.StartSteps(s.log, func() (int, int, string) {
			mu.Lock()
			defer mu.Unlock()
			return done, of, what
		})
		log, finish = line, line.Finish
	}
	c := result.Comparison{Name: name, Command: "duplex bench " + name, Began: time.Now().UTC().Truncate(time.Second), Machine: result.Machine(), Load: result.LoadAverage()}
	c.Tables, err = measure(benchmark.Run{
		Self: self, Rounds: f.Rounds, Sides: f.Sides,
		Step: func(n, all int, now string) {
			mu.Lock()
			defer mu.Unlock()
			done, of, what = n, all, now
		},
		Note: func(note string) {
			c.Notes = append(c.Notes, note)
			fmt.Fprintf(log, "duplex: %s\n", note)
		},
	})
	finish()
	if errors.Is(err, benchmark.ErrNoSide) {
		return fmt.Errorf("%w: %w", errUsage, err)
	}
	if printed := f.print(s.out, c); err == nil {
		err = printed
	}
	switch {
	case errors.Is(err, context.Canceled):
		return fmt.Errorf("bench %s: interrupted", name)
	case err != nil:
		return fmt.Errorf("bench %s: %w", name, err)
	}
	return nil
}

// print prints the tables that have rows.
func (f benchFlags) print(w io.Writer, c result.Comparison) error {
	if f.JSON {
		e := json.NewEncoder(w)
		e.SetIndent("", " ")
		return e.Encode(c)
	}
	var b strings.Builder
	for _, t := range c.Tables {
		if len(t.Rows) == 0 {
			continue
		}
		if err := t.Align(&b); err != nil {
			return err
		}
		b.WriteByte('\n')
	}
	_, err := io.WriteString(w, b.String())
	return err
}

type benchEchoCmd struct {
	benchFlags
	Conns []int         `help:"How many connections, one after the other." default:"1,64"`
	Size  []int         `help:"How many bytes a message has." default:"64,16384"`
	Time  time.Duration `help:"How long each is measured." default:"1s"`
}

func (c benchEchoCmd) Run(s *session) error {
	for _, n := range append(append([]int{}, c.Conns...), c.Size...) {
		if n < 1 {
			return fmt.Errorf("%w: --conns and --size must be 1 or more", errUsage)
		}
	}
	if c.Time <= 0 {
		return fmt.Errorf("%w: --time must be positive", errUsage)
	}
	return c.run(s, "echo", func(run benchmark.Run) (benchmark.Tables, error) {
		e := benchmark.Echo{Run: run, Conns: c.Conns, Sizes: c.Size, Time: c.Time}
		return e.Measure(s)
	})
}

type benchJoinCmd struct {
	benchFlags
	MiB   int64 `name:"mib" help:"How many MiB go through in bulk." default:"256"`
	Trips int   `help:"How many messages go to and fro." default:"2000"`
	Pairs int   `help:"How many idle pairs to hold; 0 does not measure their memory." default:"100"`
}

func (c benchJoinCmd) Run(s *session) error {
	if c.MiB < 1 || c.Trips < 16 || c.Pairs < 0 {
		return fmt.Errorf("%w: want a --mib of 1 or more, 16 or more --trips, and --pairs that are not negative", errUsage)
	}
	return c.run(s, "join", func(run benchmark.Run) (benchmark.Tables, error) {
		j := benchmark.Join{Run: run, Bytes: c.MiB << 20, Trips: c.Trips, Pairs: c.Pairs}
		return j.Measure(s)
	})
}

type benchGzipCmd struct {
	benchFlags
	File  string `arg:"" optional:"" type:"existingfile" help:"What to compress; made-up logs if there is none."`
	MiB   int    `name:"mib" help:"How many MiB of logs to make up." default:"32"`
	Level int    `help:"The level, 1 to 9." default:"6"`
}

func (c benchGzipCmd) Run(s *session) error {
	if c.MiB < 1 || c.Level < 1 || c.Level > 9 {
		return fmt.Errorf("%w: want a --mib of 1 or more, and a --level from 1 to 9", errUsage)
	}
	return c.run(s, "gzip", func(run benchmark.Run) (benchmark.Tables, error) {
		g := benchmark.Gzip{Run: run, File: c.File, Bytes: c.MiB << 20, Level: c.Level}
		return g.Measure(s)
	})
}

type benchIdleCmd struct {
	benchFlags
	Conns int           `help:"How many connections." default:"1000"`
	Beat  time.Duration `help:"How often each beats." default:"1s"`
	Time  time.Duration `help:"How long they beat." default:"5s"`
}

func (c benchIdleCmd) Run(s *session) error {
	if c.Conns < 1 || c.Beat < time.Millisecond || c.Time <= 0 {
		return fmt.Errorf("%w: want 1 or more --conns, a --beat of 1ms or more and a positive --time", errUsage)
	}
	return c.run(s, "idle", func(run benchmark.Run) (benchmark.Tables, error) {
		i := benchmark.Idle{Run: run, Conns: c.Conns, Beat: c.Beat, Time: c.Time}
		return i.Measure(s)
	})
}

type benchNetCmd struct {
	Beat time.Duration `default:"0s"`
}

func (c benchNetCmd) Run(s *session) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Fprintf(s.log, "listening on tcp://%s\n", l.Addr())
	served := make(chan error, 1)
	go func() { served <- load.Bare{Beat: c.Beat}.Serve(l) }()
	select {
	case err := <-served:
		return err
	case <-s.Done():
		_ = l.Close()
		<-served
		return nil
	}
}
