package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/duplex-go/duplex/inspect"
)

// startHub starts "duplex hub" and returns it with its URL.
func startHub(t *testing.T, args ...string) (*process, string) {
	t.Helper()
	p := start(t, nil, duplexBin, append([]string{"hub", "127.0.0.1:0"}, args...)...)
	line := p.log.line("listening on ")
	if line == "" {
		t.Fatalf("the hub ended before it listened: %s", p.log)
	}
	return p, strings.TrimPrefix(line, "listening on ")
}

// throughNATS sends text from one process to another by way of a NATS server.
func throughNATS(t *testing.T, from, to, text string) {
	t.Helper()
	name := filepath.Join(t.TempDir(), "in")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	in, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	echo, _ := startEcho(t, from+"/echo", "--upper")
	client := start(t, in, duplexBin, "connect", to+"/echo,retry=10")
	if code := client.wait(); code != 0 || client.stdout.String() != strings.ToUpper(text) {
		t.Errorf("the client exits with %d and gets %q: %s", code, client.stdout, client.log)
	}
	echo.signal(syscall.SIGTERM)
	if code := echo.wait(); code != 0 {
		t.Errorf("the server exits with %d: %s", code, echo.log)
	}
}

func TestTwoHubsAreOneForWhoeverConnects(t *testing.T) {
	first, a := startHub(t, "--cluster=127.0.0.1:0")
	route := strings.TrimPrefix(first.log.line("other hubs: --route "), "other hubs: --route ")
	second, b := startHub(t, "--route="+route)
	throughNATS(t, a, b, "hello")
	for _, h := range []*process{first, second} {
		h.signal(syscall.SIGINT)
		if code := h.wait(); code != 0 {
			t.Errorf("a hub exits with %d: %s", code, h.log)
		}
	}
}

func TestAHubIsOnlyForThoseWhoLogIn(t *testing.T) {
	t.Setenv("DUPLEX_HUB_PASSWORD", "s3cret")
	_, url := startHub(t, "--user=ann")
	p := start(t, nil, duplexBin, "join", url+"/x", "exec:cat")
	if code := p.wait(); code != 1 || !strings.Contains(p.log.String(), "does not let us in") {
		t.Errorf("without a password: %d, %s", code, p.log)
	}
	secret := strings.Replace(url, "//", "//ann:s3cret@", 1)
	p = start(t, nil, duplexBin, "join", secret+"/x", "exec:cat")
	if code := p.wait(); code != 1 || !strings.Contains(p.log.String(), "nobody listens") || strings.Contains(p.log.String(), "s3cret") {
		t.Errorf("with it: %d, %s", code, p.log)
	}
	throughNATS(t, secret, secret, "hello")
}

// A password that nobody has to give would let in anybody.
func TestAHubsPasswordNeedsAUser(t *testing.T) {
	t.Setenv("DUPLEX_HUB_PASSWORD", "s3cret")
	p := start(t, nil, duplexBin, "hub", "127.0.0.1:0")
	if code := p.wait(); code != 2 || !strings.Contains(p.log.String(), "--user") || strings.Contains(p.log.String(), "s3cret") {
		t.Errorf("%d, %s", code, p.log)
	}
}

func TestWrongHubs(t *testing.T) {
	_, url := startHub(t)
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"nowhere"}, 2, "is not host:port"},
		{[]string{"127.0.0.1:0", "--route=x"}, 2, "is not host:port"},
		{[]string{strings.TrimPrefix(url, "nats://")}, 1, "address already in use"},
	} {
		p := start(t, nil, duplexBin, append([]string{"hub"}, c.args...)...)
		if code := p.wait(); code != c.code || !strings.Contains(p.log.String(), c.want) || strings.Count(p.log.String(), "\n") != 1 {
			t.Errorf("%q: %d, %s", c.args, code, p.log)
		}
	}
}

