package program

import (
	"fmt"
	"log"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/duplex-go/duplex/internal/load"
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
	t, err := load.ProcessorTime(pid)
	if err != nil {
		log.Fatal(err)
	}
	return t
}
