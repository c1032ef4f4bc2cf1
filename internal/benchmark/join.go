package benchmark

import (
	"context"
	"fmt"

	"github.com/duplex-go/duplex/internal/load"
	"github.com/duplex-go/duplex/internal/result"
)

// Join measures what joins TCP connections to TCP connections: bytes a second in
// bulk, the round trips of messages, and the memory of idle pairs.
type Join struct {
	Run
	Bytes int64 // that go through in bulk
	Trips int   // how many messages go to and fro
	Pairs int   // how many idle pairs to hold; 0 does not measure it
}

// Measure measures it. It returns what there is when it fails.
func (j *Join) Measure(ctx context.Context) (Tables, error) {
	file, remove, err := script("join.js")
	if err != nil {
		return nil, err
	}
	defer remove()
	sides, names, err := j.choose([]side{
		{"duplex", func(back string) []string {
			return []string{j.Self, "join", "listen:tcp://127.0.0.1:0,fork,max=0", "tcp://127.0.0.1:" + back}
		}},
		{"socat", func(back string) []string { return append(socat(), "TCP:127.0.0.1:"+back+",nodelay") }},
		{"node", func(back string) []string { return []string{"node", file, back} }},
	})
	if err != nil {
		return nil, err
	}
	via := func(s side) load.Via {
		return func(back string) (string, int, func(), error) {
			p, err := start(ctx, nil, s.args(back))
			if err != nil {
				return "", 0, nil, err
			}
			return p.addr, p.cmd.Process.Pid, p.stop, nil
		}
	}
	bulk := result.More("join", "Joins, in bulk", "MB/s", names)
	trip := result.Less("join-trip", "Joins, round trips, the median", "µs", names)
	memory := result.Less("join-pairs", "Joins, idle pairs", "KiB a pair", names)
	var rows []row
	add := func(t *result.Table, name string, measure func(load.Via) (float64, error)) {
		rows = append(rows, row{name, func(s side) error {
			value, err := measure(via(s))
			if err == nil {
				t.Add(name, s.name, value)
			}
			return err
		}})
	}
	add(bulk, "there", func(v load.Via) (float64, error) { return load.Bulk(v, j.Bytes, false) })
	add(bulk, "there and back at once", func(v load.Via) (float64, error) { return load.Bulk(v, j.Bytes, true) })
	for _, conns := range []int{1, 16} {
		for _, size := range []int{64, 16 << 10} {
			add(trip, fmt.Sprintf("%d × %d B", conns, size), func(v load.Via) (float64, error) {
				half, _, err := load.PingPong(v, size, conns, j.Trips)
				return half, err
			})
		}
	}
	if j.Pairs > 0 {
		add(memory, fmt.Sprintf("%d pairs", j.Pairs), func(v load.Via) (float64, error) { return load.IdlePairs(v, j.Pairs) })
	}
	err = j.rounds(ctx, rows, sides)
	return Tables{bulk, trip, memory}, err
}
