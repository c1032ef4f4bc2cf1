// Idle measures what connections cost that have nothing to say but a beat every
// second: resident memory, without the kernel's, and processor time. duplex is
// beside a bare net server with a goroutine and a ticker a connection, Node's
// net and a single-threaded C epoll server. Every server is measured in turn in
// every round.
//
//	go run ./idle [-conns 100000] [-rounds 3] [-time 10s]
//
// It raises its limit of descriptors as far as it may, and says so if that is
// not far enough.
package main

import (
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/bench/program"
	"github.com/duplex-go/duplex/bench/result"
)

var (
	conns  = flag.Int("conns", 100_000, "how many connections")
	rounds = flag.Int("rounds", 3, "how often everything is measured")
	length = flag.Duration("time", 10*time.Second, "how long the connections beat")
	save   = flag.String("save", "", "write the memory to this file, for plot")
	sides  = flag.String("sides", "", "measure only these servers, such as \"net,duplex\"")
)

func main() {
	log.SetFlags(0)
	raise()
	if len(os.Args) == 3 && os.Args[1] == "serve" {
		serve(os.Args[2])
		return
	}
	flag.Parse()
	dir, err := os.MkdirTemp("", "bench-idle")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	compare(result.Choose(servers(dir), *sides, func(p program.Program) string { return p.Name }))
}

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

func servers(dir string) []program.Program {
	return append([]program.Program{program.Self("net", "net"), program.Self("duplex", "duplex")},
		program.Peers(dir, "idle/peers/idle.js", "idle/peers/idle.c")...)
}

func compare(list []program.Program, names []string) {
	n := *conns
	if most := raise() - 100; n > most {
		log.Printf("%d descriptors are allowed: %d connections instead of %d", most+100, most, n)
		n = most
	}
	memory := result.New("Idle connections", "KiB resident a connection", names)
	cost := result.New("Their beats", "µs of the server's processor time a beat", names)
	row := fmt.Sprintf("%d connections, a beat a second", n)
	for range *rounds {
		slices.Reverse(list) // nobody always comes first
		for _, s := range list {
			m, c := measure(s, n)
			memory.Add(row, s.Name, m)
			cost.Add(row, s.Name, c)
		}
	}
	for _, t := range []*result.Table{memory, cost} {
		t.Print(os.Stdout)
		fmt.Println()
	}
	if err := memory.Save(*save); err != nil {
		log.Fatal(err)
	}
}

// measure starts p, opens n connections to it and lets them beat.
func measure(p program.Program, n int) (kib, micros float64) {
	cmd, addr := p.Start()
	defer program.Stop(cmd)
	before := resident(cmd.Process.Pid)
	list := make([]net.Conn, n)
	var beats sync.WaitGroup
	for i := range list {
		d := net.Dialer{LocalAddr: source()}
		c, err := d.Dial("tcp", addr)
		if err != nil {
			log.Fatal(err)
		}
		list[i] = c
		beats.Go(func() {
			p := make([]byte, 1)
			for {
				if _, err := c.Read(p); err != nil {
					return
				}
			}
		})
	}
	time.Sleep(3 * time.Second) // what opening them took is given back
	used := processorTime(cmd.Process.Pid)
	time.Sleep(*length)
	micros = float64((processorTime(cmd.Process.Pid) - used).Microseconds()) / (float64(n) * length.Seconds())
	kib = float64(resident(cmd.Process.Pid)-before) / float64(n)
	for _, c := range list {
		_ = c.Close()
	}
	beats.Wait()
	return kib, micros
}

// dials counts the connections of all rounds.
var dials int

// source returns the address to connect from. One has ports for some 28,000
// connections, those included that have just been closed.
func source() *net.TCPAddr {
	k := dials / 5_000
	dials++
	return &net.TCPAddr{IP: net.IPv4(127, 1, byte(k/200), byte(1+k%200))}
}

// resident returns the resident memory of a process in KiB.
func resident(pid int) int {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		log.Fatal(err)
	}
	_, text2, _ := strings.Cut(string(text), "VmRSS:")
	kib, err := strconv.Atoi(strings.Fields(text2)[0])
	if err != nil {
		log.Fatal(err)
	}
	return kib
}

// processorTime returns what a process has used so far.
func processorTime(pid int) time.Duration {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		log.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), ") ") // its name may hold spaces
	fields := strings.Fields(rest)
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	return time.Duration(user+system) * time.Second / 100 // USER_HZ is 100 on every Linux
}

// serve is what the child processes do.
func serve(kind string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(l.Addr().(*net.TCPAddr).Port)
	if kind == "duplex" {
		s := duplex.Server{MaxConns: -1, Handler: duplex.Handler{
			Open: func(c *duplex.Conn) { c.Every(time.Second, func() { _, _ = io.WriteString(c, "b") }) },
			Data: func(c *duplex.Conn, p []byte) { _, _ = c.Write(p) },
		}}
		log.Fatal(s.Serve(l))
	}
	for {
		c, err := l.Accept()
		if err != nil {
			log.Fatal(err)
		}
		go bare(c)
	}
}

// bare is what a Go program does without a library: a goroutine reads, and
// another one beats.
func bare(c net.Conn) {
	done := make(chan struct{})
	go func() {
		t := time.NewTicker(time.Second)
		defer t.Stop()
		for {
			select {
			case <-t.C:
				_, _ = io.WriteString(c, "b")
			case <-done:
				return
			}
		}
	}()
	defer c.Close()
	defer close(done)
	buf := make([]byte, 4<<10)
	for {
		n, err := c.Read(buf)
		if err != nil {
			return
		}
		if _, err := c.Write(buf[:n]); err != nil {
			return
		}
	}
}
