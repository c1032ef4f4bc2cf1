package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/duplex-go/duplex"
)

// startJoin starts "duplex join" with a listener as its first endpoint and
// returns it with the URL that it listens on.
func startJoin(t *testing.T, a, b string, flags ...string) (*process, string) {
	t.Helper()
	p := start(t, nil, duplexBin, append([]string{"join", a, b}, flags...)...)
	line := p.log.line("listening on ")
	if line == "" {
		t.Fatalf("join ended before it listened: %s", p.log)
	}
	return p, strings.TrimPrefix(line, "listening on ")
}

// ask sends everything to url, ends, and returns the answer.
func ask(t *testing.T, url, question string) string {
	t.Helper()
	c := dial(t, url)
	go func() {
		_, _ = io.WriteString(c, question)
		_ = c.CloseWrite()
	}()
	answer, err := io.ReadAll(c)
	if err != nil {
		t.Fatal(err)
	}
	return string(answer)
}

func TestJoinCarriesBothDirectionsAndTheirEnds(t *testing.T) {
	t.Parallel()
	_, echo := startEcho(t, "unix://"+filepath.Join(t.TempDir(), "echo"), "--upper")
	join, url := startJoin(t, "listen:tcp://127.0.0.1:0", echo)
	question := strings.Repeat("over a tcp and a unix socket ", 100_000)
	if got := ask(t, url, question); got != strings.ToUpper(question) {
		t.Errorf("got %d bytes, want %d", len(got), len(question))
	}
	if code := join.wait(); code != 0 {
		t.Errorf("exit %d: %s", code, join.log)
	}
}

func TestJoinServesManyWithForkAndEndsInOrder(t *testing.T) {
	t.Parallel()
	_, echo := startEcho(t, "tcp://127.0.0.1:0")
	join, url := startJoin(t, "listen:tcp://127.0.0.1:0,fork", echo)
	for i := range 5 {
		if got := ask(t, url, fmt.Sprint("number ", i)); got != fmt.Sprint("number ", i) {
			t.Errorf("got %q", got)
		}
	}
	join.signal(syscall.SIGTERM)
	if code := join.wait(); code != 0 {
		t.Errorf("exit %d: %s", code, join.log)
	}
}

// late is a server that answers only after its peer's end and its own leisure:
// when the test says so.
func late(t *testing.T, answer string, now <-chan struct{}) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() {
		c, err := l.Accept()
		if err == nil {
			_, err = io.Copy(io.Discard, c)
			<-now
			_, werr := io.WriteString(c, answer)
			err = errors.Join(err, werr, c.Close())
		}
		done <- err
	}()
	t.Cleanup(func() {
		_ = l.Close()
		if err := <-done; err != nil && !errors.Is(err, net.ErrClosed) {
			t.Log(err)
		}
	})
	return "tcp://" + l.Addr().String()
}

func TestALateReplyArrivesAndTheExitCodeIsZero(t *testing.T) {
	t.Parallel()
	// socat waits half a second after the first end, loses the reply, and
	// exits with 0.
	now := make(chan struct{})
	url := late(t, "worth waiting for", now)
	in, feed := pipe(t)
	client := start(t, in, duplexBin, "connect", url)
	_ = feed.Close()
	close(now)
	if code := client.wait(); code != 0 || client.stdout.String() != "worth waiting for" {
		t.Errorf("exit %d, %q: %s", code, client.stdout, client.log)
	}
}

func TestAReplyThatIsGivenUpIsAFailure(t *testing.T) {
	t.Parallel()
	never := make(chan struct{})
	url := late(t, "", never)
	defer close(never)
	in, feed := pipe(t)
	client := start(t, in, duplexBin, "connect", url, "--linger", "50ms")
	_ = feed.Close()
	if code := client.wait(); code != 1 || !strings.Contains(client.log.String(), "idle for too long") {
		t.Errorf("exit %d: %s", code, client.log)
	}
}

func TestTheEndPolicyIsChosenByName(t *testing.T) {
	t.Parallel()
	for _, policy := range []string{"close", "wait=50ms"} {
		t.Run(policy, func(t *testing.T) {
			never := make(chan struct{})
			url := late(t, "", never)
			defer close(never)
			in, feed := pipe(t)
			client := start(t, in, duplexBin, "connect", url, "--eof", policy)
			_ = feed.Close()
			if code := client.wait(); code != 0 {
				t.Errorf("exit %d: %s", code, client.log)
			}
		})
	}
	for _, wrong := range []string{"never", "wait", "wait=x", "half=1s"} {
		p := start(t, nil, duplexBin, "connect", "tcp://127.0.0.1:1", "--eof", wrong)
		if code := p.wait(); code != 2 || !strings.Contains(p.log.String(), "half, close or wait=DURATION") && !strings.Contains(p.log.String(), "not a duration") {
			t.Errorf("%s: exit %d: %s", wrong, code, p.log)
		}
	}
}

