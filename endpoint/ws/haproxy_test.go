package ws_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/endpoint"
	"github.com/duplex-go/duplex/endpoint/internal/endpointtest"
	"github.com/duplex-go/duplex/endpoint/ws"
)

// haproxy runs HAProxy before server, which it speaks HTTP with, until the test
// ends. It returns where it takes TLS.
func haproxy(t *testing.T, server net.Addr, cert string) (addr string) {
	t.Helper()
	program := ""
	for _, name := range []string{"haproxy", "/usr/sbin/haproxy"} {
		if path, err := exec.LookPath(name); err == nil {
			program = path
			break
		}
	}
	if program == "" {
		if os.Getenv("CI") != "" {
			t.Fatal("haproxy is missing: CI must install it")
		}
		t.Skip("haproxy is not installed")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	f, err := l.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	config := filepath.Join(t.TempDir(), "haproxy.cfg")
	text := "global\n maxconn 100\ndefaults\n mode http\n timeout connect 10s\n timeout client 60s\n timeout server 60s\n timeout tunnel 60s\n" +
		fmt.Sprintf("listen l\n bind fd@3 ssl crt %s alpn http/1.1\n server s %s\n", cert, server)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, "-db", "-q", "-f", config)
	cmd.ExtraFiles = []*os.File{f}
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if t.Failed() {
			t.Log(said.String())
		}
	})
	return l.Addr().String()
}

// TestR81_HAProxyPassesStreamsOn has HAProxy, as a reverse proxy that ends TLS,
// between two of ours.
func TestR81_HAProxyPassesStreamsOn(t *testing.T) {
	cert := endpointtest.Certificate(t)
	l, err := endpoint.Listen(t.Context(), "ws://127.0.0.1:0/x")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	url := "wss://" + haproxy(t, l.Addr(), cert) + "/x,ca=" + cert
	t.Run("two ends at their own times", func(t *testing.T) {
		near, far := endpointtest.ConnectTo(t, l, url)
		x := endpointtest.Exchange{Seed: 1, Sizes: [2]int{1 << 20, 1 << 20}, Ends: [2]string{"end", "end"}}
		if !x.Run(t, near, far) {
			t.Error("not all has come")
		}
	})
	t.Run("an answer after the end of its request", func(t *testing.T) {
		near, far := endpointtest.ConnectTo(t, l, url)
		defer near.Close()
		defer far.Close()
		_, err := io.WriteString(near, "request")
		if err := errors.Join(err, near.CloseWrite()); err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(far); string(got) != "request" || err != nil {
			t.Errorf("got %q, %v", got, err)
		}
		_, err = io.WriteString(far, "answer")
		if err := errors.Join(err, far.CloseWrite()); err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(near); string(got) != "answer" || err != nil {
			t.Errorf("got %q, %v", got, err)
		}
	})
	t.Run("an abort", func(t *testing.T) {
		near, far := endpointtest.ConnectTo(t, l, url)
		defer far.Close()
		read := make(chan error, 1)
		go func() {
			_, err := io.ReadAll(far)
			read <- err
		}()
		if err := duplex.Abort(near, errors.New("secret")); err != nil {
			t.Error(err)
		}
		var status *ws.CloseError
		if err := <-read; !errors.As(err, &status) || status.Code != 1011 {
			t.Error(err)
		}
	})
}
