// Idle measures what connections cost that have nothing to say but a beat, every
// second or ten times as often: resident memory, without the kernel's, and processor time. duplex is
// beside a bare net server with a goroutine and a ticker a connection,
// cloudwego/netpoll, Node's net and a single-threaded C epoll server. Every
// server is measured in turn in every round.
//
//	go run ./idle [-conns 100000] [-rounds 5] [-time 5s]
//
// It raises its limit of descriptors as far as it may, and says so if that is
// not far enough: then several processes of a server share the connections.
package main

import (
	"flag"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"time"

	"github.com/duplex-go/duplex/bench/comparison"
	"github.com/duplex-go/duplex/bench/program"
	"github.com/duplex-go/duplex/internal/result"
)

var (
	conns  = flag.Int("conns", 100_000, "how many connections")
	length = flag.Duration("time", 5*time.Second, "how long the connections beat")
)

func main() {
	allowed := raise()
	switch role := program.Role(); role {
	case "":
	case loadRole:
		beLoad()
		return
	default:
		serve(role)
		return
	}
	run := comparison.Flags("idle")
	flag.Parse()
	dir, err := os.MkdirTemp("", "bench-idle")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	list, names := comparison.Choose(run, servers(run, dir), func(p program.Program) string { return p.Name })
	most = allowed - spare
	if parts := processes(*conns); parts > 1 {
		run.Note("%d descriptors are allowed to a process here, so %d processes of each server share the %d connections", allowed, parts, *conns)
	}
	compare(run, list, names, *conns, filepath.Join(dir, "certificate"))
}

// most is how many connections a process may have.
var most int

// processes returns how many processes share n connections.
func processes(n int) int { return (n + most - 1) / most }

// spare is how many descriptors are left for what is no connection.
const spare = 100

// raise raises the limit of descriptors to what is allowed, and returns it.
func raise() int {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		log.Fatal(err)
	}
	all := limit
	all.Cur, all.Max = max(all.Max, 1<<18), max(all.Max, 1<<18)
	if syscall.Setrlimit(syscall.RLIMIT_NOFILE, &all) != nil { // only root may go beyond Max
		all = syscall.Rlimit{Cur: limit.Max, Max: limit.Max}
		if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &all); err != nil {
			log.Fatal(err)
		}
	}
	return int(all.Cur)
}

func servers(run *comparison.Run, dir string) []program.Program {
	return append([]program.Program{program.Self("net", "net"), program.Self("duplex", "duplex"), program.Self("netpoll", "netpoll")},
		program.Peers(run, dir, "../internal/benchmark/peers/idle.js", "idle/peers/idle.c")...)
}

func compare(run *comparison.Run, list []program.Program, names []string, n int, file string) {
	memory := result.Less("idle", "Idle connections", "KiB resident a connection", names)
	cost := result.Less("idle-beat", "Idle connections, their beats", "µs of the server's processor time a beat", names)
	row := result.Number(float64(n)) + " connections"
	comparison.Each(run, row, list, func(p program.Program) {
		kib, micros := measure(p, n, time.Second)
		memory.Add(row, p.Name, kib)
		cost.Add(row+", a beat a second", p.Name, micros)
	})
	// As many beats as half of a hundred thousand connections have, from few.
	n = min(n, 5_000)
	row = result.Number(float64(n)) + " connections, ten beats a second"
	comparison.Each(run, row, list, func(p program.Program) {
		_, micros := measure(p, n, time.Second/10)
		cost.Add(row, p.Name, micros)
	})
	if err := certificate(file); err != nil {
		log.Fatal(err)
	}
	_ = os.Setenv(certificateVariable, file)
	row = result.Number(float64(n)) + " connections with TLS"
	comparison.Each(run, row, slices.DeleteFunc(slices.Clone(list), func(p program.Program) bool { return p.Name != "net" && p.Name != "duplex" }),
		func(p program.Program) {
			kib, micros := measure(p, n, time.Second)
			memory.Add(row, p.Name, kib)
			cost.Add(row+", a beat a second", p.Name, micros)
		})
	run.Finish(memory, cost)
}

// beatVariable tells a server, in its environment, how many milliseconds are
// between the beats of a connection.
const beatVariable = "BEAT_MS"

// measure starts p, opens n connections to it, and lets each beat every period. A
// beat counts when it has come: a server that has no time for all of them makes
// one of several.
func measure(p program.Program, n int, period time.Duration) (kib, micros float64) {
	_ = os.Setenv(beatVariable, strconv.Itoa(int(period.Milliseconds())))
	parts := processes(n)
	var servers []*exec.Cmd
	var loaders []*loader
	defer func() {
		for i := range servers {
			loaders[i].stop()
			program.Stop(servers[i])
		}
	}()
	resident := 0
	for i := range parts {
		cmd, addr := p.Start()
		resident -= program.Resident(cmd.Process.Pid)
		share := (n + i) / parts
		servers, loaders = append(servers, cmd), append(loaders, startLoad(addr, share, opened))
		opened += share
	}
	beats := func() (sum int64) {
		for _, l := range loaders {
			sum += l.beats()
		}
		return sum
	}
	used := func() (sum time.Duration) {
		for _, s := range servers {
			sum += program.ProcessorTime(s.Process.Pid)
		}
		return sum
	}
	beats()                     // all are open
	time.Sleep(3 * time.Second) // what opening them took is given back
	n0, t0 := beats(), used()
	time.Sleep(*length)
	n1, t1 := beats(), used()
	for _, s := range servers {
		resident += program.Resident(s.Process.Pid)
	}
	if n1 == n0 {
		log.Fatalf("%s: no beat has come", p.Name)
	}
	return float64(resident) / float64(n), float64((t1 - t0).Nanoseconds()) / 1e3 / float64(n1-n0)
}

// opened counts the connections of all rounds.
var opened int
