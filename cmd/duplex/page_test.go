package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What the page shows, line by line.
const (
	netTranscript = `client received data: STARTING CLIENT
server writing beat
client received data: server beat
server writing beat
client received data: server beat
server writing beat
client received data: server beat
client received data: ALL DONE
client .end() here
server socket ended!
`
	gzipTranscript = `base64Data : H4sIAAAAAAAAEw==
base64Data : S1QoLinKzEtXyEgtSk3Myy8B0shCAA8rMZwgAAAA
`
)

func TestDemoPrintsThePage(t *testing.T) {
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"demo"}, netTranscript + gzipTranscript},
		{[]string{"demo", "net"}, netTranscript},
		{[]string{"demo", "gzip"}, gzipTranscript},
	} {
		t.Run(strings.Join(test.args, " "), func(t *testing.T) {
			t.Parallel()
			p := start(t, nil, duplexBin, test.args...)
			if code := p.wait(); code != 0 || p.stdout.String() != test.want || p.log.String() != "" {
				t.Errorf("exit %d, stderr %q, stdout:\n%s\nwant:\n%s", code, p.log, p.stdout, test.want)
			}
		})
	}
}

// linesWith returns the lines of transcript that begin with prefix.
func linesWith(transcript, prefix string) string {
	var b strings.Builder
	for line := range strings.Lines(transcript) {
		if strings.HasPrefix(line, prefix) {
			b.WriteString(line)
		}
	}
	return b.String()
}

// program writes the page's JavaScript with its port filled in.
func program(t *testing.T, name, port string) string {
	t.Helper()
	js, err := os.ReadFile(filepath.Join("testdata", "page", name))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, bytes.ReplaceAll(js, []byte("PORT"), []byte(port)), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestThePagesClientGetsFromEchoWhatThePageShows(t *testing.T) {
	t.Parallel()
	node := peer(t, "node")
	echo, url := startEcho(t, "tcp://127.0.0.1:0", "--upper", "--beat", "1s")
	client := start(t, nil, node, program(t, "client.js", port(url)))
	if code := client.wait(); code != 0 {
		t.Fatalf("client: exit %d: %s", code, client.log)
	}
	want := linesWith(netTranscript, "client")
	if got := client.stdout.String(); got != want {
		t.Errorf("the client printed:\n%s\nwant:\n%s", got, want)
	}
	if got := echo.stdout.String(); got != "" {
		t.Errorf("echo printed %q on standard output", got)
	}
}

func TestThePagesServerGetsFromConnectWhatThePageShows(t *testing.T) {
	t.Parallel()
	node := peer(t, "node")
	server := start(t, nil, node, program(t, "server.js", "0"))
	url := "tcp://127.0.0.1:" + server.log.line("")

	in, feed := pipe(t)
	client := start(t, in, duplexBin, "connect", url)
	say := func(text string) {
		t.Helper()
		if _, err := io.WriteString(feed, text); err != nil {
			t.Fatal(err)
		}
	}
	// The page's client by hand: it speaks again when the server has beaten
	// three times, and ends when it has its answer.
	want := "STARTING CLIENT" + strings.Repeat("server beat", 3)
	say("starting client")
	client.stdout.await(func(text string) bool { return len(text) >= len(want) })
	say("all done")
	want += "ALL DONE"
	client.stdout.await(func(text string) bool { return len(text) >= len(want) })
	_ = feed.Close()

	if code := client.wait(); code != 0 || client.stdout.String() != want {
		t.Errorf("connect: exit %d, received %q, want %q; %s", code, client.stdout, want, client.log)
	}
	server.stdout.await(func(text string) bool { return strings.Contains(text, "ended") })
	if want := linesWith(netTranscript, "server"); server.stdout.String() != want {
		t.Errorf("the server printed:\n%s\nwant:\n%s", server.stdout, want)
	}
}

// pipe returns a pipe for a program's standard input.
func pipe(t *testing.T) (r, w *os.File) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = r.Close()
		_ = w.Close()
	})
	return r, w
}
