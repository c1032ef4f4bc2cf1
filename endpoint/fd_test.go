//go:build unix

package endpoint_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/duplextest"
	"github.com/duplex-go/duplex/endpoint"
)

func init() {
	unixKinds = append(unixKinds, streamKind{"fd", duplextest.Suite{NoAbort: true}, fdPair})

	// Echoes one connection to the socket it has been given, as systemd would.
	actors["activated"] = func() int {
		if os.Getenv("LISTEN_PID") == "own" { // systemd knows the number before it starts us
			os.Setenv("LISTEN_PID", fmt.Sprint(os.Getpid()))
		}
		s, err := endpoint.Parse(os.Args[1])
		if err == nil {
			var c duplex.Stream
			if c, err = s.Open(background); err == nil {
				err = errors.Join(duplex.Pipeline(background, duplex.From(c), duplex.To(c)), c.Close())
			}
		}
		if err != nil {
			fmt.Println(err)
			return 1
		}
		return 0
	}
}

// fdPair takes both ends of a pair of sockets.
func fdPair(t *testing.T) (a, b duplex.Stream) {
	fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	a, err = endpoint.Dial(t.Context(), fmt.Sprint("fd:", fds[0]))
	if err != nil {
		t.Fatal(err)
	}
	b, err = endpoint.Dial(t.Context(), fmt.Sprint("fd:", fds[1]))
	if err != nil {
		t.Fatal(err)
	}
	return a, b
}

func TestASocketFromSystemdIsListenedOn(t *testing.T) {
	for _, network := range []string{"tcp", "unix"} {
		for _, test := range []struct {
			url, pid, fds string
			text          string // of the error
		}{
			{"listen:fd:3", "own", "1", ""},
			{"listen:fd:3", "", "", "LISTEN_PID and LISTEN_FDS are not set"},
			{"listen:fd:3", "1", "1", "passed to another process"},
			{"listen:fd:4", "own", "1", "the last socket that was passed is descriptor 3"},
			{"listen:fd:3", "own", "many", `LISTEN_FDS is "many"`},
			{"listen:fd:0", "own", "1", "descriptors for listening begin with 3"},
			{"fd:3", "own", "1", "the socket 3 listens: write listen:fd:3"},
		} {
			address := "127.0.0.1:0"
			if network == "unix" {
				address = shortDir(t) + "/s"
			}
			l, err := net.Listen(network, address)
			if err != nil {
				t.Fatal(err)
			}
			f, err := l.(interface{ File() (*os.File, error) }).File()
			if err != nil {
				t.Fatal(err)
			}
			cmd := exec.Command(testBinary(), test.url)
			cmd.Env = append(os.Environ(), actor+"=activated", "LISTEN_PID="+test.pid, "LISTEN_FDS="+test.fds)
			cmd.ExtraFiles = []*os.File{f}
			var out strings.Builder
			cmd.Stdout, cmd.Stderr = &out, os.Stderr
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			_ = f.Close()
			if test.text == "" {
				s, err := endpoint.Dial(t.Context(), endpoint.URL(l))
				if err != nil {
					t.Fatal(err)
				}
				_, _ = io.WriteString(s, "activated")
				_ = s.CloseWrite()
				if got, err := io.ReadAll(s); string(got) != "activated" || err != nil {
					t.Errorf("%s: %q, %v", network, got, err)
				}
				_ = s.Close()
			}
			_ = cmd.Wait()
			_ = l.Close()
			if got := out.String(); !strings.Contains(got, test.text) || (got == "") != (test.text == "") {
				t.Errorf("%s, pid %q, fds %q: %q, want %q", test.url, test.pid, test.fds, got, test.text)
			}
		}
	}
}

func TestOnlyAStreamsSocketIsTaken(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	packets, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_DGRAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(packets)
	for url, text := range map[string]string{
		fmt.Sprint("fd:", r.Fd()):  "is no socket",
		fmt.Sprint("fd:", packets): "none for streams",
		"fd:9999":                  "there is no descriptor 9999",
		"fd:":                      `"" is not the number of a descriptor`,
		"fd:x":                     `"x" is not the number`,
	} {
		if _, err := endpoint.Dial(t.Context(), url); err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("%s: %v, want %q", url, err, text)
		}
	}
	if _, err := w.Write([]byte{1}); err != nil {
		t.Errorf("what was not taken was closed: %v", err)
	}
}
