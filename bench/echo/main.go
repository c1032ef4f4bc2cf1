// Echo measures an echo server on duplex beside a bare net server with a
// goroutine a connection, cloudwego/netpoll, Node's net and a single-threaded C
// epoll server: the requests a second of a closed loop, at several numbers of
// connections and sizes, and the processor time that one takes of the server. All
// servers run all the time, and in every round are loaded in turn, a few times for
// half a second: who waits for the others is idle as long, and has its connections
// to wake.
//
//	go run ./echo [-rounds 5] [-turns 2] [-time 500ms]
package main

import (
	"flag"
	"fmt"
	"log"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"

	"github.com/duplex-go/duplex/bench/comparison"
	"github.com/duplex-go/duplex/bench/program"
	"github.com/duplex-go/duplex/internal/load"
	"github.com/duplex-go/duplex/internal/result"
)

var (
	turns  = flag.Int("turns", 2, "how many turns everybody has in a round")
	length = flag.Duration("time", 500*time.Millisecond, "how long a turn is")
	only   = flag.String("only", "", "measure only configurations that contain this, such as \"64 ×\"")
)

func main() {
	if role := program.Role(); role != "" {
		serve(role)
		return
	}
	run := comparison.Flags("echo")
	flag.Parse()
	dir, err := os.MkdirTemp("", "bench-echo")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	list, names := comparison.Choose(run, servers(run, dir), func(s *server) string { return s.Name })
	compare(run, list, names)
}

// server is a program that echoes.
type server struct {
	program.Program
	cmd  *exec.Cmd
	load *load.Loop
	used time.Duration // its processor time when the round began
}

// servers returns those that this machine can run.
func servers(run *comparison.Run, dir string) (list []*server) {
	for _, p := range append([]program.Program{
		program.Self("net", "net"), program.Self("duplex handler", "handler"), program.Self("duplex func", "func"),
		program.Self("netpoll", "netpoll"),
	}, program.Peers(run, dir, "../internal/benchmark/peers/echo.js", "echo/peers/epoll.c")...) {
		list = append(list, &server{Program: p})
	}
	return list
}

// compare measures every configuration.
func compare(run *comparison.Run, list []*server, names []string) {
	rate := result.More("echo", "Echo", "req/s", names)
	cost := result.Less("echo-cost", "Echo, the server's processor time", "µs/req", names)
	for _, conns := range []int{1, 64, 1000} {
		for _, size := range []int{64, 16 << 10} {
			name := fmt.Sprintf("%d × %d B", conns, size)
			if !strings.Contains(name, *only) {
				continue
			}
			for _, s := range list {
				s.start(conns, size)
				s.run(10 * *length) // whoever compiles what is busy has done so
			}
			run.Rounds(name, func() {
				for _, s := range list {
					s.begin()
				}
				for range *turns {
					slices.Reverse(list) // nobody always comes first
					for _, s := range list {
						s.run(*length)
					}
				}
				for _, s := range list {
					r, c := s.sum()
					rate.Add(name, s.Name, r)
					cost.Add(name, s.Name, c)
				}
			})
			for _, s := range list {
				s.stop()
			}
		}
	}
	run.Finish(rate, cost)
}

// start starts s and connects to it.
func (s *server) start(conns, size int) {
	var addr string
	var err error
	s.cmd, addr = s.Start()
	if s.load, err = load.NewLoop(addr, conns, size); err != nil {
		log.Fatalf("%s: %v", s.Name, err)
	}
}

// run gives s a turn.
func (s *server) run(length time.Duration) {
	if err := s.load.Run(length); err != nil {
		log.Fatalf("%s: %v", s.Name, err)
	}
}

// begin begins a round.
func (s *server) begin() {
	s.used = program.ProcessorTime(s.cmd.Process.Pid)
	s.load.Begin()
}

// sum returns the requests a second of the round's turns, and how much processor
// time one took of s from the round's beginning on, in microseconds. That is
// nearly the same whatever else the machine does.
func (s *server) sum() (rate, micros float64) {
	used := program.ProcessorTime(s.cmd.Process.Pid) - s.used
	return s.load.Rate(), float64(used.Nanoseconds()) / 1e3 / float64(s.load.All)
}

// stop ends s.
func (s *server) stop() {
	program.Stop(s.cmd)
	s.load.Close()
}
