// Echo measures an echo server on duplex beside a bare net server with a
// goroutine a connection, Node's net and a single-threaded C epoll server: the
// requests a second of a closed loop, at several numbers of connections and
// sizes. All servers run all the time, and are loaded in turn for a moment each
// in every round; the table shows medians and the ratios to the bare net server
// in the same round.
//
//	go run ./echo [-rounds 101] [-time 50ms]
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"

	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/bench/program"
	"github.com/duplex-go/duplex/bench/result"
)

var (
	rounds = flag.Int("rounds", 101, "how often everything is measured")
	length = flag.Duration("time", 50*time.Millisecond, "how long each measurement runs")
	save   = flag.String("save", "", "write the requests a second to this file, for plot")
	sides  = flag.String("sides", "", "measure only these servers, such as \"net,duplex handler\"")
	only   = flag.String("only", "", "measure only configurations that contain this, such as \"64 ×\"")
)

func main() {
	log.SetFlags(0)
	if len(os.Args) == 3 && os.Args[1] == "serve" {
		serve(os.Args[2])
		return
	}
	flag.Parse()
	dir, err := os.MkdirTemp("", "bench-echo")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	compare(result.Choose(servers(dir), *sides, func(s *server) string { return s.Name }))
}

// server is a program that echoes.
type server struct {
	program.Program
	cmd  *exec.Cmd
	load *load
}

// servers returns those that this machine can run.
func servers(dir string) (list []*server) {
	for _, p := range append([]program.Program{
		program.Self("net", "net"), program.Self("duplex handler", "handler"), program.Self("duplex func", "func"),
	}, program.Peers(dir, "echo/peers/echo.js", "echo/peers/epoll.c")...) {
		list = append(list, &server{Program: p})
	}
	return list
}

// compare measures every configuration, all servers in turn in every round.
func compare(list []*server, names []string) {
	rate := result.New("Echo", "req/s", names)
	cost := result.New("Echo, the server's processor time", "µs/req", names)
	for _, conns := range []int{1, 64, 1000} {
		for _, size := range []int{64, 16 << 10} {
			name := fmt.Sprintf("%d × %d B", conns, size)
			if !strings.Contains(name, *only) {
				continue
			}
			for _, s := range list {
				s.start(conns, size)
			}
			for range *rounds {
				slices.Reverse(list) // nobody always comes first
				for _, s := range list {
					rate.Add(name, s.Name, s.load.run(*length))
				}
			}
			for _, s := range list {
				cost.Add(name, s.Name, s.stop())
			}
		}
	}
	for _, t := range []*result.Table{rate, cost} {
		t.Print(os.Stdout)
		fmt.Println()
	}
	if err := rate.Save(*save); err != nil {
		log.Fatal(err)
	}
}

// start starts s and connects to it.
func (s *server) start(conns, size int) {
	var addr string
	s.cmd, addr = s.Start()
	s.load = newLoad(addr, conns, size)
}

// stop ends s and returns the processor time that a request took of it, in
// microseconds. That is nearly the same whatever else the machine does.
func (s *server) stop() (cost float64) {
	program.Stop(s.cmd)
	s.load.close()
	used := s.cmd.ProcessState.UserTime() + s.cmd.ProcessState.SystemTime()
	return float64(used.Microseconds()) / float64(s.load.trips)
}

// serve is what the child processes do.
func serve(kind string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(l.Addr().(*net.TCPAddr).Port)
	switch kind {
	case "net":
		for {
			c, err := l.Accept()
			if err != nil {
				log.Fatal(err)
			}
			go bare(c)
		}
	case "handler":
		s := duplex.Server{Handler: duplex.Handler{
			Data: func(c *duplex.Conn, p []byte) { _, _ = c.Write(p) },
		}}
		log.Fatal(s.Serve(l))
	case "func":
		s := duplex.Server{Func: func(ctx context.Context, s duplex.Stream) error {
			for p, err := range duplex.Chunks(s) {
				if err == nil {
					_, err = s.Write(p)
				}
				if err != nil {
					return err
				}
			}
			return nil
		}}
		log.Fatal(s.Serve(l))
	}
}

// bare is the loop that every Go program has.
func bare(c net.Conn) {
	defer c.Close()
	buf := make([]byte, 64<<10)
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
