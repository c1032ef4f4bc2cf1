// Package program starts the servers that a comparison measures: this program
// itself in a role, a script on Node and a C program, each of which prints its
// port when it is ready.
package program

import (
	"bufio"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Program is a server to be started.
type Program struct {
	Name string
	Args []string
}

// Self is this program, started with the arguments "serve" and role.
func Self(name, role string) Program {
	self, err := os.Executable()
	if err != nil {
		log.Fatal(err)
	}
	return Program{name, []string{self, "serve", role}}
}

// Peers returns those of the two that this machine can run, and says which it
// cannot: a script on Node, and a C program, which is built in dir.
func Peers(dir, script, source string) (list []Program) {
	if node, err := exec.LookPath("node"); err == nil {
		list = append(list, Program{"node", []string{node, script}})
	} else {
		log.Print("no node: its row is missing")
	}
	epoll := filepath.Join(dir, "epoll")
	if out, err := exec.Command("cc", "-O2", "-o", epoll, source).CombinedOutput(); err == nil {
		list = append(list, Program{"C epoll", []string{epoll}})
	} else {
		log.Printf("no C epoll server: %v %s", err, out)
	}
	return list
}

// Start starts p and returns its address once it is ready. The caller ends it by
// Stop.
func (p Program) Start() (running *exec.Cmd, addr string) {
	running = exec.Command(p.Args[0], p.Args[1:]...)
	running.Stderr = os.Stderr
	out, err := running.StdoutPipe()
	if err != nil {
		log.Fatal(err)
	}
	if err := running.Start(); err != nil {
		log.Fatal(err)
	}
	port, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		log.Fatalf("%s: %v", p.Name, err)
	}
	return running, "127.0.0.1:" + strings.TrimSpace(port)
}

// Stop ends what Start has started.
func Stop(running *exec.Cmd) {
	_ = running.Process.Kill()
	_ = running.Wait() // it was killed
}
