package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/duplex-go/duplex/bench/document"
)

func TestEveryComparisonOfTheDocumentHasACommand(t *testing.T) {
	var names []string
	for _, c := range commands {
		names = append(names, c.name)
	}
	for name := range document.Tables {
		if !slices.Contains(names, name) {
			t.Errorf("nobody measures %s", name)
		}
	}
	if len(names) != len(document.Tables) {
		t.Errorf("commands %v, and the document knows %d", names, len(document.Tables))
	}
}

func TestChooseTakesWhatIsNamedAndRefusesWhatIsNot(t *testing.T) {
	got, err := choose("idle,echo")
	if err != nil || len(got) != 2 || got[0].name != "idle" || got[1].name != "echo" {
		t.Errorf("got %v, %v", got, err)
	}
	if all, err := choose(""); err != nil || len(all) != len(commands) {
		t.Errorf("all are %v, %v", all, err)
	}
	if _, err := choose("echo,ehco"); err == nil || !strings.Contains(err.Error(), "ehco") {
		t.Errorf("error %v names no ehco", err)
	}
}

// One whole way from a command through its results to the document, in a second.
func TestACommandsResultsReachTheDocument(t *testing.T) {
	c := command{name: "core", path: "./core", short: []string{"-chunks", "16", "-writes", "100", "-mib", "1", "-sides", "io.Pipe,duplex"}}
	got, err := c.run(t.Context(), t.TempDir(), 1, true)
	if err != nil {
		t.Fatal(err)
	}
	var keys []string
	for _, table := range got.Tables {
		keys = append(keys, table.Key)
	}
	if !slices.Equal(keys, document.Tables["core"]) {
		t.Errorf("tables %v, not %v", keys, document.Tables["core"])
	}
	if want := "go run ./core -rounds 1 -chunks 16 -writes 100 -mib 1 -sides io.Pipe,duplex"; got.Command != want {
		t.Errorf("command %q, not %q", got.Command, want)
	}
}
