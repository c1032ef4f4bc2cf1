package benchmark

import (
	"context"
	"fmt"
	"time"

	"github.com/duplex-go/duplex/internal/load"
	"github.com/duplex-go/duplex/internal/result"
)

// Echo measures echo servers under a closed loop: so many connections, each of
// which sends so many bytes and waits for them.
type Echo struct {
	Run
	Conns []int         // how many connections, in turn
	Sizes []int         // bytes a message, in turn
	Time  time.Duration // how long a turn is
}

// Measure measures every combination. It returns what there is when it fails.
func (e *Echo) Measure(ctx context.Context) (Tables, error) {
	file, remove, err := script("echo.js")
	if err != nil {
		return nil, err
	}
	defer remove()
	sides, names, err := e.choose(e.servers(file))
	if err != nil {
		return nil, err
	}
	rate := result.More("echo", "Echo", "round trips/s", names)
	var rows []row
	for _, conns := range e.Conns {
		for _, size := range e.Sizes {
			name := fmt.Sprintf("%d × %d B", conns, size)
			rows = append(rows, row{name, func(s side) error {
				value, err := e.turn(ctx, s, conns, size)
				if err == nil {
					rate.Add(name, s.name, value)
				}
				return err
			}})
		}
	}
	return Tables{rate}, e.rounds(ctx, rows, sides)
}

// turn returns the round trips a second of s.
func (e *Echo) turn(ctx context.Context, s side, conns, size int) (rate float64, err error) {
	p, err := start(ctx, nil, s.args(""))
	if err != nil {
		return 0, err
	}
	defer p.stop()
	loop, err := load.NewLoop(p.addr, conns, size)
	if err != nil {
		return 0, err
	}
	defer loop.Close()
	if err := loop.Run(e.Time / 4); err != nil { // whoever compiles what is busy does so
		return 0, err
	}
	loop.Begin()
	if err := loop.Run(e.Time); err != nil {
		return 0, err
	}
	return loop.Rate(), nil
}

// servers are the sides of Echo and of Idle, whose script file is.
func (r *Run) servers(file string) []side {
	return []side{
		{"duplex", func(beat string) []string {
			args := []string{r.Self, "echo", "tcp://127.0.0.1:0", "--max-conns=1000000"}
			if beat != "" {
				args = append(args, "--beat="+beat, "--beat-text=b")
			}
			return args
		}},
		{"net", func(beat string) []string {
			args := []string{r.Self, "bench", "net"}
			if beat != "" {
				args = append(args, "--beat="+beat)
			}
			return args
		}},
		{"node", func(string) []string { return []string{"node", file} }},
		{"socat", func(string) []string { return append(socat(), "PIPE") }},
	}
}

// socat is the command line of a socat that listens, to be ended by what it
// connects to.
func socat() []string {
	return []string{"socat", "-d", "-d", "-b", "65536", "TCP-LISTEN:0,bind=127.0.0.1,fork,backlog=1024,nodelay"}
}
