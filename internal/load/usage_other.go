//go:build !linux

package load

import (
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"
)

// Memory returns what the process group of pid holds in memory, in KiB, as ps
// says it. Without a ps the error matches errors.ErrUnsupported.
func Memory(pid int) (kib int, err error) {
	out, err := exec.Command("ps", "-A", "-o", "pgid=,rss=").Output()
	if err != nil {
		return 0, fmt.Errorf("memory of process group %d: %w (%v)", pid, errors.ErrUnsupported, err)
	}
	found := false
	for line := range strings.Lines(string(out)) {
		var group, rss int
		if _, err := fmt.Sscan(line, &group, &rss); err == nil && group == pid {
			kib, found = kib+rss, true
		}
	}
	if !found {
		return 0, fmt.Errorf("memory of process group %d: %w", pid, errors.ErrUnsupported)
	}
	return kib, nil
}

// ProcessorTime returns what a process has used of the processors so far; here
// always an error that matches errors.ErrUnsupported.
func ProcessorTime(pid int) (time.Duration, error) {
	return 0, fmt.Errorf("processor time of process %d: %w", pid, errors.ErrUnsupported)
}
