// Package program starts the servers that a comparison measures: this program
// itself in a role, a script on Node and a C program, each of which prints its
// port when it is ready. It also tells what they use.
package program

import (
	"bufio"
	"fmt"
	"log"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/duplex-go/duplex/bench/comparison"
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

// Role returns the role that Self has started this program in, or "".
func Role() string {
	if len(os.Args) == 3 && os.Args[1] == "serve" {
		return os.Args[2]
	}
	return ""
}

// Listen is the first thing that a server does which Self has started: it
// listens on loopback and prints the port. It ends the program if it cannot.
func Listen() net.Listener {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(l.Addr().(*net.TCPAddr).Port)
	return l
}

// Peers returns those of the two that this machine can run, and notes which it
// cannot: a script on Node, and a C program, which is built in dir.
func Peers(run *comparison.Run, dir, script, source string) (list []Program) {
	if node := Find(run, "node"); node != "" {
		list = append(list, Program{"Node", []string{node, script}})
	}
	if epoll := Build(run, dir, source); epoll != "" {
		list = append(list, Program{"C epoll", []string{epoll}})
	}
	return list
}

// Find returns the path of an installed program, or notes that its side is left
// out and returns "".
func Find(run *comparison.Run, name string) string {
	path := look(name)
	if path == "" {
		run.Note("no %s here, so its side is left out", name)
	}
	return path
}

// Missing returns those of the names that no installed program has.
func Missing(names ...string) (missing []string) {
	for _, name := range names {
		if look(name) == "" {
			missing = append(missing, name)
		}
	}
	return missing
}

func look(name string) string {
	for _, path := range []string{name, "/usr/sbin/" + name} {
		if path, err := exec.LookPath(path); err == nil {
			return path
		}
	}
	return ""
}

// Build compiles a C program in dir, with libs such as "-lz", and returns its
// path, or notes that it is left out and returns "".
func Build(run *comparison.Run, dir, source string, libs ...string) string {
	to := filepath.Join(dir, strings.TrimSuffix(filepath.Base(source), ".c"))
	out, err := exec.Command("cc", append([]string{"-O2", "-o", to, source}, libs...)...).CombinedOutput()
	if err != nil {
		why, _, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
		run.Note("%s cannot be built here, so its side is left out: %v %s", source, err, why)
		return ""
	}
	return to
}

// Start starts p and returns its address once it is ready. The caller ends it by
// Stop.
func (p Program) Start() (running *exec.Cmd, addr string) {
	running = exec.Command(p.Args[0], p.Args[1:]...)
	running.Stderr = os.Stderr
	running.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} // it ends with us, however we end
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
