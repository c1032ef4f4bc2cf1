package endpoint_test

import (
	"bufio"
	"errors"
	"io"
	"net/http"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/endpoint"
)

// opensslServer starts an openssl that sends every line back reversed, and
// returns its URL.
func opensslServer(t *testing.T, version string) (url string, cmd *exec.Cmd) {
	t.Helper()
	cmd = exec.Command(peer(t, "openssl"), "s_server", "-accept", "127.0.0.1:0", "-naccept", "1", "-rev", version,
		"-cert", testServer().certFile, "-key", testServer().keyFile)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if addr, ok := strings.CutPrefix(lines.Text(), "ACCEPT "); ok {
			go func() { _, _ = io.Copy(io.Discard, out) }()
			return "tls://" + addr, cmd
		}
	}
	t.Fatal("openssl s_server accepts nothing")
	return "", nil
}

func TestTLSTalksToOpenSSLServers(t *testing.T) {
	for _, version := range []string{"-tls1_2", "-tls1_3"} {
		url, _ := opensslServer(t, version)
		if _, err := endpoint.Dial(t.Context(), url); err == nil || !strings.Contains(err.Error(), "nobody trusted") {
			t.Errorf("%s, without ca: %v", version, err)
		}
		url, _ = opensslServer(t, version)
		s, err := endpoint.Dial(t.Context(), url+clientOptions())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(s, "drawer\n"); err != nil {
			t.Fatal(err)
		}
		line := make([]byte, 7)
		if _, err := io.ReadFull(s, line); err != nil || string(line) != "reward\n" {
			t.Errorf("%s: %q, %v", version, line, err)
		}
		if err := s.CloseWrite(); err != nil {
			t.Error(err)
		}
		if rest, err := io.ReadAll(s); len(rest) > 0 || err != nil {
			t.Errorf("%s: the end was %q, %v", version, rest, err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestR07_AKilledOpenSSLServerIsNoEnd(t *testing.T) {
	for _, version := range []string{"-tls1_2", "-tls1_3"} {
		url, cmd := opensslServer(t, version)
		s, err := endpoint.Dial(t.Context(), url+clientOptions())
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		if _, err := io.WriteString(s, "level\n"); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(s, make([]byte, 6)); err != nil {
			t.Fatal(err)
		}
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadAll(s); !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("%s: %v", version, err)
		}
	}
}

func TestTLSTalksToOpenSSLClients(t *testing.T) {
	for _, version := range []string{"-tls1_2", "-tls1_3"} {
		for _, killed := range []bool{false, true} {
			l, err := endpoint.Listen(t.Context(), "tls://127.0.0.1:0"+serverOptions())
			if err != nil {
				t.Fatal(err)
			}
			cmd := exec.Command(peer(t, "openssl"), "s_client", "-quiet", "-verify_return_error", version,
				"-CAfile", testCA().certFile, "-connect", l.Addr().String())
			stdin, err := cmd.StdinPipe()
			if err != nil {
				t.Fatal(err)
			}
			var got strings.Builder
			cmd.Stdout = &got
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			s, err := endpoint.Accept(t.Context(), l)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := io.WriteString(stdin, "question\n"); err != nil {
				t.Fatal(err)
			}
			if line, err := bufio.NewReader(s).ReadString('\n'); line != "question\n" || err != nil {
				t.Errorf("%q, %v", line, err)
			}
			if killed {
				_ = cmd.Process.Kill()
				if _, err := io.ReadAll(s); !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, syscall.ECONNRESET) {
					t.Errorf("%s: a killed client: %v", version, err)
				}
				_ = cmd.Wait()
			} else {
				if _, err := io.WriteString(s, "answer\n"); err != nil {
					t.Error(err)
				}
				if err := duplex.Shutdown(t.Context(), s); err != nil {
					t.Errorf("%s: %v", version, err)
				}
				if err := cmd.Wait(); err != nil || got.String() != "answer\n" {
					t.Errorf("%s: the client got %q, %v", version, got.String(), err)
				}
			}
			_ = stdin.Close()
			_ = s.Close()
		}
	}
}

func TestCurlReadsFromTLS(t *testing.T) {
	curl := peer(t, "curl")
	l, err := endpoint.Listen(t.Context(), "tls://127.0.0.1:0,alpn=http/1.1"+serverOptions())
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		_, _ = w.Write(body)
	})}
	go func() { _ = server.Serve(l) }()
	defer server.Close()
	body := strings.Repeat("curl speaks TLS. ", 10_000)
	cmd := exec.Command(curl, "-sS", "--cacert", testCA().certFile, "--data-binary", "@-", "https://"+l.Addr().String())
	cmd.Stdin = strings.NewReader(body)
	out, err := cmd.CombinedOutput()
	if err != nil || string(out) != body {
		t.Errorf("curl got %d bytes, %v: %.200s", len(out), err, out)
	}
	cmd = exec.Command(curl, "-sS", "https://"+l.Addr().String())
	if out, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(out), "certificate") {
		t.Errorf("curl without the authority: %v, %s", err, out)
	}
}
