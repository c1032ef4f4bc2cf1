package result

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
)

// Machine says what measured: the processor and how many cores of it, the system,
// and the versions of Go and of the programs beside it.
func Machine() string {
	parts := []string{fmt.Sprintf("%d × %s", runtime.NumCPU(), processor())}
	if release, err := os.ReadFile("/proc/sys/kernel/osrelease"); err == nil {
		parts = append(parts, "Linux "+strings.TrimSpace(string(release)))
	}
	parts = append(parts, strings.Replace(runtime.Version(), "go", "Go ", 1))
	if version, err := exec.Command("node", "--version").Output(); err == nil {
		parts = append(parts, "Node "+strings.TrimPrefix(strings.TrimSpace(string(version)), "v"))
	}
	return strings.Join(parts, ", ")
}

// processor is the name that the processor gives itself.
func processor() string {
	text, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return runtime.GOARCH
	}
	for line := range strings.Lines(string(text)) {
		if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return runtime.GOARCH
}

// LoadAverage is how many processes ran or waited for a processor in the last minute,
// or 0 where that is not known.
func LoadAverage() (average float64) {
	text, err := os.ReadFile("/proc/loadavg")
	if err == nil {
		_, _ = fmt.Sscan(string(text), &average)
	}
	return average
}
