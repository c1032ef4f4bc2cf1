package ws_test

import (
	"os"
	"os/exec"
	"testing"
)

// TestR81_PythonsWebSocketsTalkAndEnd has Python's package websockets on the
// other side. Debian installs it for its own Python, which need not be the first
// one.
func TestR81_PythonsWebSocketsTalkAndEnd(t *testing.T) {
	for _, python := range []string{"python3", "/usr/bin/python3"} {
		if exec.Command(python, "-c", "import websockets.legacy.server").Run() == nil {
			talksAndEnds(t, startForeign(t, python, "testdata/peer.py"), 1000)
			return
		}
	}
	if os.Getenv("CI") != "" {
		t.Fatal("Python's package websockets is missing: CI must install it")
	}
	t.Skip("Python's package websockets is not installed")
}
