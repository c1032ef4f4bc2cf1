package main

import (
	"encoding/json"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/duplex-go/duplex/internal/result"
)

func TestBenchMeasuresEverySide(t *testing.T) {
	peers := map[string]bool{"duplex": true, "net": true}
	for _, name := range []string{"node", "socat", "gzip", "pigz"} {
		_, err := exec.LookPath(name)
		peers[name] = err == nil
	}
	for _, c := range []struct {
		args   string
		tables string
		sides  string
	}{
		{"echo --conns 1,2 --size 64 --time 20ms", "echo", "duplex net node socat"},
		{"join --mib 1 --trips 16 --pairs 2", "join join-trip join-pairs", "duplex socat node"},
		{"gzip --mib 1 --level 1", "gzip gzip-cpu gzip-size", "duplex gzip pigz node"},
		{"idle --conns 3 --beat 10ms --time 100ms --sides duplex,net", "idle idle-beat", "duplex net"},
	} {
		t.Run(strings.Fields(c.args)[0], func(t *testing.T) {
			t.Parallel()
			cmd := exec.CommandContext(t.Context(), duplexBin, append([]string{"bench"}, strings.Fields(c.args+" --rounds 1 --json")...)...)
			var log strings.Builder
			cmd.Stderr = &log
			out, err := cmd.Output()
			if err != nil {
				t.Fatalf("%v: %s", err, &log)
			}
			var got result.Comparison
			if err := json.Unmarshal(out, &got); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			var keys []string
			for _, table := range got.Tables {
				keys = append(keys, table.Key)
				for _, row := range table.Rows {
					for _, side := range strings.Fields(c.sides) {
						if v := row.Values[side]; peers[side] && (len(v) != 1 || v[0] <= 0 && !strings.HasPrefix(table.Unit, "KiB")) {
							t.Errorf("%s, %s, %s: %v", table.Title, row.Name, side, v)
						}
					}
				}
				if len(table.Rows) == 0 {
					t.Errorf("%s is empty", table.Title)
				}
			}
			if !slices.Equal(keys, strings.Fields(c.tables)) {
				t.Errorf("tables %q", keys)
			}
		})
	}
}

func TestBenchLeavesOutWhatIsNotInstalled(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), duplexBin, "bench", "gzip", "--mib", "1", "--rounds", "1")
	cmd.Env = []string{"PATH=" + t.TempDir()}
	var out, log strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &log
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v: %s", err, &log)
	}
	if strings.Count(log.String(), "duplex: pigz is not installed, so it is left out\n") != 1 {
		t.Errorf("it says %q", &log)
	}
	if !strings.HasPrefix(out.String(), "gzip: MB of input/s, more is better\n") || strings.Contains(out.String(), "pigz") {
		t.Errorf("it prints\n%s", &out)
	}
}

func TestBenchSaysWhatIsWrong(t *testing.T) {
	for args, want := range map[string]string{
		"echo --sides nobody":  `no side is called "nobody"; there are duplex, net, node, socat`,
		"echo --rounds 0":      "--rounds must be 1 or more",
		"echo --conns 0":       "--conns and --size must be 1 or more",
		"gzip --level 10":      "a --level from 1 to 9",
		"gzip /does/not/exist": "no such file",
		"join --pairs -1":      "--pairs",
		"idle --beat 1us":      "a --beat of 1ms or more",
	} {
		cmd := exec.CommandContext(t.Context(), duplexBin, append([]string{"bench"}, strings.Fields(args)...)...)
		out, _ := cmd.CombinedOutput() // the exit code says how it was
		if code := cmd.ProcessState.ExitCode(); code != exitUsage || !strings.Contains(string(out), want) {
			t.Errorf("bench %s: exit %d, %q; want %q", args, code, out, want)
		}
	}
}