func TestTeesAndDumpShowWhatPasses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	ab, ba := filepath.Join(dir, "ab"), filepath.Join(dir, "ba")
	_, echo := startEcho(t, "tcp://127.0.0.1:0", "--upper")
	join, url := startJoin(t, "listen:tcp://127.0.0.1:0", echo, "--tee-ab", ab, "--tee-ba", ba, "--dump", "text")
	ask(t, url, "hello\x1b[31m")
	if code := join.wait(); code != 0 {
		t.Errorf("exit %d: %s", code, join.log)
	}
	for file, want := range map[string]string{ab: "hello\x1b[31m", ba: "HELLO\x1b[31M"} {
		if got, err := os.ReadFile(file); err != nil || string(got) != want {
			t.Errorf("%s: %q, %v", filepath.Base(file), got, err)
		}
	}
	for _, want := range []string{"length=10 from=0 to=9\n  hello\\x1b[31m\n", "\n  HELLO\\x1b[31M\n", "end at=10"} {
		if !strings.Contains(join.log.String(), want) {
			t.Errorf("the dump does not show %q:\n%s", want, join.log)
		}
	}
	if strings.Contains(join.log.String(), "\x1b") {
		t.Error("an escape sequence has reached the terminal")
	}
}

func TestASessionIsRecordedAndReplayed(t *testing.T) {
	t.Parallel()
	recording := filepath.Join(t.TempDir(), "session")
	_, echo := startEcho(t, "tcp://127.0.0.1:0", "--upper")
	join, url := startJoin(t, "listen:tcp://127.0.0.1:0", echo, "--record", recording)
	ask(t, url, "say it again")
	if code := join.wait(); code != 0 {
		t.Fatalf("exit %d: %s", code, join.log)
	}
	replay := start(t, nil, duplexBin, "replay", recording, echo)
	if code := replay.wait(); code != 0 || replay.stdout.String() != "SAY IT AGAIN" {
		t.Errorf("exit %d, %q: %s", code, replay.stdout, replay.log)
	}
	check := start(t, nil, duplexBin, "replay", recording, echo, "--check", "--speed", "0")
	if code := check.wait(); code != 0 || check.stdout.String() != "" {
		t.Errorf("exit %d, %q: %s", code, check.stdout, check.log)
	}
	_, other := startEcho(t, "tcp://127.0.0.1:0")
	check = start(t, nil, duplexBin, "replay", recording, other, "--check")
	if code := check.wait(); code != 1 || !strings.Contains(check.log.String(), "differs from the recording: at byte 0") {
		t.Errorf("exit %d: %s", code, check.log)
	}
}

func TestThroughEncodesOneWayAndDecodesTheOther(t *testing.T) {
	t.Parallel()
	// Two joins with the codec between them, and an echo behind: what passes
	// between the two is compressed, and a live session works through it.
	_, echo := startEcho(t, "tcp://127.0.0.1:0", "--upper")
	wire := filepath.Join(t.TempDir(), "wire")
	inner, compressed := startJoin(t, "listen:tcp://127.0.0.1:0", echo, "--through-ab", "gunzip", "--through-ba", "gzip", "--tee-ab", wire)
	outer, url := startJoin(t, "listen:tcp://127.0.0.1:0", compressed, "--through", "gzip:level=9")
	c := dial(t, url)
	for _, question := range []string{"is anybody there?", "and still?"} {
		if _, err := io.WriteString(c, question); err != nil {
			t.Fatal(err)
		}
		answer := make([]byte, len(question))
		if _, err := io.ReadFull(c, answer); err != nil || string(answer) != strings.ToUpper(question) {
			t.Fatalf("got %q, %v", answer, err)
		}
	}
	_ = c.CloseWrite()
	if rest, err := io.ReadAll(c); err != nil || len(rest) > 0 {
		t.Errorf("at the end: %q, %v", rest, err)
	}
	for _, join := range []*process{inner, outer} {
		if code := join.wait(); code != 0 {
			t.Errorf("exit %d: %s", code, join.log)
		}
	}
	if b, err := os.ReadFile(wire); err != nil || !bytes.HasPrefix(b, []byte{0x1f, 0x8b}) {
		t.Errorf("between the two: %.4q, %v", b, err)
	}
}

func TestLimitsAreFailuresWithTheirReason(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		flags []string
		want  string
	}{
		{[]string{"--max-bytes", "4"}, "more bytes than allowed: 4"},
		{[]string{"--timeout", "10ms"}, "took longer than its timeout"},
		{[]string{"--idle", "20ms"}, "idle for too long"},
	} {
		_, echo := startEcho(t, "tcp://127.0.0.1:0")
		join, url := startJoin(t, "listen:tcp://127.0.0.1:0", echo, test.flags...)
		c := dial(t, url)
		if _, err := io.WriteString(c, "12345"); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadAll(c); err == nil {
			t.Errorf("%v: the client got a clean end", test.flags)
		}
		if code := join.wait(); code != 1 || !strings.Contains(join.log.String(), test.want) {
			t.Errorf("%v: exit %d: %s", test.flags, code, join.log)
		}
	}
}

