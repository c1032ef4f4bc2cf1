package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/duplex-go/duplex/endpoint"
	"github.com/duplex-go/duplex/inspect"
)

// planted begins every secret of these tests.
const planted = "s3cr3t"

// untold fails the test if a text has a planted secret in it.
func untold(t *testing.T, where, text string) {
	t.Helper()
	if i := strings.Index(text, planted); i >= 0 {
		t.Errorf("%s: %s", where, text[max(0, i-120):min(len(text), i+60)])
	}
}

// lookedAt checks all that an inspector has to say, and what top makes of it.
func lookedAt(t *testing.T, u *url.URL) {
	t.Helper()
	token := u.Query().Get("token")
	for _, path := range []string{"/", "/streams?limit=100", "/streams?limit=100&state=closed", "/streams?id=1", "/metrics"} {
		code, text := look(t, u, path, token)
		if code != http.StatusOK {
			t.Errorf("%s: %d", path, code)
		}
		untold(t, path, text)
	}
	r, err := http.NewRequest(http.MethodGet, "http://"+u.Host+"/events?id=1", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	response, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	for lines := bufio.NewScanner(response.Body); lines.Scan() && lines.Text() != ""; {
		untold(t, "/events", lines.Text())
	}
	for _, state := range []inspect.State{"", inspect.Closed} {
		var table bytes.Buffer
		c := topCmd{URL: u.String(), Rows: 100, Once: true, State: state}
		if err := c.Run(&session{t.Context(), &table, io.Discard}); err != nil {
			t.Error(err)
		}
		untold(t, "duplex top", table.String())
	}
}

// crashed ends a command with a dump of all that it does, and checks that and all
// else that it has said.
func crashed(t *testing.T, p *process) {
	t.Helper()
	p.signal(syscall.SIGQUIT)
	p.wait()
	if !strings.Contains(p.log.String(), "SIGQUIT") {
		t.Errorf("no dump: %s", p.log)
	}
	untold(t, "standard error", p.log.String())
	untold(t, "standard output", p.stdout.String())
}

// Twenty secrets in every place of an endpoint that can hold one, where it is
// joined and flows, where it cannot be reached, and where it is wrong: none is in
// what the command logs, in what its inspector and top show, or in its dump (R62).
func TestR62_TwentySecretsOfEndpointsAreNotTold(t *testing.T) {
	t.Setenv("DUPLEX_HUB_PASSWORD", planted+"-hub")
	_, hubURL := startHub(t, "--user=ann")
	nats := func(user string) string { return strings.Replace(hubURL, "//", "//"+user+"@", 1) }
	wsServer := start(t, nil, duplexBin, "join", "listen:ws://127.0.0.1:0,fork", "exec:cat")
	ws := strings.TrimPrefix(wsServer.log.line("listening on "), "listening on ")
	natsServer := start(t, nil, duplexBin, "join", "listen:"+nats("ann:"+planted+"-hub")+"/s,fork", "exec:cat", "--json")
	natsServer.log.await(func(text string) bool { return strings.Contains(text, "listening") })
	const nowhere = "127.0.0.1:1"

	for i, form := range []struct {
		endpoint string
		flows    bool // and it is joined; else it cannot be
	}{
		// The user information of every kind that has it.
		{nats("ann:"+planted+"-hub") + "/s", true},
		{nats("ann:"+planted+"-wrong") + "/s", false},
		{nats(planted+"-token") + "/s", false},
		{nats("ann:"+planted+"%40%2F") + "/s", false},
		{"nats://ann:" + planted + "@" + nowhere + "/s", false},
		// A header, whatever its name is.
		{ws + ",header=Authorization: Bearer " + planted, true},
		{ws + ",header=Authorization: Basic " + planted, true},
		{ws + ",header=Cookie: a=" + planted + "; b=" + planted, true},
		{ws + ",header=X-Api-Key: " + planted, true},
		{ws + ",header=X-Custom: " + planted + " " + planted, true},
		{ws + "?header=X-Custom:%20" + planted + ",b&ping=1s", true},
		{"ws://" + nowhere + "/x,header=Token: " + planted, false},
		// A parameter of the path.
		{ws + "%3Ftoken=" + planted + "&a=b", true},
		{"ws://" + nowhere + "/x%3Faccess_token%3D" + planted, false},
		{"wss://" + nowhere + "/x%3FX-Amz-Signature=" + planted, false},
		// What a program is given.
		{"exec:cat,env=PGPASSWORD=" + planted, true},
		{"exec:cat,env=GITHUB_PAT=" + planted, true},
		{"exec:sh -c 'exec cat' --password " + planted, true},
		{`exec:sh -c 'exec cat' --api-key="` + planted + ` ` + planted + `"`, true},
		{"exec:sh -c 'exec cat' -u me:" + planted, true},
		{"pty:cat,raw,env=TOKEN=" + planted, true},
		// Files that are not there.
		{nats("ann:"+planted) + "/s,creds=" + planted + ".creds", false},
		{nats("ann:"+planted) + "/s,nkey=" + planted, false},
	} {
		t.Run(strings.ReplaceAll(form.endpoint, "/", "_"), func(t *testing.T) {
			t.Parallel()
			args := []string{"join", "listen:tcp://127.0.0.1:0,fork", form.endpoint, "--inspect", ":0", "--json", "--verbose"}
			join := start(t, nil, duplexBin, args[:len(args)-i%3]...)
			u := inspected(t, join)
			conn, err := net.Dial("tcp", strings.TrimPrefix(joinsOn(t, join), "tcp://"))
			if err == nil {
				defer conn.Close()
			} else if form.flows || !errors.Is(err, syscall.ECONNRESET) { // as it is if it is over that soon
				t.Fatal(err)
			}
			if form.flows {
				if _, err := io.WriteString(conn, "x"); err != nil {
					t.Fatal(err)
				}
				if _, err := io.ReadFull(conn, make([]byte, 1)); err != nil {
					t.Fatalf("it does not flow: %v: %s", err, join.log)
				}
			} else {
				join.log.await(func(text string) bool {
					return strings.Contains(text, `"level":"ERROR"`) || strings.Contains(text, "duplex: ")
				})
			}
			lookedAt(t, u)
			if form.flows && !strings.HasPrefix(form.endpoint, "pty:") { // which cannot half-close when it is raw
				_ = conn.(*net.TCPConn).CloseWrite()
				_, _ = io.ReadAll(conn)
				lookedAt(t, u)
			}
			crashed(t, join)
			p := start(t, nil, duplexBin, "explain", form.endpoint, "-")
			p.wait()
			untold(t, "explain", p.stdout.String()+p.log.String())
		})
	}
	t.Cleanup(func() {
		for _, p := range []*process{natsServer, wsServer} {
			crashed(t, p)
		}
	})
}

// listened finds where a join listens, in lines of either kind.
var listened = regexp.MustCompile(`listening.*(tcp://127\.0\.0\.1:\d+)`)

// joinsOn waits for that.
func joinsOn(t *testing.T, p *process) string {
	t.Helper()
	p.log.await(listened.MatchString)
	found := listened.FindStringSubmatch(p.log.String())
	if found == nil {
		t.Fatalf("it does not listen: %s", p.log)
	}
	return found[1]
}

// A secret on a command line that is wrong in some way is not told by the error,
// whatever command it is (R62).
func TestR62_WrongCommandLinesAreNotTold(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{
		{"join", "-", "tcp://h:1", "nats://u:" + planted + "@h/x"},
		{"join", "-", "nats://u:a," + planted + "@h/x"},
		{"join", "-", "nats://u:" + planted + "/" + planted + "@h/x"},
		{"join", "-", "ws://u:" + planted + "/" + planted + "@127.0.0.1:1/x"},
		{"join", "-", "ws://u:a?" + planted + "@127.0.0.1:1/x"},
		{"join", "-", "tcp://u:" + planted + "@h:x,token=" + planted},
		{"join", "-", "ws://127.0.0.1:1,header=Authorization Bearer " + planted},
		{"join", "-", "ws://127.0.0.1:1,header=" + planted},
		{"join", "-", "tcp://127.0.0.1:1", "--through", "token=" + planted},
		{"join", "-", "tcp://127.0.0.1:1", "--password=" + planted},
		{"connect", "wss://u:" + planted + "@127.0.0.1:1"},
		{"connect", "quic://u:" + planted + "@127.0.0.1:1"},
		{"connect", "tls://u:" + planted + "@127.0.0.1:1"},
		{"connect", "exec:false,env=A=" + planted},
		{"connect", "exec:false --token " + planted},
		{"connect", "tcp://127.0.0.1:1", "--inspect", "http://u:" + planted + "@h"},
		{"echo", "tcp://u:" + planted + "@127.0.0.1:0"},
		{"echo", "listen:ws://u:" + planted + "@127.0.0.1:0", "--json"},
		{"hub", "nats://u:" + planted + "@h"},
		{"hub", "u:" + planted + "@h:4222"},
		{"hub", "--route", "nats://u:" + planted + "@h:1"},
		{"hub", "--route=u:" + planted + "@h:1:2"},
		{"top", "http://127.0.0.1:1/?token=" + planted, "--once"},
		{"top", "http://u:" + planted + "@127.0.0.1:1/"},
		{"replay", "/dev/null", "nats://u:" + planted + "@h/x"},
		{"explain", "-", "nats://u:" + planted + "@h/x"},
	} {
		p := start(t, nil, duplexBin, args...)
		p.wait()
		untold(t, strings.Join(args[:1], " "), p.log.String()+p.stdout.String())
	}
}

// dies is the environment variable that makes the test binary panic with what
// went wrong with the endpoint that it holds.
const dies = "DUPLEX_TEST_DIES"

func init() {
	text := os.Getenv(dies)
	if text == "" {
		return
	}
	spec, err := endpoint.Parse(text)
	if err == nil {
		_, err = spec.Dial(context.Background())
	}
	panic(fmt.Errorf("%w: %v %+v %#v", err, spec, spec, spec))
}

// The text of a panic has no secret either (R62).
func TestR62_APanicTellsNoSecret(t *testing.T) {
	t.Parallel()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{
		"nats://ann:" + planted + "@127.0.0.1:1/s", "ws://127.0.0.1:1/x,header=X-Custom: " + planted,
		"tcp://u:" + planted + "@h", "exec:/nonexistent --token " + planted + ",env=A=" + planted,
	} {
		cmd := exec.Command(path)
		cmd.Env = append(os.Environ(), dies+"="+text)
		out, err := cmd.CombinedOutput()
		var exit *exec.ExitError
		if !errors.As(err, &exit) || !bytes.Contains(out, []byte("panic: ")) {
			t.Fatalf("%v: %s", err, out)
		}
		untold(t, "the panic", string(out))
	}
}
