package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/duplex-go/duplex/internal/result"
)

// command is one comparison, measured by a program of its own so that none finds
// the memory of another one.
type command struct {
	name  string   // as its results are called
	path  string   // the package
	flags []string // beside -rounds
	short []string // these after them for a quick look
}

// commands are all comparisons, those first that a long run leaves the least warm.
var commands = []command{
	{name: "core", path: "./core", short: []string{"-chunks", "2048", "-writes", "50000", "-mib", "64"}},
	{name: "echo", path: "./echo", short: []string{"-turns", "1", "-time", "100ms"}},
	{name: "endpoints", path: "./endpoints", short: []string{"-mib", "8", "-trips", "300"}},
	{name: "idle", path: "./idle", short: []string{"-conns", "1000", "-time", "2s"}},
	{name: "gzip", path: "./gzip", short: []string{"-mib", "1"}},
	{name: "join", path: "./join", short: []string{"-mib", "64", "-trips", "300", "-pairs", "50"}},
	{name: "inspect", path: "./join", flags: []string{"-inspect", "-mib", "2048", "-pairs", "200"},
		short: []string{"-mib", "64", "-trips", "300", "-pairs", "20"}},
}

// args are the flags of c, and those of a quick look if it is one.
func (c command) args(rounds int, short bool) []string {
	args := append([]string{"-rounds", strconv.Itoa(rounds)}, c.flags...)
	if short {
		args = append(args, c.short...)
	}
	return args
}

// run builds c in dir and runs it: its progress and its tables go to the terminal.
// It is ended, with the servers that it has started, when ctx is.
func (c command) run(ctx context.Context, dir string, rounds int, short bool) (measured result.Comparison, err error) {
	binary, results := filepath.Join(dir, c.name), filepath.Join(dir, c.name+".json")
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", binary, c.path).CombinedOutput(); err != nil {
		return measured, fmt.Errorf("build of %s: %w\n%s", c.path, err, out)
	}
	args := c.args(rounds, short)
	cmd := exec.CommandContext(ctx, binary, append(args, "-json", results)...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	if err := cmd.Run(); err != nil {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // servers that it has left behind
		return measured, err
	}
	list, err := result.Load(results)
	if err != nil {
		return measured, err
	}
	if len(list) != 1 || list[0].Name != c.name {
		return measured, fmt.Errorf("%s has not the results of %s", results, c.name)
	}
	measured = list[0]
	measured.Command = strings.Join(append([]string{"go run", c.path}, args...), " ")
	return measured, nil
}
