package duplextest

import (
	"os"
	"strings"
)

// descriptors returns what the process has open, by number, but for the
// runtime's own poller.
func descriptors() map[string]string {
	const dir = "/proc/self/fd"
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil
	}
	open := make(map[string]string)
	for _, e := range entries {
		what, err := os.Readlink(dir + "/" + e.Name())
		if err != nil || strings.HasPrefix(what, "anon_inode:[event") || strings.HasPrefix(what, "/proc/") {
			continue
		}
		open[e.Name()] = what
	}
	return open
}
