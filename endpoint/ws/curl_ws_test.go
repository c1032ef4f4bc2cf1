package ws_test

import (
	"bytes"
	"cmp"
	"errors"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/duplex-go/duplex/endpoint"
	"github.com/duplex-go/duplex/endpoint/internal/endpointtest"
)

// wsCurl returns a command of a curl that knows ws://, which DUPLEX_CURL may name.
func wsCurl(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	path := cmp.Or(os.Getenv("DUPLEX_CURL"), "curl")
	version, err := exec.Command(path, "--version").Output()
	if err != nil || !regexp.MustCompile(`(?m)^Protocols: .*\bws wss\b`).Match(version) {
		if os.Getenv("CI") != "" {
			t.Fatal("a curl that knows ws:// is missing: CI must install it")
		}
		t.Skip("curl does not know ws://, and DUPLEX_CURL names none that does")
	}
	args = append([]string{"--silent", "--show-error", "--no-buffer", "--noproxy", "*", "--max-time", "30"}, args...)
	return exec.CommandContext(t.Context(), path, args...)
}

// TestR81_CurlReadsMessages has curl write what comes, and end with our Close.
func TestR81_CurlReadsMessages(t *testing.T) {
	cert := endpointtest.Certificate(t)
	binary := make([]byte, 1<<20)
	for i := range binary {
		binary[i] = byte(i * 7)
	}
	for _, c := range []struct {
		name, listen string
		args         []string
		payload      []byte
	}{
		{"text", "ws://127.0.0.1:0/x,text", nil, []byte("grüße 🎈")},
		{"binary", "ws://127.0.0.1:0/x", nil, binary},
		{"binary in small messages", "ws://127.0.0.1:0/x,split=1000", nil, binary},
		{"wss", "wss://127.0.0.1:0/x,cert=" + cert, []string{"--cacert", cert}, binary},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel() // each waits a second for the Close frame that curl owes
			l, err := endpoint.Listen(t.Context(), c.listen)
			if err != nil {
				t.Fatal(err)
			}
			cmd := wsCurl(t, append(c.args, endpoint.URL(l))...)
			talked := make(chan error, 1)
			go func() {
				s, err := endpoint.Accept(t.Context(), l)
				if err == nil {
					_, err = s.Write(c.payload)
					err = errors.Join(err, s.Close())
				}
				talked <- err
			}()
			got, err := cmd.Output()
			_ = l.Close()
			// It writes the payload of our Close frame as well: status 1000.
			if want := append(bytes.Clone(c.payload), 0x03, 0xe8); !bytes.Equal(got, want) || err != nil {
				t.Errorf("curl writes %d bytes, %v; want %d", len(got), err, len(want))
			}
			if err := <-talked; err != nil {
				t.Error(err)
			}
		})
	}
}

func TestR81_CurlRefusesACertificate(t *testing.T) {
	l, err := endpoint.Listen(t.Context(), "wss://127.0.0.1:0/x,cert="+endpointtest.Certificate(t))
	if err != nil {
		t.Fatal(err)
	}
	cmd := wsCurl(t, endpoint.URL(l))
	refused := make(chan error, 1)
	go func() {
		s, err := endpoint.Accept(t.Context(), l)
		if err == nil {
			_ = s.Close()
		}
		refused <- err
	}()
	out, err := cmd.CombinedOutput()
	_ = l.Close()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 60 { // the peer's certificate cannot be authenticated
		t.Errorf("curl: %v, %s", err, out)
	}
	if <-refused == nil {
		t.Error("it is a stream")
	}
}

// TestR81_WhatCurlUploadsIsNotTakenForFrames is about curls, 8.14 among them, that
// send an upload as it is behind the handshake: there is no stream of theirs, or
// what comes of it is what they were given, whole.
func TestR81_WhatCurlUploadsIsNotTakenForFrames(t *testing.T) {
	l, err := endpoint.Listen(t.Context(), "ws://127.0.0.1:0/x")
	if err != nil {
		t.Fatal(err)
	}
	cmd := wsCurl(t, "--request", "GET", "--upload-file", "-", endpoint.URL(l))
	const text = "these bytes have no frame"
	cmd.Stdin = strings.NewReader(text)
	talked := make(chan error, 1)
	go func() {
		defer close(talked)
		s, err := endpoint.Accept(t.Context(), l)
		if err != nil {
			talked <- err
			return
		}
		got, err := io.ReadAll(s)
		if err == nil && string(got) != text || err != nil && len(got) > 0 {
			t.Errorf("got %q, %v", got, err)
		}
		_ = s.Close()
	}()
	out, _ := cmd.CombinedOutput()
	_ = l.Close()
	if err := <-talked; err != nil {
		t.Errorf("no stream: %v; curl says %s", err, out)
	}
}
