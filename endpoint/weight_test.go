package endpoint_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// TestImportingEndpointBringsNothingThatOneKindNeeds holds the modules that
// this package depends on. What needs another one is a package of its own.
func TestImportingEndpointBringsNothingThatOneKindNeeds(t *testing.T) {
	out, err := exec.Command(peer(t, "go"), "list", "-deps", "-f", "{{with .Module}}{{.Path}}{{end}}", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	modules := strings.Fields(string(out))
	slices.Sort(modules)
	modules = slices.Compact(modules)
	want := []string{"github.com/duplex-go/duplex", "golang.org/x/sys", "golang.org/x/term"}
	if !slices.Equal(modules, want) {
		t.Errorf("it depends on %v, want %v", modules, want)
	}
}
