package ws_test

import (
	"os"
	"os/exec"
	"testing"
)

// TestR81_NodesWSTalksAndEnds has Node's package ws on the other side, which
// DUPLEX_WS names.
func TestR81_NodesWSTalksAndEnds(t *testing.T) {
	node, err := exec.LookPath("node")
	directory := os.Getenv("DUPLEX_WS")
	if err != nil || directory == "" {
		if os.Getenv("CI") != "" {
			t.Fatal("node or its package ws is missing: CI must install them")
		}
		t.Skip("node is not installed, or DUPLEX_WS does not name its package ws")
	}
	talksAndEnds(t, startForeign(t, node, "testdata/peer.js", directory), 1005)
}
