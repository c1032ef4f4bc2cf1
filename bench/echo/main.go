// Echo measures an echo server on duplex beside a bare net server with a
// goroutine a connection, Node's net and a single-threaded C epoll server: the
// requests a second of a closed loop, at several numbers of connections and
// sizes. All servers are measured in turn in every round, and the table shows
// medians with their range, and their ratio to the bare net server.
//
//	go run ./echo [-rounds 5] [-time 1s]
package main

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"log"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/duplex-go/duplex"
)

var (
	rounds = flag.Int("rounds", 5, "how often everything is measured")
	length = flag.Duration("time", time.Second, "how long each measurement runs")
	only   = flag.String("only", "", "measure only configurations that contain this, such as 64x")
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
	compare(servers(dir))
}

// server is a program that echoes; it prints its port when it is ready.
type server struct {
	name string
	args []string
	rate map[string][]float64 // by configuration
}

// servers returns those that this machine can run.
func servers(dir string) []*server {
	self, err := os.Executable()
	if err != nil {
		log.Fatal(err)
	}
	list := []*server{
		{name: "net", args: []string{self, "serve", "net"}},
		{name: "duplex handler", args: []string{self, "serve", "handler"}},
		{name: "duplex func", args: []string{self, "serve", "func"}},
	}
	if node, err := exec.LookPath("node"); err == nil {
		list = append(list, &server{name: "node", args: []string{node, "echo/peers/echo.js"}})
	} else {
		log.Print("no node: its row is missing")
	}
	epoll := filepath.Join(dir, "epoll")
	if out, err := exec.Command("cc", "-O2", "-o", epoll, "echo/peers/epoll.c").CombinedOutput(); err == nil {
		list = append(list, &server{name: "C epoll", args: []string{epoll}})
	} else {
		log.Printf("no C epoll server: %v %s", err, out)
	}
	for _, s := range list {
		s.rate = make(map[string][]float64)
	}
	return list
}

func compare(list []*server) {
	var names []string
	for _, conns := range []int{1, 64, 1000} {
		for _, size := range []int{64, 16 << 10} {
			name := fmt.Sprintf("%dx%d", conns, size)
			if !strings.Contains(name, *only) {
				continue
			}
			names = append(names, name)
			for range *rounds {
				for _, s := range list {
					s.rate[name] = append(s.rate[name], s.measure(conns, size))
				}
			}
			row(name, list)
		}
	}
	_ = names
}

// row prints one configuration.
func row(name string, list []*server) {
	base := median(list[0].rate[name])
	fmt.Printf("%s\n", name)
	for _, s := range list {
		r := s.rate[name]
		fmt.Printf("  %-16s %9.0f req/s  (%.0f to %.0f)  %.2f\n", s.name, median(r), slices.Min(r), slices.Max(r), median(r)/base)
	}
}

func median(v []float64) float64 {
	v = slices.Sorted(slices.Values(v))
	return v[len(v)/2]
}

// measure starts s, loads it and returns the requests a second.
func (s *server) measure(conns, size int) float64 {
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, s.args[0], s.args[1:]...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		log.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		log.Fatal(err)
	}
	defer cmd.Wait()
	defer cancel()
	port, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		log.Fatalf("%s: %v", s.name, err)
	}
	return load("127.0.0.1:"+strings.TrimSpace(port), conns, size, *length)
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
