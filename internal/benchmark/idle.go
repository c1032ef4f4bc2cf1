package benchmark

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/duplex-go/duplex/internal/load"
	"github.com/duplex-go/duplex/internal/result"
)

// Idle measures what connections cost that have nothing to say but a beat.
type Idle struct {
	Run
	Conns int
	Beat  time.Duration // how often each beats
	Time  time.Duration // how long they beat
}

// settleTime is how long what opening the connections took may take to be given
// back.
const settleTime = time.Second

// Measure measures memory and, where the system tells it, processor time. It
// returns what there is when it fails.
func (i *Idle) Measure(ctx context.Context) (Tables, error) {
	file, remove, err := script("idle.js")
	if err != nil {
		return nil, err
	}
	defer remove()
	servers := i.servers(file)
	sides, names, err := i.choose(servers[:len(servers)-1]) // socat does not beat
	if err != nil {
		return nil, err
	}
	memory := result.Less("idle", "Idle connections", "KiB a connection", names)
	cost := result.Less("idle-beat", "Idle connections, their beats", "µs of the processor a beat", names)
	name := fmt.Sprintf("%d connections, a beat in %v", i.Conns, i.Beat)
	opened := 0
	rows := []row{{name, func(s side) error {
		p, err := start(ctx, []string{fmt.Sprintf("BEAT_MS=%d", i.Beat.Milliseconds())}, s.args(i.Beat.String()))
		if err != nil {
			return err
		}
		defer p.stop()
		pid := p.cmd.Process.Pid
		before, err := load.Memory(pid)
		if err != nil {
			return err
		}
		beats, err := load.NewBeats(p.addr, i.Conns, opened, nil)
		if err != nil {
			return err
		}
		defer beats.Close()
		opened += i.Conns
		time.Sleep(settleTime)
		used, err := load.ProcessorTime(pid)
		time.Sleep(i.Time)
		if err == nil {
			var then time.Duration
			then, err = load.ProcessorTime(pid)
			cost.Add(name, s.name, float64((then-used).Nanoseconds())/1e3/(float64(i.Conns)*i.Time.Seconds()/i.Beat.Seconds()))
		}
		if err != nil && !errors.Is(err, errors.ErrUnsupported) {
			return err
		}
		after, err := load.Memory(pid)
		memory.Add(name, s.name, float64(after-before)/float64(i.Conns))
		return err
	}}}
	err = i.rounds(ctx, rows, sides)
	if len(cost.Rows) == 0 {
		return Tables{memory}, err
	}
	return Tables{memory, cost}, err
}
