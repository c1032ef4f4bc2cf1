package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"testing"
)

func TestThroughTakesConstantMemory(t *testing.T) {
	t.Parallel()
	size := int64(64 << 20)
	if os.Getenv("DUPLEX_FULL") != "" {
		size = 4 << 30
	}
	for _, specs := range [][]string{{"gzip:level=1", "gunzip"}, {"zstd", "unzstd"}, {"hex", "unhex"}} {
		cmd := exec.Command(duplexBin, append([]string{"through"}, specs...)...)
		var used int64
		cmd.Stdin = io.MultiReader(io.LimitReader(zeros{}, size), readerFunc(func([]byte) (int, error) {
			used = mostMemory(t, cmd.Process.Pid)
			return 0, io.EOF
		}))
		var n counter
		cmd.Stdout = &n
		if err := cmd.Run(); err != nil || int64(n) != size {
			t.Errorf("%v: %v, %d bytes", specs, err, n)
		}
		if used == 0 || used > 56<<10 {
			t.Errorf("%v of %d MiB: %d KiB", specs, size>>20, used)
		}
	}
}

type readerFunc func(p []byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// mostMemory returns how many KiB a process has had resident at most. What
// wait4 tells counts the memory of the process that started it.
func mostMemory(t *testing.T, pid int) (kib int64) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Error(err)
	}
	for line := range bytes.Lines(status) {
		if _, err := fmt.Sscanf(string(line), "VmHWM: %d kB", &kib); err == nil {
			return kib
		}
	}
	t.Error("no VmHWM")
	return 0
}
