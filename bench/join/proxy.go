package main

import (
	"bufio"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"time"

	"github.com/duplex-go/duplex/bench/comparison"
	"github.com/duplex-go/duplex/bench/program"
)

// proxy is a program that joins every connection it takes to one of its own.
type proxy struct {
	name string
	// command returns what joins the connections to l, if that is given, or to
	// a port that it prints, with the port back.
	command func(l *os.File, back string) *exec.Cmd
	inherit bool // it takes the listener
	viewers int  // how many look at its inspector, one of whom reads nothing
}

// build builds the command and returns its path.
func build(dir string) string {
	duplex := filepath.Join(dir, "duplex")
	build := exec.Command("go", "build", "-o", duplex, "./cmd/duplex")
	build.Dir = ".."
	if out, err := build.CombinedOutput(); err != nil {
		log.Fatalf("building duplex: %v\n%s", err, out)
	}
	return duplex
}

// joins returns the command, with more flags if there are any.
func joins(duplex string, flags ...string) func(*os.File, string) *exec.Cmd {
	return func(_ *os.File, back string) *exec.Cmd {
		args := []string{"join", "listen:tcp://127.0.0.1:0,fork,max=0", "tcp://127.0.0.1:" + back}
		return exec.Command(duplex, append(args, flags...)...)
	}
}

// inspectors returns the command without and with its inspector.
func inspectors(duplex string) []proxy {
	on := joins(duplex, "--inspect", "127.0.0.1:0")
	return []proxy{{name: "duplex", command: joins(duplex)}, {name: "duplex --inspect", command: on},
		{name: "duplex --inspect and viewers", command: on, viewers: 3}}
}

// proxies returns those that this machine can run, socat first.
func proxies(run *comparison.Run, dir, duplex string) (list []proxy) {
	if path := program.Find(run, "socat"); path != "" {
		list = append(list, proxy{name: "socat", command: func(_ *os.File, back string) *exec.Cmd {
			return exec.Command(path, "-d", "-d", "-b", "65536", "TCP-LISTEN:0,bind=127.0.0.1,fork,backlog=1024,nodelay",
				"TCP:127.0.0.1:"+back+",nodelay")
		}})
	}
	list = append(list, proxy{name: "duplex", command: joins(duplex)})
	if path := program.Find(run, "haproxy"); path != "" {
		list = append(list, proxy{name: "HAProxy", inherit: true, command: func(_ *os.File, back string) *exec.Cmd {
			file := filepath.Join(dir, "haproxy.cfg")
			config := fmt.Sprintf(`
global
	maxconn 4000
defaults
	mode tcp
	timeout connect 5s
	timeout client 1h
	timeout server 1h
	option splice-auto
listen join
	bind fd@3
	server back 127.0.0.1:%s
`, back)
			if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
				log.Fatal(err)
			}
			return exec.Command(path, "-db", "-f", file)
		}})
	}
	if path := program.Find(run, "node"); path != "" {
		list = append(list, proxy{name: "Node", command: func(_ *os.File, back string) *exec.Cmd {
			return exec.Command(path, "../internal/benchmark/peers/join.js", back)
		}})
	}
	return list
}

// start starts p in front of the port back, and returns its address, its process
// and what ends it.
func (p proxy) start(back string) (addr string, pid int, end func(), err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	addr = l.Addr().String()
	var file *os.File
	if p.inherit {
		if file, err = l.(*net.TCPListener).File(); err != nil {
			log.Fatal(err)
		}
		defer file.Close()
	}
	_ = l.Close()
	cmd := p.command(file, back)
	// socat forks; and it ends with us, however we end.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if p.inherit {
		cmd.ExtraFiles = []*os.File{file}
	}
	out, w := io.Pipe()
	cmd.Stdout, cmd.Stderr = w, w
	if err := cmd.Start(); err != nil {
		log.Fatalf("%s: %v", p.name, err)
	}
	said, inspector := make(chan string, 1), make(chan string, 1)
	go func() {
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			if url, ok := strings.CutPrefix(lines.Text(), "inspect on "); ok {
				inspector <- url
			}
			if m := port.FindStringSubmatch(lines.Text()); m != nil {
				select {
				case said <- "127.0.0.1:" + m[1]:
				default:
				}
			}
		}
		_, _ = io.Copy(io.Discard, out)
	}()
	if !p.inherit {
		select {
		case addr = <-said:
		case <-time.After(10 * time.Second):
			log.Fatalf("%s does not say where it listens", p.name)
		}
	}
	stop := func() {}
	if p.viewers > 0 {
		stop = view(<-inspector, p.viewers)
	}
	return addr, cmd.Process.Pid, func() {
		stop()
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		_ = cmd.Wait()
		_ = w.Close()
	}, nil
}

// port is how the programs say where they listen.
var port = regexp.MustCompile(`listening on .*?(\d+)$`)
