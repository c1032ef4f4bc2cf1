package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"os"
	"os/exec"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// known are the differences that are wanted. Each recipe that an entry matches
// has to show exactly the difference it names.
var known = []struct {
	recipes string // a pattern, as for path.Match
	differ  string // what differs, of "stdout", "peers" and "exit"
	racy    bool   // it is a matter of chance
	reason  string
}{
	{"stdio/*/late/*", "stdout", false, "socat waits half a second for the other direction, loses the reply, and exits with 0"},
	{"stdio/tls/cut/*", "exit", false, "what ends without a close_notify was cut, whoever cut it: never 0"},
	{"stdio/tcp/reset/100000", "exit", true, "socat fails when a write meets the reset, but not when a read does"},
	{"stdio/tcp/reset/*", "exit", false, "socat takes a reset for an end"},
	{"tcp-listen/tcp/ask-reset/100000", "exit", true, "socat fails when a write meets the reset, but not when a read does"},
	{"tcp-listen/tcp/ask-reset/*", "exit", false, "socat takes a reset for an end"},
	{"stdio/tcp/leave/1000", "exit", false, "socat takes for an end that the peer left with bytes unread"},
	{"stdio/unix/leave/1000", "exit", false, "socat takes for an end that the peer left with bytes unread"},
	{"stdio/tls/leave/100000", "exit", true, "the peer says close_notify before the reset; who reads it first has seen two orderly ends"},
	{"stdio/pty/false", "exit", true, "socat exits with 0 when it sees the command's end before its status"},
	{"stdio/pty-raw/false", "exit", true, "socat exits with 0 when it sees the command's end before its status"},
	{"stdio/exec/false", "exit", true, "socat exits with 0 when it sees the command's end before its status"},
	{"stdio/pty/wc/38", "stdout", false, "socat types no ^D at the end of its input, so the command never answers"},
}

// outcome is what became of a recipe.
type outcome struct {
	Stdout string   `json:"stdout"`
	Peers  []string `json:"peers,omitempty"` // what each peer or file received
	Exit   int      `json:"exit"`            // -1: hung and was killed
	Said   string   `json:"said,omitempty"`  // the last line on standard error; not compared
}

// differ names what differs in two outcomes.
func (o outcome) differ(p outcome) string {
	var names []string
	if o.Stdout != p.Stdout {
		names = append(names, "stdout")
	}
	if !slices.Equal(o.Peers, p.Peers) {
		names = append(names, "peers")
	}
	if min(o.Exit, 1) != min(p.Exit, 1) {
		names = append(names, "exit")
	}
	return strings.Join(names, " ")
}

// score is a line of the scorecard.
type score struct {
	Recipe  string  `json:"recipe"`
	Socat   outcome `json:"socat"`
	Duplex  outcome `json:"duplex"`
	Verdict string  `json:"verdict"` // same, known, new, or gone: known and no more
	Differ  string  `json:"differ,omitempty"`
	Reason  string  `json:"reason,omitempty"`
}

// judge compares what the two tools did with a recipe.
func judge(name string, socat, duplex outcome) (s score, err error) {
	s = score{Recipe: name, Socat: socat, Duplex: duplex, Verdict: "same", Differ: socat.differ(duplex)}
	wanted, racy := "", false
	for _, k := range known {
		if ok, _ := path.Match(k.recipes, name); ok {
			wanted, racy, s.Reason = k.differ, k.racy, k.reason
			break
		}
	}
	switch {
	case duplex.Exit < 0:
		s.Verdict = "new"
		return s, fmt.Errorf("duplex hung")
	case s.Differ == wanted && wanted != "":
		s.Verdict = "known"
	case s.Differ == wanted:
	case s.Differ == "" && racy:
	case s.Differ == "":
		s.Verdict = "gone"
		if os.Getenv("DUPLEX_FULL") == "" {
			return s, nil // a sample on a busy machine is no proof of that
		}
		return s, fmt.Errorf("is no difference any more: %s (%s)", wanted, s.Reason)
	default:
		s.Verdict = "new"
		return s, fmt.Errorf("differs in %q, and %q is known", s.Differ, wanted)
	}
	return s, nil
}

