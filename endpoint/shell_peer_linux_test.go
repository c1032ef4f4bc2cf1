package endpoint_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os/exec"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/endpoint"
)

// shellPeer is a program that carries its standard input and output over a
// connection, and what becomes of the two ends there.
type shellPeer struct {
	kind, role string // tcp or tls; of the program
	command    string // with what it is given in braces
	passes     string // what the end of its input is for us: an end, a cut, a close or nothing
	then       string // what it does after our end: it answers, or quits
	aborted    string // what it does when we abort: it fails, or ends; socat over TCP waits as after an end: see R13
}

var shellPeers = []shellPeer{
	{"tcp", "client", "nc -N {host} {port}", "end", "answers", "ends"},
	{"tcp", "server", "nc -N -l {host} {port}", "end", "quits", "ends"},
	{"tcp", "client", "ncat {host} {port}", "end", "answers", "fails"},
	{"tcp", "server", "ncat -l {host} {port}", "end", "quits", "fails"},
	{"tcp", "client", "ncat --send-only {host} {port}", "close", "", ""},
	{"tcp", "client", "ncat --no-shutdown {host} {port}", "nothing", "answers", ""},
	{"tcp", "client", "socat -t 60 - TCP:{host}:{port}", "end", "answers", ""},
	{"tcp", "server", "socat -t 60 - TCP-LISTEN:{port},bind={host}", "end", "answers", ""},
	// ncat shuts TCP down in place of an end of TLS, so that we cannot tell its
	// end from a cut.
	{"tls", "client", "ncat -4 --ssl --ssl-verify --ssl-trustfile {ca} localhost {port}", "cut", "answers", "fails"},
	{"tls", "server", "ncat --ssl --ssl-cert {cert} --ssl-key {key} -l {host} {port}", "cut", "quits", "fails"},
	{"tls", "client", "socat -t 60 - OPENSSL:localhost:{port},pf=ip4,cafile={ca}", "end", "answers", "fails"},
	{"tls", "server", "socat -t 60 - OPENSSL-LISTEN:{port},bind={host},verify=0,cert={both}", "end", "answers", "fails"},
	{"tls", "client", "openssl s_client -quiet -verify_return_error -CAfile {ca} -connect {host}:{port}", "nothing", "quits", "fails"},
	{"tls", "client", "openssl s_client -quiet -no_ign_eof -verify_return_error -CAfile {ca} -connect {host}:{port}", "close", "quits", "fails"},
	{"tls", "server", "openssl s_server -quiet -naccept 1 -cert {cert} -key {key} -accept {host}:{port}", "close", "quits", "ends"},
	{"tls", "client", "node testdata/tls.js client half-open {host} {port} {ca}", "end", "answers", "fails"},
	{"tls", "server", "node testdata/tls.js server half-open {host} {port} {ca} {cert} {key}", "end", "answers", "fails"},
	{"tls", "client", "node testdata/tls.js client default {host} {port} {ca}", "end", "quits", "fails"},
	{"tls", "server", "node testdata/tls.js server default {host} {port} {ca} {cert} {key}", "end", "quits", "fails"},
}

// name is the command without what it is given.
func (p shellPeer) name() string {
	program, options, _ := strings.Cut(p.command, " ")
	for _, word := range []string{"s_client", "s_server", "-no_ign_eof", "--send-only", "--no-shutdown", "half-open"} {
		if slices.Contains(strings.Fields(options), word) {
			program += " " + word
		}
	}
	return fmt.Sprintf("%s %s %s", program, p.kind, p.role)
}

// shell is a shellPeer that runs.
type shell struct {
	cmd  *exec.Cmd
	in   io.WriteCloser
	out  io.Reader
	said bytes.Buffer // standard error; read it after exit only
}

// run starts the program, which the test ends if it has not ended by then.
func (p shellPeer) run(t *testing.T, host, port string) *shell {
	t.Helper()
	words := strings.Fields(strings.NewReplacer("{host}", host, "{port}", port, "{ca}", testCA().certFile,
		"{cert}", testServer().certFile, "{key}", testServer().keyFile, "{both}", testServer().inOneFile).Replace(p.command))
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	x := &shell{cmd: exec.CommandContext(ctx, peer(t, words[0]), words[1:]...)}
	x.cmd.Stderr = &x.said
	var err, err2 error
	x.in, err = x.cmd.StdinPipe()
	x.out, err2 = x.cmd.StdoutPipe()
	if err := errors.Join(err, err2, x.cmd.Start()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		_ = x.cmd.Wait()
		if t.Failed() {
			t.Logf("%q says %s", words, x.said.Bytes())
		}
	})
	return x
}

// exit waits for the program to end by itself, and returns what it printed
// since.
func (x *shell) exit() (rest string, err error) {
	b, err := io.ReadAll(x.out)
	return string(b), errors.Join(err, x.cmd.Wait())
}

// servers counts the programs that have listened.
var servers atomic.Uint32

// freeAddr returns a host and a port for a program that cannot say what port it
// was given. A host of its own keeps all others away until it listens.
func freeAddr(t *testing.T) (host, port string) {
	t.Helper()
	n := servers.Add(1)
	l, err := net.Listen("tcp", fmt.Sprintf("127.81.%d.%d:0", n>>8, n&0xff))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	host, port, err = net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return host, port
}

