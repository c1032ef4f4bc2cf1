package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/duplex-go/duplex/bench/comparison"
	"github.com/duplex-go/duplex/bench/program"
)

// tools are the programs that encode and decode outside of this one: their paths,
// "" for one that is not here.
type tools struct {
	zlib string // peers/zlib.c
	node string
	pigz string
}

// find builds and finds what there is, and notes what there is not.
func find(run *comparison.Run, dir string) tools {
	return tools{
		zlib: program.Build(run, dir, "gzip/peers/zlib.c", "-lz"),
		node: program.Find(run, "node"),
		pigz: program.Find(run, "pigz"),
	}
}

func (t tools) zlibEncodes(level int, _ []byte, file string) (cost, error) {
	return printed(t.zlib, "encode", strconv.Itoa(level), file)
}

func (t tools) zlibDecodes(times int, _ []byte, file string) (cost, error) {
	return printed(t.zlib, "decode", strconv.Itoa(times), file)
}

func (t tools) nodeEncodes(level int, _ []byte, file string) (cost, error) {
	return printed(t.node, "gzip/peers/gzip.js", "encode", strconv.Itoa(level), file)
}

func (t tools) nodeDecodes(times int, _ []byte, file string) (cost, error) {
	return printed(t.node, "gzip/peers/gzip.js", "decode", strconv.Itoa(times), file)
}

// pigzEncodes measures a whole process, the start of which is some milliseconds.
func (t tools) pigzEncodes(level int, _ []byte, file string) (cost, error) {
	var out bytes.Buffer
	c := exec.Command(t.pigz, "-p", "2", "-c", "-"+strconv.Itoa(level), file)
	c.Stdout, c.Stderr = &out, os.Stderr
	began := time.Now()
	if err := c.Run(); err != nil {
		return cost{}, err
	}
	return cost{time.Since(began), c.ProcessState.UserTime() + c.ProcessState.SystemTime(), out.Len()}, nil
}

// printed runs a program that prints its nanoseconds on the wall, those of the
// processor, and how many bytes it made.
func printed(name string, args ...string) (c cost, err error) {
	cmd := exec.Command(name, args...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return cost{}, fmt.Errorf("%s: %w", strings.Join(cmd.Args, " "), err)
	}
	if _, err := fmt.Sscan(string(out), &c.took, &c.cpu, &c.size); err != nil {
		return cost{}, fmt.Errorf("%s prints %q: %w", name, out, err)
	}
	return c, nil
}