func TestJSONTellsEveryJoin(t *testing.T) {
	t.Parallel()
	_, echo := startEcho(t, "tcp://127.0.0.1:0")
	p := start(t, nil, duplexBin, "join", "listen:tcp://127.0.0.1:0", echo, "--json")
	var listening struct{ URL string }
	if err := json.Unmarshal([]byte(p.log.line("{")), &listening); err != nil {
		t.Fatal(err)
	}
	ask(t, listening.URL, "four")
	if code := p.wait(); code != 0 {
		t.Errorf("exit %d: %s", code, p.log)
	}
	var messages []string
	for line := range strings.Lines(p.log.String()) {
		var entry struct {
			Msg    string
			AB, BA struct {
				Bytes  int
				Reason string
			}
		}
		if err := json.Unmarshal([]byte(line), &entry); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		messages = append(messages, entry.Msg)
		if entry.Msg == "ended" && (entry.AB.Bytes != 4 || entry.BA.Bytes != 4 || entry.AB.Reason != "ended") {
			t.Errorf("told %s", line)
		}
	}
	if got := strings.Join(messages, " "); got != "listening opened ended" {
		t.Errorf("told %q", got)
	}
}

func TestAResetPassesThroughAJoinAsAReset(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	join, url := startJoin(t, "listen:tcp://127.0.0.1:0", "tcp://"+l.Addr().String())
	client := dial(t, url)
	server, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	if err := duplex.Abort(server.(*net.TCPConn), nil); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(client); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("the client got %v", err)
	}
	if code := join.wait(); code != 1 || !strings.Contains(join.log.String(), "connection reset by peer") {
		t.Errorf("exit %d: %s", code, join.log)
	}
}

func TestExplainSaysWhatAJoinGuarantees(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		args string
		want string
	}{
		{"tcp://127.0.0.1:1 tcp://127.0.0.1:2", "zero-copy                       yes, both ways"},
		{"tcp://127.0.0.1:1 -", "no: only between TCP and Unix sockets"},
		{"tcp://127.0.0.1:1 tcp://127.0.0.1:2 --dump hex", "no: what is shown"},
		{"tcp://127.0.0.1:1 tcp://127.0.0.1:2 --eof close", "the first one closes both sides"},
	} {
		p := start(t, nil, duplexBin, append([]string{"explain"}, strings.Fields(test.args)...)...)
		if code := p.wait(); code != 0 || !strings.Contains(squeeze(p.stdout.String()), squeeze(test.want)) {
			t.Errorf("%s: exit %d:\n%s%s", test.args, code, p.stdout, p.log)
		}
	}
}

func TestHelpManAndCompletionComeFromTheSameWords(t *testing.T) {
	t.Parallel()
	output := func(args ...string) string {
		t.Helper()
		p := start(t, nil, duplexBin, args...)
		if code := p.wait(); code != 0 || p.log.String() != "" {
			t.Errorf("%v: exit %d: %s", args, code, p.log)
		}
		return p.stdout.String()
	}
	if got := output("help", "endpoints"); !strings.Contains(got, "tcp://host:port") || !strings.Contains(got, "keepalive=DURATION") {
		t.Errorf("help endpoints:\n%s", got)
	}
	if got := output("help"); !strings.Contains(got, "Connect any endpoint to any other") {
		t.Errorf("help:\n%s", got)
	}
	if got := output("man"); !strings.HasPrefix(got, ".TH DUPLEX 1") || !strings.Contains(got, "Connect any endpoint to any other") {
		t.Errorf("man:\n%.200s", got)
	}
	script := output("completion", "bash") + `
COMP_WORDS=(duplex join --ee) COMP_CWORD=2; COMP_WORDS[2]=--eo; _duplex; echo "${COMPREPLY[@]}"
COMP_WORDS=(duplex expl) COMP_CWORD=1; _duplex; echo "${COMPREPLY[@]}"
`
	out, err := exec.Command(peer(t, "bash"), "-c", script).CombinedOutput()
	if err != nil || string(out) != "--eof\nexplain\n" {
		t.Errorf("bash completed %q, %v", out, err)
	}
	for _, shell := range []string{"zsh", "fish"} {
		if got := output("completion", shell); !strings.Contains(got, "explain") {
			t.Errorf("completion %s:\n%s", shell, got)
		}
	}
}

// Standard input and output with options begin with a dash, but are no flag.
func TestJoinTakesStdioWithOptions(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"-,idle=1m", "exec:cat"}, {"exec:cat", "-,idle=1m"}, {"-?idle=1m", "exec:cat"}} {
		cmd := exec.Command(duplexBin, append([]string{"join"}, args...)...)
		cmd.Stdin = strings.NewReader("through cat")
		if out, err := cmd.Output(); err != nil || string(out) != "through cat" {
			t.Errorf("%v: %q, %v", args, out, err)
		}
	}
}