// connect runs the program and connects a stream with it.
func (p shellPeer) connect(t *testing.T) (duplex.Stream, *shell) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute) // it may never come
	defer cancel()
	var s duplex.Stream
	var x *shell
	var err error
	switch p.role {
	case "client":
		options := ""
		if p.kind == "tls" {
			options = serverOptions()
		}
		l, lerr := endpoint.Listen(ctx, p.kind+"://127.0.0.1:0"+options)
		if lerr != nil {
			t.Fatal(lerr)
		}
		_, port, _ := net.SplitHostPort(l.Addr().String())
		x = p.run(t, "127.0.0.1", port)
		s, err = endpoint.Accept(ctx, l)
	case "server":
		host, port := freeAddr(t)
		url := fmt.Sprintf("%s://%s:%s", p.kind, host, port)
		if p.kind == "tls" {
			url += ",servername=localhost" + clientOptions()
		}
		x = p.run(t, host, port)
		s, err = endpoint.Dial(ctx, url)
		for ; errors.Is(err, syscall.ECONNREFUSED) && ctx.Err() == nil; s, err = endpoint.Dial(ctx, url) {
			time.Sleep(time.Millisecond) // until it listens, which few of them say
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s, x
}

// TestR81_ShellPeersEndFirst ends the program's input, and answers after that.
func TestR81_ShellPeersEndFirst(t *testing.T) {
	for _, p := range shellPeers {
		t.Run(p.name(), func(t *testing.T) {
			t.Parallel()
			s, x := p.connect(t)
			_, err := io.WriteString(x.in, "question\n")
			if err := errors.Join(err, x.in.Close()); err != nil {
				t.Fatal(err)
			}
			if p.passes == "nothing" { // we read its end after ours
				got := make([]byte, len("question\n"))
				if _, err := io.ReadFull(s, got); string(got) != "question\n" || err != nil {
					t.Errorf("we read %q, %v", got, err)
				}
			} else {
				wantRead(t, s, "question\n", p.passes == "cut")
			}
			want := ""
			if p.passes != "close" {
				want = "answer\n"
				_, err := io.WriteString(s, want)
				if err := errors.Join(err, s.CloseWrite()); err != nil {
					t.Error(err)
				}
			}
			if p.passes == "nothing" {
				wantRead(t, s, "", false)
			}
			if p.passes == "cut" { // ncat may not see an end of TLS that comes with bytes
				_ = s.Close()
			}
			if got, err := x.exit(); got != want || err != nil {
				t.Errorf("it prints %q, %v", got, err)
			}
		})
	}
}

// TestR81_ShellPeersHearOurEnd ends our side first; the program's input stays
// open.
func TestR81_ShellPeersHearOurEnd(t *testing.T) {
	for _, p := range shellPeers {
		if p.then == "" {
			continue
		}
		t.Run(p.name(), func(t *testing.T) {
			t.Parallel()
			s, x := p.connect(t)
			_, err := io.WriteString(s, "question\n")
			if err := errors.Join(err, s.CloseWrite()); err != nil {
				t.Fatal(err)
			}
			got := make([]byte, len("question\n"))
			if _, err := io.ReadFull(x.out, got); string(got) != "question\n" || err != nil {
				t.Errorf("it prints %q, %v", got, err)
			}
			want := ""
			if p.then == "answers" {
				want = "answer\n"
				if _, err := io.WriteString(x.in, want); err != nil {
					t.Error(err)
				}
				_ = x.in.Close()
			}
			wantRead(t, s, want, p.passes == "cut" && p.then == "answers")
			if err := s.Close(); err != nil {
				t.Error(err)
			}
			if rest, err := x.exit(); rest != "" || err != nil {
				t.Errorf("then it prints %q, %v", rest, err)
			}
		})
	}
}

// TestR81_ShellPeersAndOurAbort shows which programs tell an abort from an end.
func TestR81_ShellPeersAndOurAbort(t *testing.T) {
	for _, p := range shellPeers {
		if p.aborted == "" {
			continue
		}
		t.Run(p.name(), func(t *testing.T) {
			t.Parallel()
			s, x := p.connect(t)
			if _, err := io.WriteString(x.in, "question\n"); err != nil {
				t.Fatal(err)
			}
			if _, err := io.ReadFull(s, make([]byte, len("question\n"))); err != nil {
				t.Fatal(err)
			}
			if err := duplex.Abort(s, nil); err != nil {
				t.Error(err)
			}
			if got, err := x.exit(); got != "" || (err != nil) != (p.aborted == "fails") {
				t.Errorf("it prints %q, %v", got, err)
			}
		})
	}
}

// TestR81_KilledShellPeersAreNoEnd is about TLS: over TCP the kernel of who is
// killed ends the connection in order.
func TestR81_KilledShellPeersAreNoEnd(t *testing.T) {
	for _, p := range shellPeers {
		if p.kind != "tls" {
			continue
		}
		t.Run(p.name(), func(t *testing.T) {
			t.Parallel()
			s, x := p.connect(t)
			if _, err := io.WriteString(x.in, "question\n"); err != nil {
				t.Fatal(err)
			}
			got := make([]byte, len("question\n"))
			if _, err := io.ReadFull(s, got); string(got) != "question\n" || err != nil {
				t.Fatalf("%q, %v", got, err)
			}
			if err := x.cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			if _, err := io.ReadAll(s); !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, syscall.ECONNRESET) {
				t.Errorf("we get %v", err)
			}
		})
	}
}

// wantRead reads to the end, which has to be one in order, or a cut.
func wantRead(t *testing.T, s duplex.Stream, want string, cut bool) {
	t.Helper()
	got, err := io.ReadAll(s)
	if string(got) != want || cut != errors.Is(err, io.ErrUnexpectedEOF) || !cut && err != nil {
		t.Errorf("we read %q, %v", got, err)
	}
}
