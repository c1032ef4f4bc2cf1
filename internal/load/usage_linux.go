package load

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Memory returns what the process group of pid holds in memory, in KiB: pages
// that several processes share count for each in part.
func Memory(pid int) (kib int, err error) {
	procs, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return 0, err
	}
	found := false
	for _, stat := range procs {
		text, err := os.ReadFile(stat)
		if err != nil {
			continue // it has gone
		}
		_, rest, _ := strings.Cut(string(text), ") ") // its name may hold spaces
		if f := strings.Fields(rest); len(f) < 3 || f[2] != strconv.Itoa(pid) {
			continue
		}
		text, err = os.ReadFile(filepath.Join(filepath.Dir(stat), "smaps_rollup"))
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(text)) {
			var n int
			if _, err := fmt.Sscanf(line, "Pss: %d kB", &n); err == nil {
				kib, found = kib+n, true
			}
		}
	}
	if !found {
		return 0, fmt.Errorf("memory of process group %d: %w", pid, errors.ErrUnsupported)
	}
	return kib, nil
}

// ProcessorTime returns what all threads of a process have used of the processors
// so far.
func ProcessorTime(pid int) (time.Duration, error) {
	var t unix.Timespec
	// The clock of a process, as clock_getcpuclockid(3) makes it: to the
	// nanosecond, where /proc has hundredths of a second.
	if err := unix.ClockGettime(int32(^pid)<<3|2, &t); err != nil {
		return 0, fmt.Errorf("processor time of process %d: %w", pid, err)
	}
	return time.Duration(t.Nano()), nil
}
