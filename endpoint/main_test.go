package endpoint_test

import (
	"fmt"
	"os"
	"os/exec"
	"testing"

	"go.uber.org/goleak"
)

// actor is the environment variable that makes the test binary play a part in
// place of running tests: see actors.
const actor = "DUPLEX_TEST_ACTOR"

// actors are programs that tests start, by name.
var actors = map[string]func() int{}

func TestMain(m *testing.M) {
	if play, ok := actors[os.Getenv(actor)]; ok {
		os.Exit(play())
	}
	code := m.Run()
	if err := goleak.Find(); err != nil && code == 0 {
		fmt.Fprintf(os.Stderr, "goleak: %v\n", err)
		code = 1
	}
	_ = os.RemoveAll(certDir())
	os.Exit(code)
}

// full reports whether the tests of reliability are to run in full.
func full() bool { return os.Getenv("DUPLEX_FULL") != "" }

// tenth returns n in full, and a tenth of it otherwise.
func tenth(n int) int {
	if full() {
		return n
	}
	return n / 10
}

// peer returns the path of a program that a test talks to. Without it the test
// is skipped, but fails where everything has to be there.
func peer(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil && name == "haproxy" {
		path, err = exec.LookPath("/usr/sbin/haproxy")
	}
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("%s is not installed", name)
		}
		t.Skipf("%s is not installed", name)
	}
	return path
}
