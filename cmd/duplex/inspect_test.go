package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"unicode"

	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/inspect"
)

// inspected waits for the URL of a command's inspector.
func inspected(t *testing.T, p *process) *url.URL {
	t.Helper()
	line := p.log.line("inspect on ")
	u, err := url.Parse(strings.TrimPrefix(line, "inspect on "))
	if err != nil || line == "" {
		t.Fatalf("no URL: %s", p.log)
	}
	return u
}

// look asks an inspector for a path.
func look(t *testing.T, u *url.URL, path, token string) (int, string) {
	t.Helper()
	r, err := http.NewRequest(http.MethodGet, "http://"+u.Host+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	transport := &http.Transport{DisableKeepAlives: true}
	response, err := transport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, _ := io.ReadAll(response.Body)
	return response.StatusCode, string(text)
}

// With --inspect alone nobody but this machine reaches it, and nothing is
// answered without the token (R56).
func TestR56_InspectIsLocalAndNeedsItsToken(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "token")
	echo, echoURL := startEcho(t, "tcp://127.0.0.1:0", "--inspect", ":0", "--inspect-token", file)
	join := start(t, nil, duplexBin, "join", "listen:tcp://127.0.0.1:0,fork", echoURL, "--inspect", "0")
	c := dial(t, strings.TrimPrefix(join.log.line("listening on "), "listening on "))
	if _, err := io.WriteString(c, "hello"); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(c, make([]byte, 5)); err != nil {
		t.Fatal(err)
	}
	made, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		p    *process
		kind string
	}{{echo, "stream"}, {join, "join"}} {
		u := inspected(t, test.p)
		host, _, _ := net.SplitHostPort(u.Host)
		if host != "127.0.0.1" {
			t.Errorf("it is on %s", u.Host)
		}
		token := u.Query().Get("token")
		for _, path := range []string{"/", "/streams", "/events", "/metrics", "/nothing"} {
			if code, _ := look(t, u, path, ""); code != http.StatusUnauthorized {
				t.Errorf("%s without the token: %d", path, code)
			}
		}
		code, text := look(t, u, "/streams", token)
		var v inspect.View
		if err := json.Unmarshal([]byte(text), &v); err != nil || code != http.StatusOK || len(v.Rows) != 1 || v.Rows[0].Kind != test.kind {
			t.Errorf("%s: %d, %s, %v", test.kind, code, text, err)
		}
		if test.p == echo && token != strings.TrimSpace(string(made)) {
			t.Error("the token is not that of the file")
		}
	}
	_ = c.CloseWrite()
	if _, err := io.ReadAll(c); err != nil {
		t.Error(err)
	}
	for _, p := range []*process{join, echo} {
		p.signal(syscall.SIGTERM)
		if code := p.wait(); code != 0 {
			t.Errorf("exit %d: %s", code, p.log)
		}
	}
}

// Secrets in endpoints are in no line, no JSON and nothing that is inspected,
// also where what they name cannot be reached (R62).
func TestR62_NoSecretOfAnEndpointIsTold(t *testing.T) {
	t.Parallel()
	const secret = "s3cr3t"
	for _, flag := range []string{"--json", "--verbose"} {
		join := start(t, nil, duplexBin, "join", "listen:tcp://127.0.0.1:0,fork",
			"ws://127.0.0.1:1/x%3Ftoken="+secret+",header=Authorization: Bearer "+secret, "--inspect", ":0", flag)
		u := inspected(t, join)
		join.log.await(func(text string) bool { return strings.Contains(text, "listening") })
		text := join.log.String()
		at := text[strings.Index(text, "tcp://"):]
		c, err := net.Dial("tcp", strings.FieldsFunc(at[len("tcp://"):], func(r rune) bool { return r == '"' || r == '\n' })[0])
		if err == nil {
			_, _ = io.ReadAll(c)
			_ = c.Close()
		} else if !errors.Is(err, syscall.ECONNRESET) { // as it is if the join is over that soon
			t.Fatal(err)
		}
		join.log.await(func(text string) bool { return strings.Contains(text, "refused") })
		for _, path := range []string{"/", "/streams", "/metrics"} {
			if code, text := look(t, u, path, u.Query().Get("token")); code != http.StatusOK || strings.Contains(text, secret) {
				t.Errorf("%s: %d, %s", path, code, text)
			}
		}
		join.signal(syscall.SIGQUIT) // a dump of all there is
		join.wait()
		if text := join.log.String(); strings.Contains(text, secret) {
			t.Errorf("told: %s", text)
		}
	}
	p := start(t, nil, duplexBin, "join", "-", "tcp://user:"+secret+"@h:x,token="+secret)
	if p.wait(); strings.Contains(p.log.String(), secret) {
		t.Errorf("told: %s", p.log)
	}
}

func TestEchoTellsOfEveryConnectionInALineEach(t *testing.T) {
	t.Parallel()
	echo, echoURL := startEcho(t, "tcp://127.0.0.1:0", "-v")
	c := dial(t, echoURL)
	_, _ = io.WriteString(c, "hello")
	_ = c.CloseWrite()
	_, _ = io.ReadAll(c)
	if !echo.log.await(func(text string) bool {
		return strings.Contains(text, "1: opened 127.0.0.1:") && strings.Contains(text, "1: in 5 bytes, ended; out 5 bytes, ended; ")
	}) {
		t.Errorf("told %s", echo.log)
	}
}

// Whatever a peer says, one record of the log is one line (R61).
func TestR61_TheLogOfStreamsIsOneLineARecord(t *testing.T) {
	for _, flags := range []logFlags{{Verbose: true}, {JSON: true}} {
		for _, said := range []string{"\n", "\r\n", "\x1b[31m", "\x1b]0;x\a", "\u2028", "\x9b", "\xff", "\u202e"} {
			var text bytes.Buffer
			l := flags.logger(&text)
			a, _ := duplex.Pair()
			c := duplex.NewConn(a)
			c.Observe(l, said)
			_ = c.Abort(errors.New(said))
			l.failed(&net.UnixAddr{Name: said}, errors.New(said))
			if n := strings.Count(text.String(), "\n"); n != 3 {
				t.Errorf("%q makes %d lines: %q", said, n, text.String())
			}
			for line := range strings.Lines(text.String()) {
				line = strings.TrimSuffix(line, "\n")
				if flags.JSON && !json.Valid([]byte(line)) || !flags.JSON && strings.IndexFunc(line, func(r rune) bool { return !unicode.IsPrint(r) }) >= 0 {
					t.Errorf("%q makes %q", said, line)
				}
			}
		}
	}
}
