package main

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/duplex-go/duplex"
)

// dial connects to a URL that echo has printed.
func dial(t *testing.T, url string) duplex.Stream {
	t.Helper()
	network, addr, _ := strings.Cut(url, "://")
	c, err := net.Dial(network, addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c.(duplex.Stream)
}

func TestEchoSendsBackWhatComesIn(t *testing.T) {
	t.Parallel()
	text := bytes.Repeat([]byte("Was du sagst, kommt zurück. "), 1000)
	for _, test := range []struct {
		url  string
		args []string
		want []byte
	}{
		{"tcp://127.0.0.1:0", nil, text},
		{"listen:tcp://127.0.0.1:0", nil, text},
		{"tcp://:0", []string{"--upper"}, bytes.ToUpper(text)},
		{"unix://" + filepath.Join(t.TempDir(), "echo.sock"), []string{"--upper"}, bytes.ToUpper(text)},
	} {
		t.Run(test.url, func(t *testing.T) {
			_, url := startEcho(t, test.url, test.args...)
			c := dial(t, url)
			go func() {
				_, _ = c.Write(text)
				_ = c.CloseWrite()
			}()
			// The text is longer than a chunk, and a chunk may end inside a
			// letter that is not ASCII; those are left as they are.
			got, err := io.ReadAll(c)
			if err != nil || !bytes.Equal(bytes.ToUpper(got), bytes.ToUpper(test.want)) || len(got) != len(test.want) {
				t.Errorf("got %d bytes, %v; want %d", len(got), err, len(test.want))
			}
		})
	}
}

func TestEchoWithoutAHostListensOnThisMachineAlone(t *testing.T) {
	t.Parallel()
	_, url := startEcho(t, "tcp://:0")
	if !strings.HasPrefix(url, "tcp://127.0.0.1:") {
		t.Errorf("listening on %s", url)
	}
}

func TestEchoEndsItsConnectionsInOrderAtASignal(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		t.Run(sig.String(), func(t *testing.T) {
			t.Parallel()
			echo, url := startEcho(t, "tcp://127.0.0.1:0")
			c := dial(t, url)
			if _, err := io.WriteString(c, "hello"); err != nil {
				t.Fatal(err)
			}
			if _, err := io.ReadFull(c, make([]byte, 5)); err != nil {
				t.Fatal(err)
			}
			echo.signal(sig)
			if rest, err := io.ReadAll(c); err != nil || len(rest) > 0 {
				t.Errorf("the client got %q, %v; want an end", rest, err)
			}
			_ = c.Close()
			if code := echo.wait(); code != 0 {
				t.Errorf("exit %d: %s", code, echo.log)
			}
		})
	}
}

func TestEchoEndsAtOnceAtASecondSignal(t *testing.T) {
	t.Parallel()
	echo, url := startEcho(t, "tcp://127.0.0.1:0", "--grace", "1h")
	c := dial(t, url)
	if _, err := io.WriteString(c, "x"); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(c, make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	echo.signal(syscall.SIGTERM)
	if _, err := io.ReadAll(c); err != nil { // the first has arrived; the client keeps its side open
		t.Fatal(err)
	}
	echo.signal(syscall.SIGTERM)
	if code := echo.wait(); code != 128+int(syscall.SIGTERM) {
		t.Errorf("exit %d: %s", code, echo.log)
	}
}

func TestEchoGoesOnAfterAReset(t *testing.T) {
	t.Parallel()
	_, url := startEcho(t, "tcp://127.0.0.1:0", "--beat", "1ms")
	for range 20 {
		c := dial(t, url)
		if _, err := c.Write(make([]byte, 1<<20)); err != nil {
			t.Fatal(err)
		}
		if err := duplex.Abort(c, nil); err != nil {
			t.Fatal(err)
		}
	}
	c := dial(t, url)
	if _, err := io.ReadFull(c, make([]byte, len("server beat"))); err != nil {
		t.Errorf("after the resets: %v", err)
	}
}

func TestEchoClosesWhatIsTooMuch(t *testing.T) {
	t.Parallel()
	for _, flag := range []string{"--max-conns", "--max-per-host"} {
		echo, url := startEcho(t, "tcp://127.0.0.1:0", flag, "1", "--beat", "1ms", "--beat-text", "!")
		first := dial(t, url)
		if _, err := io.ReadFull(first, make([]byte, 1)); err != nil {
			t.Fatal(err)
		}
		second := dial(t, url)
		if got, err := io.ReadAll(second); err != nil || len(got) > 0 {
			t.Errorf("%s: the second connection got %q, %v; want an end", flag, got, err)
		}
		if line := echo.log.line("duplex: connection from "); !strings.Contains(line, "too many connections already") {
			t.Errorf("%s: echo said %q", flag, line)
		}
	}
}

func TestEchoCutsWhoIsSilent(t *testing.T) {
	t.Parallel()
	for flag, says := range map[string]string{"--first-byte": "no first byte within 50ms", "--idle": "nothing moved for 50ms"} {
		echo, url := startEcho(t, "tcp://127.0.0.1:0", flag, "50ms")
		if got, err := io.ReadAll(dial(t, url)); err == nil || len(got) > 0 {
			t.Errorf("%s: the silent connection got %q and no error", flag, got)
		}
		if line := echo.log.line("duplex: connection from "); !strings.Contains(line, says) {
			t.Errorf("%s: echo said %q", flag, line)
		}
	}
}

func TestShellToolsAreClientsOfEcho(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		program string
		args    func(port string) []string
	}{
		{"nc", func(port string) []string { return []string{"-N", "127.0.0.1", port} }},
		{"curl", func(port string) []string { return []string{"-sN", "telnet://127.0.0.1:" + port} }},
		{"socat", func(port string) []string { return []string{"-", "TCP:127.0.0.1:" + port} }},
	} {
		t.Run(test.program, func(t *testing.T) {
			tool := peer(t, test.program)
			_, url := startEcho(t, "tcp://127.0.0.1:0", "--upper")
			in, feed := pipe(t)
			client := start(t, in, tool, test.args(port(url))...)
			if _, err := io.WriteString(feed, "through a shell tool\n"); err != nil {
				t.Fatal(err)
			}
			if client.stdout.line("THROUGH A SHELL TOOL") == "" {
				t.Errorf("got %q, %s", client.stdout, client.log)
			}
			_ = feed.Close()
			_ = in.Close()
			if test.program != "curl" { // which keeps a telnet connection open
				if code := client.wait(); code != 0 {
					t.Errorf("exit %d: %s", code, client.log)
				}
			}
		})
	}
}

