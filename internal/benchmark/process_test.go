package benchmark

import (
	"context"
	"errors"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestAPortIsFoundInWhatAProgramSays(t *testing.T) {
	for line, want := range map[string]string{
		"listening on tcp://127.0.0.1:41215": "41215",
		"listening on 41215":                 "41215",
		"41215":                              "41215",
		"2026/11/24 22:00:00 socat[12] N listening on AF=2 127.0.0.1:41215":   "41215",
		"2026/11/24 22:00:00 socat[12] N starting accept loop with FDs [5:5]": "",
		"inspect on http://127.0.0.1:8080":                                    "",
		"node:events:497":                                                     "",
	} {
		got := ""
		if m := listening.FindStringSubmatch(line); m != nil {
			got = m[1]
		}
		if got != want {
			t.Errorf("%q: %q, want %q", line, got, want)
		}
	}
}

// shell skips where there is no sh.
func shell(t *testing.T, script string) []string {
	t.Helper()
	if _, err := exec.LookPath("sh"); err != nil {
		t.Skip("no sh here")
	}
	return []string{"sh", "-c", script}
}

func TestAProgramThatFailsSaysWhy(t *testing.T) {
	_, err := start(t.Context(), nil, shell(t, "echo one; echo the port is taken >&2; exit 3"))
	if err == nil || !strings.Contains(err.Error(), "has ended before it was ready: the port is taken") {
		t.Errorf("got %v", err)
	}
}

func TestAProgramEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	p, err := start(ctx, nil, shell(t, "echo 1234; sleep 1000 & wait"))
	if err != nil {
		t.Fatal(err)
	}
	if p.addr != "127.0.0.1:1234" {
		t.Errorf("address %s", p.addr)
	}
	cancel()
	<-p.read // its child too has closed its output
	p.stop()
	if _, err := start(ctx, nil, shell(t, "sleep 1000")); !errors.Is(err, context.Canceled) {
		t.Errorf("after that: %v", err)
	}
}

func TestSidesTakeTurns(t *testing.T) {
	var order, steps []string
	r := Run{Rounds: 2, Step: func(done, of int, what string) {
		steps = append(steps, what)
		if done != len(steps)-1 || of != 8 {
			t.Errorf("%s is step %d of %d", what, done, of)
		}
	}}
	measure := func(s side) error { order = append(order, s.name); return nil }
	if err := r.rounds(t.Context(), []row{{"x", measure}, {"y", measure}}, []side{{name: "a"}, {name: "b"}}); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(order, ""); got != "abbaabba" || !slices.Contains(steps, "b, y") {
		t.Errorf("order %s, steps %q", got, steps)
	}
	broken := errors.New("broken")
	r.Step = nil
	err := r.rounds(t.Context(), []row{{"x", func(side) error { return broken }}}, []side{{name: "a"}})
	if !errors.Is(err, broken) || err.Error() != "a, x: broken" {
		t.Errorf("got %v", err)
	}
}
