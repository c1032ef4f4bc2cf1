package endpoint_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/endpoint"
)

func TestAnEndpointIsListenedOnAndDialled(t *testing.T) {
	for _, listen := range []string{
		"tcp://127.0.0.1:0",
		"tcp://localhost:0",
		"tcp://:0",
		"listen:tcp://127.0.0.1:0",
		"unix://" + filepath.Join(t.TempDir(), "a socket"),
	} {
		t.Run(listen, func(t *testing.T) {
			ctx := t.Context()
			l, err := endpoint.Listen(ctx, listen)
			if err != nil {
				t.Fatal(err)
			}
			served := make(chan error, 1)
			go func() {
				c, err := l.Accept()
				if err == nil {
					s := c.(duplex.Stream)
					err = duplex.Pipeline(ctx, duplex.From(s), duplex.To(s))
					_ = s.Close()
				}
				served <- err
			}()
			s, err := endpoint.Dial(ctx, endpoint.URL(l))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := io.WriteString(s, "there and back"); err != nil {
				t.Fatal(err)
			}
			if err := s.CloseWrite(); err != nil {
				t.Fatal(err)
			}
			if got, err := io.ReadAll(s); err != nil || string(got) != "there and back" {
				t.Errorf("got %q, %v", got, err)
			}
			if err := errors.Join(<-served, s.Close(), l.Close()); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestErrorsNameTheURLAndTheCause(t *testing.T) {
	missing := "unix://" + filepath.Join(t.TempDir(), "missing")
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := "tcp://" + free.Addr().String()
	_ = free.Close()
	for _, test := range []struct {
		url  string
		is   error
		text string
	}{
		{closed, syscall.ECONNREFUSED, "dial " + closed + ": connection refused"},
		{missing, syscall.ENOENT, "dial " + missing + ": no such file or directory"},
		{"tcp://127.0.0.1:66000", endpoint.ErrUsage, "port 66000 is not between 0 and 65535"},
		{"tcp://127.0.0.1", endpoint.ErrUsage, "no port"},
		{"tcp://user@127.0.0.1:1", endpoint.ErrUsage, "and nothing else"},
		{"tcp://127.0.0.1:1/path", endpoint.ErrUsage, "and nothing else"},
		{"tcp://127.0.0.1:1?nodely=0", endpoint.ErrUsage, `unknown option "nodely"; tcp knows bind`},
		{"tcp://127.0.0.1:1?nodelay=0", endpoint.ErrUsage, `option nodelay: "0" is not true or false`},
		{"tcp://127.0.0.1:1,timeout=1s,timeout=2s", endpoint.ErrUsage, "option timeout stands there twice"},
		{"tcp://127.0.0.1:1,range=127.0.0.1", endpoint.ErrUsage, "option range is for listening"},
		{"unix://host/path", endpoint.ErrUsage, "three slashes"},
		{"unix:", endpoint.ErrUsage, "no path"},
		{"gopher://x", endpoint.ErrUsage, `unknown scheme "gopher"; known are exec:program argument..., fd:N, file:path, pipe:path, -, tcp://host:port, tls://host:port, unix:///path`},
		{"just words", endpoint.ErrUsage, "no scheme"},
		{"", endpoint.ErrUsage, "no scheme"},
		{"tcp://[::1", endpoint.ErrUsage, "missing ']'"},
	} {
		_, err := endpoint.Dial(t.Context(), test.url)
		var e *endpoint.Error
		if !errors.Is(err, test.is) || !errors.As(err, &e) || e.URL != test.url || !strings.Contains(err.Error(), test.text) {
			t.Errorf("Dial(%q): %v; want %v, with %q", test.url, err, test.is, test.text)
		}
	}
}

func TestListenOnAUsedAddressSaysSo(t *testing.T) {
	l, err := endpoint.Listen(t.Context(), "tcp://127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if _, err := endpoint.Listen(t.Context(), endpoint.URL(l)); !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("second listen: %v", err)
	}
}

func TestDialStopsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("enough"))
	if _, err := endpoint.Dial(ctx, "tcp://127.0.0.1:1"); err == nil {
		t.Error("a cancelled dial succeeded")
	}
}

func ExampleDial() {
	ctx := context.Background()
	l, err := endpoint.Listen(ctx, "tcp://127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	server := duplex.Server{Handler: duplex.Handler{
		Data: func(c *duplex.Conn, p []byte) { _, _ = c.Write(p) },
	}}
	go server.Serve(l)
	defer server.Close()

	s, err := endpoint.Dial(ctx, endpoint.URL(l))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close()
	_, _ = io.WriteString(s, "hello")
	_ = s.CloseWrite()
	reply, err := io.ReadAll(s)
	fmt.Println(string(reply), err)
	// Output: hello <nil>
}

func ExampleRegister() {
	// A scheme whose streams send back what is written to them.
	endpoint.Register(endpoint.Scheme{
		Name: "mirror",
		Form: "mirror:",
		Dial: func(context.Context, *endpoint.Spec) (duplex.Stream, error) {
			return duplex.Transform{}.Stream(), nil
		},
	})
	s, err := endpoint.Dial(context.Background(), "mirror:")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close()
	_, _ = io.WriteString(s, "who is the fairest")
	_ = s.CloseWrite()
	answer, _ := io.ReadAll(s)
	fmt.Printf("%s\n", answer)
	// Output: who is the fairest
}
