package proxy_test

import (
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/endpoint"
)

// haproxy returns the path of HAProxy.
func haproxy(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"haproxy", "/usr/sbin/haproxy"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	if os.Getenv("CI") != "" {
		t.Fatal("haproxy is not installed")
	}
	t.Skip("haproxy is not installed")
	return ""
}

// TestHAProxyTellsUsItsClientAndBelievesOurs sends connections through HAProxy:
// plain ones, of which it tells us with either version, and some that have a
// header of ours already.
func TestHAProxyTellsUsItsClientAndBelievesOurs(t *testing.T) {
	program := haproxy(t)
	l, err := endpoint.Listen(t.Context(), "tcp://127.0.0.1:0,proxy")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	config := "global\n maxconn 100\ndefaults\n mode tcp\n timeout connect 10s\n timeout client 60s\n timeout server 60s\n"
	var files []*os.File
	var ports []string
	for i, port := range []struct{ accept, send string }{
		{"", "send-proxy"}, {"", "send-proxy-v2"}, {"accept-proxy", "send-proxy"}, {"accept-proxy", "send-proxy-v2"},
	} {
		pl, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		f, err := pl.(*net.TCPListener).File()
		if err != nil {
			t.Fatal(err)
		}
		ports = append(ports, "tcp://"+pl.Addr().String())
		files = append(files, f)
		_ = pl.Close()
		config += fmt.Sprintf("listen l%d\n bind fd@%d %s\n server s %s %s\n", i, 3+i, port.accept, l.Addr(), port.send)
	}
	file := filepath.Join(t.TempDir(), "haproxy.cfg")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, "-db", "-q", "-f", file)
	cmd.ExtraFiles = files
	var said strings.Builder
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		_ = f.Close()
	}
	defer func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if t.Failed() {
			t.Log(said.String())
		}
	}()

	who := named{nil, net.TCPAddrFromAddrPort(client), net.TCPAddrFromAddrPort(server)}
	for _, test := range []struct{ url, want string }{
		{ports[0], ""},
		{ports[1], ""},
		{ports[2] + ",proxy=1", client.String()},
		{ports[2] + ",proxy=2", client.String()},
		{ports[3] + ",proxy=1", client.String()},
		{ports[3] + ",proxy=2", client.String()},
	} {
		s, err := endpoint.Dial(endpoint.WithClient(t.Context(), who), test.url)
		if err != nil {
			t.Fatal(err)
		}
		want := test.want
		if want == "" {
			want = s.(net.Conn).LocalAddr().String()
		}
		c, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		accepted, err := endpoint.Ready(t.Context(), duplex.FromConn(c))
		if err != nil {
			t.Fatal(err)
		}
		if got := accepted.(net.Conn).RemoteAddr().String(); got != want {
			t.Errorf("%s: the client is %s, want %s", test.url, got, want)
		}
		text := strings.Repeat("through the proxy ", 10_000)
		go func() {
			_, _ = io.WriteString(s, text)
			_ = s.CloseWrite()
		}()
		echoed := make(chan error, 1)
		go func() { echoed <- duplex.Pipeline(t.Context(), duplex.From(accepted), duplex.To(accepted)) }()
		got, err := io.ReadAll(s)
		if err != nil || string(got) != text {
			t.Errorf("%s: %d bytes came back, %v", test.url, len(got), err)
		}
		if err := <-echoed; err != nil {
			t.Error(err)
		}
		_ = accepted.Close()
		_ = s.Close()
	}
}
