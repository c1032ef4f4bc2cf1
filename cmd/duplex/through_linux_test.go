package main

import (
	"io"
	"os"
	"os/exec"
	"syscall"
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
		cmd.Stdin = io.LimitReader(zeros{}, size)
		var n counter
		cmd.Stdout = &n
		if err := cmd.Run(); err != nil || int64(n) != size {
			t.Errorf("%v: %v, %d bytes", specs, err, n)
		}
		if usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok && usage.Maxrss > 56<<10 {
			t.Errorf("%v of %d MiB: %d KiB", specs, size>>20, usage.Maxrss)
		}
	}
}
