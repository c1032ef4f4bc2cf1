package main

import (
	"context"
	"os"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if slices.ContainsFunc(os.Args, func(arg string) bool { return strings.HasPrefix(arg, "-serve=") }) {
		main() // we are a server of the fleet that a test has started
		return
	}
	goleak.VerifyTestMain(m)
}

func TestAFleetOutlivesOneOfItsServers(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var out strings.Builder
	if err := show(ctx, &out); err != nil {
		t.Fatalf("%v, after\n%s", err, &out)
	}
	for _, want := range []string{
		"served by one and hears the beat\n", "served by two and hears the beat\n", "served by three and hears the beat\n",
		"served by one, still talks, and the beat goes on\n", "served by two, still talks, and the beat goes on\n",
		"served by three, gets an error\n", "a client of server three, served by",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("it does not say %q:\n%s", want, &out)
		}
	}
}