// TestNATSsOwnServerServesAsWell builds that of the module in go.mod.
func TestNATSsOwnServerServesAsWell(t *testing.T) {
	server := filepath.Join(t.TempDir(), "nats-server")
	if out, err := exec.Command("go", "build", "-o", server, "github.com/nats-io/nats-server/v2").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	p := start(t, nil, server, "--addr", "127.0.0.1", "--port", "-1", "--ports_file_dir", t.TempDir())
	var addr string
	p.log.await(func(text string) bool {
		_, after, _ := strings.Cut(text, "Listening for client connections on ")
		line, _, whole := strings.Cut(after, "\n")
		addr = strings.TrimSpace(line)
		return whole
	})
	throughNATS(t, "nats://"+addr, "nats://"+addr, "hello")
}

func TestAHubShowsItsClients(t *testing.T) {
	t.Parallel()
	h, hubURL := startHub(t, "--inspect=0")
	u := inspected(t, h)
	view := func(ok func(v inspect.View) bool) {
		t.Helper()
		var text string
		for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
			var v inspect.View
			if _, text = look(t, u, "/streams", u.Query().Get("token")); json.Unmarshal([]byte(text), &v) == nil && ok(v) {
				return
			}
		}
		t.Fatalf("it shows %s", text)
	}
	stays, _ := startEcho(t, hubURL+"/stays")
	goes, _ := startEcho(t, hubURL+"/goes")
	in, err := os.Open("hub.go") // something to send
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	c := start(t, in, duplexBin, "connect", hubURL+"/stays,retry=10")
	if code := c.wait(); code != 0 {
		t.Errorf("a client exits with %d: %s", code, c.log)
	}
	view(func(v inspect.View) bool {
		return v.Totals.Live == 2 && v.Totals.Bytes > 0 && v.Totals.States[inspect.Closed] > 0 && // the one that came and went
			slices.ContainsFunc(v.Rows, func(r inspect.Row) bool { return r.A.Addr != "" && r.B.Name == "2 subscriptions" })
	})
	goes.signal(syscall.SIGTERM)
	view(func(v inspect.View) bool { return v.Totals.Live == 1 && v.Totals.States[inspect.Closed] > 1 })
	for _, p := range []*process{stays, h} {
		p.signal(syscall.SIGTERM)
		if code := p.wait(); code != 0 {
			t.Errorf("it exits with %d: %s", code, p.log)
		}
	}
}

// A hub tells of each client in a line when it comes and in one when it is over:
// also of one that comes and goes between two looks, and of those that end with
// the hub.
func TestAHubTellsOfItsClientsInALineEach(t *testing.T) {
	t.Parallel()
	for _, flag := range []string{"-v", "--json"} {
		h := start(t, nil, duplexBin, "hub", "127.0.0.1:0", flag)
		h.log.await(func(text string) bool { return strings.Contains(text, "listening") })
		hubURL := regexp.MustCompile(`nats://127\.0\.0\.1:\d+`).FindString(h.log.String())
		startEcho(t, hubURL+"/stays") // until the hub has ended
		for range 3 {                 // some of them between two looks
			c := start(t, os.Stdin, duplexBin, "connect", hubURL+"/stays,retry=10")
			c.signal(syscall.SIGTERM)
			c.wait()
		}
		opened, ended := "opened 127.0.0.1:", "bytes, ended;"
		if flag == "--json" {
			opened, ended = `"msg":"opened","id":`, `"reason":"ended"},"error":""}`
		}
		h.log.await(func(text string) bool { return strings.Contains(text, opened) })
		h.signal(syscall.SIGTERM)
		if code := h.wait(); code != 0 {
			t.Errorf("it exits with %d: %s", code, h.log)
		}
		lines := strings.Split(strings.TrimSpace(h.log.String()), "\n")
		var begun, over int
		for _, line := range lines {
			if flag == "--json" && !json.Valid([]byte(line)) {
				t.Errorf("not JSON: %s", line)
			}
			if strings.Contains(line, opened) {
				begun++
			}
			if strings.Contains(line, ended) {
				over++
			}
		}
		if begun == 0 || begun != over {
			t.Errorf("%s: %d opened, %d ended: %s", flag, begun, over, h.log)
		}
	}
}
