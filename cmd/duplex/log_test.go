package main

import (
	"encoding/json"
	"io"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Whatever the command, a stream or join is a line when it opens and one when it
// is over, with bytes, how long it took and the reason: in words, and as JSON.
func TestEveryCommandTellsOfAStreamInTwoLines(t *testing.T) {
	t.Parallel()
	_, echoURL := startEcho(t, "tcp://127.0.0.1:0")
	input := func() *os.File {
		r, w := pipe(t)
		_, _ = io.WriteString(w, "hello")
		_ = w.Close()
		return r
	}
	for _, test := range []struct {
		name        string
		there, back string // what it calls the directions
		opened      string // and what has opened
		start       func(flag string) *process
	}{
		{"echo", "in", "out", "127.0.0.1:", func(flag string) *process {
			p := start(t, nil, duplexBin, "echo", "tcp://127.0.0.1:0", flag)
			c := dial(t, joinsOn(t, p))
			_, _ = io.WriteString(c, "hello")
			_ = c.CloseWrite()
			_, _ = io.ReadAll(c)
			return p
		}},
		{"join", "ab", "ba", "listen:tcp://127.0.0.1:0 with " + echoURL, func(flag string) *process {
			p := start(t, nil, duplexBin, "join", "listen:tcp://127.0.0.1:0", echoURL, flag)
			c := dial(t, joinsOn(t, p))
			_, _ = io.WriteString(c, "hello")
			_ = c.CloseWrite()
			_, _ = io.ReadAll(c)
			return p
		}},
		{"connect", "ab", "ba", "- with " + echoURL, func(flag string) *process { return start(t, input(), duplexBin, "connect", echoURL, flag) }},
	} {
		p := test.start("--json")
		p.log.await(func(text string) bool { return strings.Contains(text, `"msg":"ended"`) })
		if test.name == "echo" { // the others end by themselves
			p.signal(syscall.SIGTERM)
		}
		p.wait()
		records := make(map[string]map[string]any)
		for line := range strings.Lines(p.log.String()) {
			var record map[string]any
			if err := json.Unmarshal([]byte(line), &record); err != nil {
				t.Fatalf("%s: %q: %v", test.name, line, err)
			}
			if word, _ := record["msg"].(string); records[word] == nil {
				records[word] = record
			}
		}
		opened, ended := records["opened"], records["ended"]
		if opened == nil || ended == nil || opened["id"] != ended["id"] || opened["time"] == nil {
			t.Fatalf("%s: %s", test.name, p.log)
		}
		took, err := time.ParseDuration(ended["took"].(string))
		if err != nil || took <= 0 || ended["error"] != "" {
			t.Errorf("%s took %v, %v: %v", test.name, took, err, ended)
		}
		for _, way := range []string{test.there, test.back} {
			if d, _ := ended[way].(map[string]any); d["bytes"] != 5.0 || d["reason"] != "ended" {
				t.Errorf("%s: %s is %v", test.name, way, ended[way])
			}
		}

		p = test.start("--verbose")
		p.log.await(func(text string) bool { return strings.Count(text, "5 bytes, ended; ") == 2 })
		if test.name == "echo" { // the others end by themselves
			p.signal(syscall.SIGTERM)
		}
		p.wait()
		if text := p.log.String(); !strings.Contains(text, "1: opened "+test.opened) {
			t.Errorf("%s: %s", test.name, text)
		}
	}
}
