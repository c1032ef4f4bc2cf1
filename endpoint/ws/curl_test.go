package ws_test

import (
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/duplex-go/duplex/endpoint"
)

// curl returns a command of curl's that asks for a WebSocket by headers, as in
// RFC 6455, section 1.3: few curls know the protocol itself.
func curl(t *testing.T, url string, headers ...string) *exec.Cmd {
	t.Helper()
	path, err := exec.LookPath("curl")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("curl is missing: CI must install it")
		}
		t.Skip("curl is not installed")
	}
	args := []string{"--silent", "--show-error", "--include", "--no-buffer", "--http1.1", "--noproxy", "*", "--max-time", "30"}
	for _, h := range headers {
		args = append(args, "--header", h)
	}
	return exec.CommandContext(t.Context(), path, append(args, strings.Replace(url, "ws://", "http://", 1))...)
}

func TestR81_CurlShakesHandsAndReads(t *testing.T) {
	l, err := endpoint.Listen(t.Context(), "ws://127.0.0.1:0/x")
	if err != nil {
		t.Fatal(err)
	}
	cmd := curl(t, endpoint.URL(l), "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	s, err := endpoint.Accept(t.Context(), l)
	if err != nil {
		t.Fatal(err)
	}
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		_, _ = io.WriteString(s, "Hello")
		_ = s.Close()
	}()
	const frames = "\x82\x05Hello" + "\x88\x02\x03\xe8" // an unmasked message, and status 1000
	var got strings.Builder
	for b := make([]byte, 1); !strings.HasSuffix(got.String(), frames); got.Write(b) {
		if _, err := out.Read(b); err != nil {
			break
		}
	}
	_ = cmd.Process.Kill() // it would not answer the Close frame
	_ = cmd.Wait()
	<-closed
	if head, body, _ := strings.Cut(got.String(), "\r\n\r\n"); !strings.HasPrefix(head, "HTTP/1.1 101 ") ||
		!strings.Contains(strings.ToLower(head), "\nsec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo=") || body != frames {
		t.Errorf("curl got %q", got.String())
	}
}

func TestR81_CurlIsToldWhyNot(t *testing.T) {
	for _, c := range []struct {
		headers []string
		status  string
	}{
		{nil, "426"},
		{[]string{"Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 12", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="}, "400"},
		{[]string{"Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Origin: http://evil.example"}, "403"},
	} {
		l, err := endpoint.Listen(t.Context(), "ws://127.0.0.1:0/x")
		if err != nil {
			t.Fatal(err)
		}
		refused := make(chan error, 1)
		go func() {
			s, err := endpoint.Accept(t.Context(), l)
			if err == nil {
				_ = s.Close()
			}
			refused <- err
		}()
		out, err := curl(t, endpoint.URL(l), c.headers...).Output()
		if !strings.HasPrefix(string(out), "HTTP/1.1 "+c.status+" ") || err != nil {
			t.Errorf("%q: curl got %q, %v", c.headers, out, err)
		}
		if <-refused == nil {
			t.Errorf("%q is a stream", c.headers)
		}
	}
}
