package duplex_test

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/duplex-go/duplex"
)

// joinFunc is a join of a and b, whichever of them comes first.
type joinFunc func(ctx context.Context, j duplex.Joiner, a, b duplex.Stream) (duplex.Result, error)

func joinAsGiven(ctx context.Context, j duplex.Joiner, a, b duplex.Stream) (duplex.Result, error) {
	return j.Join(ctx, a, b)
}

func joinSwapped(ctx context.Context, j duplex.Joiner, a, b duplex.Stream) (duplex.Result, error) {
	r, err := j.Join(ctx, b, a)
	return duplex.Result{AB: r.BA, BA: r.AB}, err
}

// eachWay calls f with a join as it is and with one that has its arguments, and
// its result, swapped: a join must not care which stream comes first.
func eachWay(f func(way string, join joinFunc)) {
	f("as given", joinAsGiven)
	f("swapped", joinSwapped)
}

// swappedJoins makes joinInOrder swap the arguments of all joins.
const swappedJoins = "DUPLEX_SWAPPED"

// joinInOrder joins a and b for the tests of Join. A Traffic cannot be swapped
// back, so a join that has one is left as it is.
func joinInOrder(ctx context.Context, j duplex.Joiner, a, b duplex.Stream) (duplex.Result, error) {
	if os.Getenv(swappedJoins) != "" && j.Traffic == nil {
		return joinSwapped(ctx, j, a, b)
	}
	return joinAsGiven(ctx, j, a, b)
}

// TestR12_EveryJoinTestPassesWithSwappedArguments runs all tests of Join once
// more, in a process in which every join has its streams the other way round.
// The tests that need no other process go both ways by eachWay.
func TestR12_EveryJoinTestPassesWithSwappedArguments(t *testing.T) {
	if os.Getenv(swappedJoins) != "" {
		t.Skip("this is that process")
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run", "^TestJoin", "-test.v")
	cmd.Env = append(os.Environ(), swappedJoins+"=1")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s\nreplay: %s=1 go test -run '^TestJoin' .", err, out, swappedJoins)
	}
	if passed := strings.Count(string(out), "\n--- PASS: TestJoin"); passed < 20 {
		t.Errorf("only %d tests of Join were run", passed)
	}
}