// R13: the same recipes through classic socat and duplex. By default a share of
// them, with DUPLEX_FULL=1 all; DUPLEX_SCORECARD=file writes the scorecard.
func TestR13DoesWhatSocatDoes(t *testing.T) {
	t.Parallel()
	socat := peer(t, "socat")
	version, _ := exec.Command(socat, "-V").Output()
	card := struct {
		Socat  string         `json:"socat"`
		Totals map[string]int `json:"totals"`
		Scores []score        `json:"scores"`
	}{regexp.MustCompile(`version \S+`).FindString(string(version)), map[string]int{}, nil}

	all := recipes()
	if len(all) < 100 {
		t.Errorf("only %d recipes", len(all))
	}
	if os.Getenv("DUPLEX_FULL") == "1" {
		for _, k := range known {
			if !slices.ContainsFunc(all, func(r recipe) bool { ok, _ := path.Match(k.recipes, r.name); return ok }) {
				t.Errorf("no recipe is called %s any more", k.recipes)
			}
		}
	} else {
		var share []recipe
		for _, r := range all {
			if crc32.ChecksumIEEE([]byte(r.name))%4 == 0 { // a fourth, in step with neither sizes nor kinds
				share = append(share, r)
			}
		}
		all = share
	}

	// They mostly wait, socat half a second at every end: more at once than
	// t.Parallel would run.
	var (
		mu      sync.Mutex
		workers sync.WaitGroup
		next    = make(chan recipe)
	)
	for range 6 {
		workers.Go(func() {
			for r := range next {
				t.Run(r.name, func(t *testing.T) {
					ours := r.run(t, duplexBin, false)
					var s score
					var err error
					for range 3 { // socat's half second may be too short on a busy machine; duplex has one go
						if s, err = judge(r.name, r.run(t, socat, true), ours); err == nil {
							break
						}
					}
					if err != nil {
						t.Errorf("%v\nsocat:  %+v\nduplex: %+v", err, s.Socat, s.Duplex)
					}
					mu.Lock()
					defer mu.Unlock()
					card.Scores = append(card.Scores, s)
					card.Totals[s.Verdict]++
				})
			}
		})
	}
	for _, r := range all {
		next <- r
	}
	close(next)
	workers.Wait()

	t.Logf("%s: %d recipes, %v", card.Socat, len(card.Scores), card.Totals)
	if file := os.Getenv("DUPLEX_SCORECARD"); file != "" {
		slices.SortFunc(card.Scores, func(a, b score) int { return cmp.Compare(a.Recipe, b.Recipe) })
		b, err := json.MarshalIndent(card, "", "  ")
		if err == nil {
			err = os.WriteFile(file, append(b, '\n'), 0o644)
		}
		if err != nil {
			t.Error(err)
		}
	}
}

// run plays a recipe with a tool.
func (r recipe) run(t *testing.T, tool string, classic bool) outcome {
	t.Helper()
	dir, err := os.MkdirTemp("", "score") // t.TempDir is too long for a Unix socket
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	s := &stage{t: t, classic: classic, dir: dir, exited: make(chan struct{})}
	args := []string{r.a(s), r.b(s)}
	if classic {
		args = append([]string{"-d", "-d"}, args...)
		if r.oneWay != "" {
			args = append([]string{r.oneWay}, args...)
		}
	} else {
		args = append([]string{"join"}, args...)
	}
	in, feed := pipe(t)
	p := start(t, in, tool, args...)
	_ = in.Close()
	s.running.Go(func() {
		_, _ = feed.Write(text(r.stdin))
		_ = feed.Close()
	})
	hung := time.AfterFunc(patience, func() { _ = p.cmd.Process.Kill() })
	defer hung.Stop()
	if s.client != nil && p.log.await(func(log string) bool { return listeningOn(log) != "" }) {
		s.client(listeningOn(p.log.String()))
	}
	o := outcome{Exit: p.wait(), Stdout: summary([]byte(p.stdout.String()))}
	close(s.exited)
	for _, release := range s.release {
		release()
	}
	s.running.Wait()
	for _, got := range s.gained {
		o.Peers = append(o.Peers, summary(got()))
	}
	said := strings.Split(strings.TrimSpace(p.log.String()), "\n")
	o.Said = said[len(said)-1]
	return o
}

// summary is what was received, in short.
func summary(b []byte) string {
	if len(b) <= 40 {
		return fmt.Sprintf("%q", b)
	}
	return fmt.Sprintf("%d bytes, crc %08x", len(b), crc32.ChecksumIEEE(b))
}
