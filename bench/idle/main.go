// Idle measures what connections cost that have nothing to say but a beat, every
// second or ten times as often: resident memory, without the kernel's, and processor time. duplex is
// beside a bare net server with a goroutine and a ticker a connection,
// cloudwego/netpoll, Node's net and a single-threaded C epoll server. Every
// server is measured in turn in every round.
//
//	go run ./idle [-conns 100000] [-rounds 5] [-time 10s]
//
// It raises its limit of descriptors as far as it may, and says so if that is
// not far enough: then there are as many connections as it allows.
package main

import (
	"crypto/tls"
	"flag"
	"log"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"time"

	"github.com/duplex-go/duplex/bench/comparison"
	"github.com/duplex-go/duplex/bench/program"
	"github.com/duplex-go/duplex/internal/load"
	"github.com/duplex-go/duplex/internal/result"
)

var (
	conns  = flag.Int("conns", 100_000, "how many connections")
	length = flag.Duration("time", 10*time.Second, "how long the connections beat")
)

func main() {
	allowed := raise()
	if role := program.Role(); role != "" {
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
	n := *conns
	if most := allowed - spare; n > most {
		run.Note("%d descriptors are allowed here, so there are %d connections and not %d", allowed, most, n)
		n = most
	}
	compare(run, list, names, n, filepath.Join(dir, "certificate"))
}

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
		kib, micros := measure(p, n, time.Second, nil)
		memory.Add(row, p.Name, kib)
		cost.Add(row+", a beat a second", p.Name, micros)
	})
	// Where there cannot be a hundred thousand connections there can be as many
	// beats as half of them have.
	n = min(n, 5_000)
	row = result.Number(float64(n)) + " connections, ten beats a second"
	comparison.Each(run, row, list, func(p program.Program) {
		_, micros := measure(p, n, time.Second/10, nil)
		cost.Add(row, p.Name, micros)
	})
	secure, err := certificate(file)
	if err != nil {
		log.Fatal(err)
	}
	_ = os.Setenv(certificateVariable, file)
	row = result.Number(float64(n)) + " connections with TLS"
	comparison.Each(run, row, slices.DeleteFunc(slices.Clone(list), func(p program.Program) bool { return p.Name != "net" && p.Name != "duplex" }),
		func(p program.Program) {
			kib, micros := measure(p, n, time.Second, secure)
			memory.Add(row, p.Name, kib)
			cost.Add(row+", a beat a second", p.Name, micros)
		})
	run.Finish(memory, cost)
}

// beatVariable tells a server, in its environment, how many milliseconds are
// between the beats of a connection.
const beatVariable = "BEAT_MS"

// measure starts p, opens n connections to it, with TLS if secure is given, and
// lets each beat every period.
func measure(p program.Program, n int, period time.Duration, secure *tls.Config) (kib, micros float64) {
	_ = os.Setenv(beatVariable, strconv.Itoa(int(period.Milliseconds())))
	cmd, addr := p.Start()
	defer program.Stop(cmd)
	before := program.Resident(cmd.Process.Pid)
	beats, err := load.NewBeats(addr, n, opened, secure)
	if err != nil {
		log.Fatal(err)
	}
	defer beats.Close()
	opened += n
	time.Sleep(3 * time.Second) // what opening them took is given back
	used := program.ProcessorTime(cmd.Process.Pid)
	time.Sleep(*length)
	micros = float64((program.ProcessorTime(cmd.Process.Pid) - used).Nanoseconds()) / 1e3 / (float64(n) * length.Seconds() / period.Seconds())
	kib = float64(program.Resident(cmd.Process.Pid)-before) / float64(n)
	return kib, micros
}

// opened counts the connections of all rounds.
var opened int