func TestConnectCarriesHalfCloseAndALateReply(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	served := make(chan error, 1)
	go func() {
		served <- func() error {
			c, err := l.Accept()
			if err != nil {
				return err
			}
			defer c.Close()
			// Answers only after the client's end.
			all, err := io.ReadAll(c)
			if err == nil {
				_, err = fmt.Fprintf(c, "%d bytes", len(all))
			}
			return err
		}()
	}()
	file := filepath.Join(t.TempDir(), "in")
	if err := os.WriteFile(file, make([]byte, 3<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	in, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	client := start(t, in, duplexBin, "connect", "tcp://"+l.Addr().String())
	if code := client.wait(); code != 0 || client.stdout.String() != "3145728 bytes" {
		t.Errorf("exit %d, got %q; %s", code, client.stdout, client.log)
	}
	if err := <-served; err != nil {
		t.Error(err)
	}
}

func TestConnectFailsWhenItsPeerIsCut(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	in, _ := pipe(t)
	client := start(t, in, duplexBin, "connect", "tcp://"+l.Addr().String())
	c, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(c, "half of it"); err != nil {
		t.Fatal(err)
	}
	client.stdout.await(func(text string) bool { return text == "half of it" })
	if err := duplex.Abort(c.(*net.TCPConn), nil); err != nil {
		t.Fatal(err)
	}
	if code := client.wait(); code != 1 || !strings.Contains(client.log.String(), "connection reset by peer") {
		t.Errorf("exit %d: %s", code, client.log)
	}
}

func TestBadInputIsOneLineAndItsExitCode(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() }) // after the subtests, which run later
	used := "tcp://" + l.Addr().String()
	dir := t.TempDir()
	for _, test := range []struct {
		args string
		code int
		want []string // all of these in the line
	}{
		{"echo nosuch://x", 2, []string{"nosuch://x", `unknown scheme "nosuch"`, "tcp://host:port"}},
		{"echo localhost", 2, []string{"localhost", "no scheme"}},
		{"echo tcp://127.0.0.1:99999", 2, []string{"tcp://127.0.0.1:99999", "not between 0 and 65535"}},
		{"echo tcp://127.0.0.1:http", 2, []string{"tcp://127.0.0.1:http", "invalid port"}},
		{"echo tcp://127.0.0.1", 2, []string{"tcp://127.0.0.1", "no port"}},
		{"echo tcp://127.0.0.1:0?x=1", 2, []string{`unknown option "x"`}},
		{"echo " + used, 1, []string{used, "address already in use"}},
		{"echo unix://" + dir + "/no/dir", 1, []string{"unix://" + dir + "/no/dir", "no such file"}},
		{"echo unix://host/path", 2, []string{"three slashes"}},
		{"echo tcp://127.0.0.1:0 --beat=-1s", 2, []string{"--beat"}},
		{"echo tcp://127.0.0.1:0 --beat soon", 2, []string{"--beat"}},
		{"echo", 2, []string{"<url>"}},
		{"connect tcp://127.0.0.1:1", 1, []string{"tcp://127.0.0.1:1", "connection refused"}},
		{"connect tcp://nosuch.invalid:1", 1, []string{"tcp://nosuch.invalid:1", "no such host"}},
		{"connect unix://" + dir + "/none", 1, []string{"unix://" + dir + "/none", "no such file"}},
		{"demo tetris", 2, []string{"tetris"}},
		{"nosuch", 2, []string{"nosuch"}},
		{"", 2, []string{"duplex"}},
	} {
		t.Run(test.args, func(t *testing.T) {
			t.Parallel()
			p := start(t, nil, duplexBin, strings.Fields(test.args)...)
			code := p.wait()
			line := p.log.String()
			if code != test.code {
				t.Errorf("exit %d, want %d: %s", code, test.code, line)
			}
			if strings.Count(line, "\n") != 1 || !strings.HasPrefix(line, "duplex: ") {
				t.Errorf("want one line, got %q", line)
			}
			for _, want := range test.want {
				if !strings.Contains(line, want) {
					t.Errorf("%q does not say %q", line, want)
				}
			}
			if got := p.stdout.String(); got != "" {
				t.Errorf("standard output: %q", got)
			}
		})
	}
}
