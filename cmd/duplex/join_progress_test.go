package main

import (
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/creack/pty"
)

// atScreen starts the command with its standard error at a terminal and returns
// what is seen there.
func atScreen(t *testing.T, stdin, stdout *os.File, args ...string) (cmd *exec.Cmd, seen *watched) {
	t.Helper()
	screen, terminal, err := pty.Open()
	if err != nil {
		t.Skip(err)
	}
	cmd = exec.Command(duplexBin, args...)
	cmd.Env = append(os.Environ(), "NO_COLOR=1", "TERM=dumb")
	cmd.Stdin, cmd.Stderr = stdin, terminal
	if stdout != nil {
		cmd.Stdout = stdout
	} else {
		cmd.Stdout = terminal
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_ = terminal.Close()
	seen = newWatched()
	over := make(chan struct{})
	go func() {
		defer close(over)
		_, _ = io.Copy(seen, screen) // ends with an error when nobody has the terminal any more
		seen.Close()
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		<-over
		_ = screen.Close()
	})
	return cmd, seen
}

func TestJoinShowsBothDirectionsAtATerminal(t *testing.T) {
	t.Parallel()
	_, echo := startEcho(t, "tcp://127.0.0.1:0")
	for _, test := range []struct {
		flags string
		see   bool
	}{
		{"", true}, {"--progress", true}, {"--no-progress", false}, {"--dump hex", false}, {"-v", true},
	} {
		t.Run(test.flags, func(t *testing.T) {
			t.Parallel()
			cmd, seen := atScreen(t, nil, nil, append([]string{"join", "listen:tcp://127.0.0.1:0", echo}, strings.Fields(test.flags)...)...)
			url := strings.TrimSpace(strings.TrimPrefix(seen.line("listening on "), "listening on "))
			c := dial(t, url)
			if _, err := io.WriteString(c, "four"); err != nil {
				t.Fatal(err)
			}
			if _, err := io.ReadFull(c, make([]byte, 4)); err != nil {
				t.Fatal(err)
			}
			if test.see && !seen.await(func(text string) bool {
				return strings.Contains(text, "a to b 4 B, ") && strings.Contains(text, "b to a 4 B, ")
			}) {
				t.Errorf("saw %q", seen)
			}
			_ = c.CloseWrite()
			if rest, err := io.ReadAll(c); err != nil || len(rest) > 0 {
				t.Errorf("at the end: %q, %v", rest, err)
			}
			_ = cmd.Wait()
			seen.await(func(string) bool { return false })
			text := seen.String()
			if code := cmd.ProcessState.ExitCode(); code != 0 {
				t.Errorf("exit %d", code)
			}
			if strings.Contains(text, "/s; ") != test.see || !strings.HasSuffix(text, "\n") || strings.Contains(text, "\x1b") {
				t.Errorf("saw %q", text)
			}
			if test.flags == "-v" && !strings.Contains(text, "\r1: a to b 4 bytes, ended") {
				t.Errorf("what is told stands beside the line: %q", text)
			}
		})
	}
}

// Where standard input or output is a terminal a line would stand in the way.
func TestJoinShowsNothingWhereTheTerminalIsAnEndpoint(t *testing.T) {
	t.Parallel()
	in, feed := pipe(t)
	_, echo := startEcho(t, "tcp://127.0.0.1:0")
	cmd, seen := atScreen(t, in, nil, "connect", echo)
	_, _ = io.WriteString(feed, "hello")
	seen.await(func(text string) bool { return text == "hello" })
	_ = feed.Close()
	_ = cmd.Wait()
	seen.await(func(string) bool { return false })
	if text := seen.String(); cmd.ProcessState.ExitCode() != 0 || text != "hello" {
		t.Errorf("%v, saw %q", cmd.ProcessState, text)
	}
}

func TestJoinsProgressEndsWithASummaryAnywhere(t *testing.T) {
	t.Parallel()
	_, echo := startEcho(t, "tcp://127.0.0.1:0")
	in, feed := pipe(t)
	p := start(t, in, duplexBin, "connect", echo, "--progress")
	_, _ = io.WriteString(feed, "hello")
	_ = feed.Close()
	if code := p.wait(); code != 0 || p.stdout.String() != "hello" {
		t.Errorf("exit %d, %q", code, p.stdout)
	}
	if text := p.log.String(); !strings.Contains(text, "\ra to b 5 B, ") || !strings.Contains(text, "b to a 5 B, ") || !strings.HasSuffix(text, "\n") {
		t.Errorf("told %q", text)
	}
	for _, flag := range []string{"--json", "--quiet"} {
		p := start(t, nil, duplexBin, "connect", echo, "--progress", flag)
		if code := p.wait(); code != 2 || !strings.Contains(p.log.String(), "--progress goes neither with --json nor with --quiet") {
			t.Errorf("%s: exit %d: %s", flag, code, p.log)
		}
	}
}
