package compress_test

import (
	"os"
	"os/exec"
	"testing"
)

// errDeadline is what a call ends with when its deadline has passed.
var errDeadline = os.ErrDeadlineExceeded

// full says that tests are to run at their full size.
var full = os.Getenv("DUPLEX_FULL") != ""

// messages returns how many rounds to do of what would be n in a quick run;
// the full run does a hundred times as many.
func messages(n int) int {
	switch {
	case full:
		return n * 100
	case race:
		return max(1, n/10)
	}
	return n
}

// program returns the path of a program to compare with. Where CI is set it
// must be there.
func program(t testing.TB, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("%s is missing, and CI must have it", name)
		}
		t.Skipf("%s is not installed", name)
	}
	return path
}
