package nats_test

import (
	"os/exec"
	"strings"
	"testing"
)

// TestTheClientBringsNoServer holds apart what weighs 8 MB from what weighs 18.
func TestTheClientBringsNoServer(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(out), "nats-io/nats.go") || strings.Contains(string(out), "nats-server") {
		t.Error("it depends on no client, or on the server")
	}
}
