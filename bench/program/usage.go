package program

import (
	"fmt"
	"log"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Resident returns the resident memory of a process in KiB. It ends the program
// if there is no such process.
func Resident(pid int) int {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		log.Fatal(err)
	}
	_, text2, _ := strings.Cut(string(text), "VmRSS:")
	kib, err := strconv.Atoi(strings.Fields(text2)[0])
	if err != nil {
		log.Fatal(err)
	}
	return kib
}

// ProcessorTime returns what all threads of a process have used of the processors
// so far. It ends the program if there is no such process.
func ProcessorTime(pid int) time.Duration {
	var t unix.Timespec
	// The clock of a process, as clock_getcpuclockid(3) makes it: to the
	// nanosecond, where /proc has hundredths of a second.
	if err := unix.ClockGettime(int32(^pid)<<3|2, &t); err != nil {
		log.Fatalf("processor time of process %d: %v", pid, err)
	}
	return time.Duration(t.Nano())
}
