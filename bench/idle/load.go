package main

import (
	"bufio"
	"fmt"
	"io"
	"log"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"

	"github.com/duplex-go/duplex/bench/program"
	"github.com/duplex-go/duplex/internal/load"
)

// loader is a process of its own that holds connections to a server and reads
// its beats: it needs as many descriptors as the server does.
type loader struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

// loadRole is the role of a loader's process.
const loadRole = "load"

// startLoad opens n connections to addr, with TLS if certificateVariable is set.
// opened is as for load.NewBeats.
func startLoad(addr string, n, opened int) *loader {
	self := program.Self(loadRole, loadRole).Args
	l := &loader{cmd: exec.Command(self[0], self[1:]...)}
	l.cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%s %d %d", loadVariable, addr, n, opened))
	l.cmd.Stderr = os.Stderr
	l.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	var err error
	if l.in, err = l.cmd.StdinPipe(); err != nil {
		log.Fatal(err)
	}
	out, err := l.cmd.StdoutPipe()
	if err != nil {
		log.Fatal(err)
	}
	l.out = bufio.NewReader(out)
	if err := l.cmd.Start(); err != nil {
		log.Fatal(err)
	}
	return l
}

// loadVariable tells a loader's process what to do.
const loadVariable = "LOAD"

// beats returns how many beats have come, once all connections are open.
func (l *loader) beats() int64 {
	if _, err := io.WriteString(l.in, "\n"); err != nil {
		log.Fatal(err)
	}
	line, err := l.out.ReadString('\n')
	if err != nil {
		log.Fatalf("the load has ended: %v", err)
	}
	n, err := strconv.ParseInt(strings.TrimSpace(line), 10, 64)
	if err != nil {
		log.Fatal(err)
	}
	return n
}

func (l *loader) stop() {
	_ = l.in.Close()
	_ = l.cmd.Wait() // it has said all that it had to
}

// beLoad is what a loader's process does.
func beLoad() {
	var addr string
	var n, opened int
	if _, err := fmt.Sscan(os.Getenv(loadVariable), &addr, &n, &opened); err != nil {
		log.Fatalf("%s: %v", loadVariable, err)
	}
	config, err := trusting(os.Getenv(certificateVariable))
	if err != nil {
		log.Fatal(err)
	}
	beats, err := load.NewBeats(addr, n, opened, config)
	if err != nil {
		log.Fatal(err)
	}
	for in := bufio.NewReader(os.Stdin); ; {
		if _, err := in.ReadString('\n'); err != nil {
			return // the process ends, and so do the connections
		}
		fmt.Println(beats.Read())
	}
}
