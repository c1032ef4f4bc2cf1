package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"unicode"
)

func TestTopPrintsWhatFlowsOnce(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "token")
	echo, url := startEcho(t, "tcp://127.0.0.1:0", "--inspect", "0", "--inspect-token", file)
	u := inspected(t, echo)
	c := dial(t, url)
	_, _ = io.WriteString(c, "hello")
	if _, err := io.ReadFull(c, make([]byte, 5)); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{u.String()}, {u.String(), "--once", "--sort=bytes", "--reverse"}, {"http://" + u.Host, "--inspect-token", file}} {
		p := start(t, nil, duplexBin, append([]string{"top"}, args...)...)
		code, text := p.wait(), p.stdout.String()
		if code != 0 || !strings.Contains(text, "a>b") || !strings.Contains(text, "1 open") || strings.Count(text, "\n") != 5 {
			t.Errorf("%q: %d, %s%s", args, code, text, p.log)
		}
		if strings.ContainsFunc(strings.ReplaceAll(text, "\n", ""), unicode.IsControl) || strings.Contains(text, u.Query().Get("token")) {
			t.Errorf("%q prints %q", args, text)
		}
	}
}

func TestTopSaysInALineWhyItCannotLook(t *testing.T) {
	t.Parallel()
	echo, url := startEcho(t, "tcp://127.0.0.1:0", "--inspect", "0")
	u := inspected(t, echo)
	for _, test := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"http://" + u.Host}, 1, "the token is refused: there is none"},
		{[]string{"http://" + u.Host + "/?token=s3cr3t-s3cr3t-s3cr3t"}, 1, "the token is refused"},
		{[]string{"http://127.0.0.1:1/?token=s3cr3t"}, 1, "refused"},
		{[]string{url}, 2, "the URL must be http://"},
		{[]string{u.String(), "--sort=size"}, 2, "--sort must be one of"},
		{[]string{u.String(), "--rows=0"}, 2, "--rows must be"},
		{[]string{u.String(), "--inspect-token=/nowhere/token"}, 1, "no such file"},
	} {
		p := start(t, nil, duplexBin, append([]string{"top"}, test.args...)...)
		if code := p.wait(); code != test.code || !strings.Contains(p.log.String(), test.want) || strings.Count(p.log.String(), "\n") != 1 ||
			strings.Contains(p.log.String(), "s3cr3t") || p.stdout.String() != "" {
			t.Errorf("%q: %d, %s%s", test.args, code, p.stdout, p.log)
		}
	}
}

func TestTopAtATerminalOutlivesItsServerAndEndsAtSIGINT(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "token")
	echo, _ := startEcho(t, "tcp://127.0.0.1:0", "--inspect", "0", "--inspect-token", file)
	u := inspected(t, echo)
	cmd, seen := atScreen(t, nil, nil, "top", u.String())
	times := func(n int, words string) {
		t.Helper()
		if !seen.await(func(text string) bool { return strings.Count(text, words) >= n }) {
			t.Fatalf("%q is not seen %d times: %q", words, n, seen)
		}
	}
	times(2, "0 open")
	echo.signal(os.Interrupt.(syscall.Signal))
	echo.wait()
	times(1, "LOST, trying again")
	before := strings.Count(seen.String(), "\x1b[Hhttp://")
	startEcho(t, "tcp://127.0.0.1:0", "--inspect", u.Host, "--inspect-token", file)
	times(before+1, "\x1b[Hhttp://")
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("it exits with %v: %q", err, seen)
	}
	seen.await(func(string) bool { return false }) // until all has been read
	if text := seen.String(); !strings.HasPrefix(text, "\x1b[?1049h") || !strings.HasSuffix(text, "\x1b[?1049l") {
		t.Errorf("it leaves the terminal as %q", text)
	}
}
