package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"go.uber.org/goleak"
)

// duplexBin is the command, built once for all tests.
var duplexBin string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "duplex-test")
	if err != nil {
		panic(err)
	}
	duplexBin = filepath.Join(dir, "duplex")
	build := exec.Command("go", "build", "-o", duplexBin, ".")
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "building the command:", err)
		os.Exit(1)
	}
	code := m.Run()
	if code == 0 {
		if err := goleak.Find(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

// peer returns the path of a program that the tests talk to. CI has them all.
func peer(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("%s is missing: CI must install it", name)
		}
		t.Skipf("%s is not installed", name)
	}
	return path
}

// process is a program under test, or a peer of one.
type process struct {
	t      *testing.T
	cmd    *exec.Cmd
	stdout *watched
	log    *watched // standard error
	exited chan struct{}
}

// start starts a program; the test ends it if it has not ended by then.
func start(t *testing.T, stdin *os.File, path string, args ...string) *process {
	t.Helper()
	p := &process{t: t, cmd: exec.Command(path, args...), stdout: newWatched(), log: newWatched(), exited: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr = p.stdout, p.log
	if stdin != nil {
		p.cmd.Stdin = stdin
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = p.cmd.Wait()
		close(p.exited)
		p.stdout.Close()
		p.log.Close()
	}()
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill()
		<-p.exited
	})
	return p
}

// wait waits for the program to end and returns its exit code, or -1 after a
// signal.
func (p *process) wait() int {
	<-p.exited
	return p.cmd.ProcessState.ExitCode()
}

func (p *process) signal(s syscall.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		p.t.Fatal(err)
	}
}

// startEcho starts "duplex echo" and returns it with the URL it listens on.
func startEcho(t *testing.T, url string, args ...string) (*process, string) {
	t.Helper()
	p := start(t, nil, duplexBin, append([]string{"echo", url}, args...)...)
	line := p.log.line("listening on ")
	if line == "" {
		t.Fatalf("echo ended before it listened: %s", p.log)
	}
	return p, strings.TrimPrefix(line, "listening on ")
}

// port returns the port in a tcp URL.
func port(url string) string { return url[strings.LastIndexByte(url, ':')+1:] }

// watched is a writer whose lines can be waited for.
type watched struct {
	mu     sync.Mutex
	more   sync.Cond
	b      bytes.Buffer
	closed bool
}

func newWatched() *watched {
	w := &watched{}
	w.more.L = &w.mu
	return w
}

func (w *watched) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	defer w.more.Broadcast()
	return w.b.Write(p)
}

func (w *watched) Close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = true
	w.more.Broadcast()
}

func (w *watched) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.b.String()
}

// await waits until what was written satisfies ok, and reports whether it did
// before the writer was closed.
func (w *watched) await(ok func(text string) bool) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	for !ok(w.b.String()) {
		if w.closed {
			return false
		}
		w.more.Wait()
	}
	return true
}

// line waits for a line that begins with prefix and returns it, or "" if the
// writer is closed first.
func (w *watched) line(prefix string) (found string) {
	w.await(func(text string) bool {
		for line := range strings.Lines(text) {
			if whole, ok := strings.CutSuffix(line, "\n"); ok && strings.HasPrefix(whole, prefix) {
				found = whole
				return true
			}
		}
		return false
	})
	return found
}
