//go:build unix

package endpoint_test

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/endpoint"
)

// TestR53_ASocketIsNeverOpenToMoreThanItsMode looks at the socket all the while
// it is made, under umasks that would leave it open.
func TestR53_ASocketIsNeverOpenToMoreThanItsMode(t *testing.T) {
	dir := shortDir(t)
	path := filepath.Join(dir, "s")
	tries := tenth(10_000)
	for _, test := range []struct {
		umask   int
		options string
		want    fs.FileMode
	}{
		{0, "", 0o600},
		{0o022, "", 0o600},
		{0o077, ",mode=0660", 0o660},
		{0o022, ",mode=0666", 0o666},
		{0, ",mode=0600", 0o600},
	} {
		before := syscall.Umask(test.umask)
		var seen atomic.Int64
		stop, looked := make(chan struct{}), make(chan error, 1)
		go func() {
			for {
				if info, err := os.Lstat(path); err == nil {
					seen.Add(1)
					if wide := info.Mode().Perm() &^ test.want; wide != 0 {
						seen.Store(math.MaxInt32)
						looked <- fmt.Errorf("seen with mode %v", info.Mode())
						return
					}
				}
				select {
				case <-stop:
					looked <- nil
					return
				default:
				}
			}
		}()
		for i := 0; i < tries/5 || seen.Load() < 10; i++ {
			l, err := endpoint.Listen(t.Context(), "unix:"+path+test.options)
			if err != nil {
				t.Fatal(err)
			}
			if info, err := os.Lstat(path); err != nil || info.Mode() != fs.ModeSocket|test.want {
				t.Errorf("umask %#o%s: %v, %v", test.umask, test.options, info.Mode(), err)
			}
			_ = l.Close()
		}
		close(stop)
		syscall.Umask(before)
		if err := <-looked; err != nil {
			t.Errorf("umask %#o%s: %v", test.umask, test.options, err)
		}
	}
}

// staleSocket leaves a socket at path on which nobody listens.
func staleSocket(t *testing.T, path string) {
	t.Helper()
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	l.(*net.UnixListener).SetUnlinkOnClose(false)
	_ = l.Close()
}

func TestR53_OnlyAStaleSocketOfOurOwnIsRemoved(t *testing.T) {
	dir := shortDir(t)
	at := func(name string) string { return filepath.Join(dir, name) }
	staleSocket(t, at("stale"))
	staleSocket(t, at("unasked"))
	staleSocket(t, at("linked"))
	if err := os.Symlink(at("linked"), at("link")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(at("nowhere"), at("dangling")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(at("file"), []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(at("dir"), 0o700); err != nil {
		t.Fatal(err)
	}
	live, err := endpoint.Listen(t.Context(), "unix:"+at("live"))
	if err != nil {
		t.Fatal(err)
	}
	defer live.Close()
	staleSocket(t, at("foreign"))
	foreign := os.Lchown(at("foreign"), 65534, 65534) == nil

	for _, test := range []struct {
		name, options, text string
	}{
		{"stale", ",remove-stale", ""},
		{"nothing", ",remove-stale", ""},
		{"unasked", "", "address already in use"},
		{"live", ",remove-stale", "address already in use: somebody listens on it"},
		{"file", ",remove-stale", "is no socket, and is not removed"},
		{"dir", ",remove-stale", "is no socket, and is not removed"},
		{"link", ",remove-stale", "is no socket, and is not removed"},
		{"dangling", ",remove-stale", "is no socket, and is not removed"},
		{"foreign", ",remove-stale", "is a socket of another user, and is not removed"},
	} {
		if test.name == "foreign" && !foreign {
			continue
		}
		before, _ := os.Lstat(at(test.name))
		l, err := endpoint.Listen(t.Context(), "unix:"+at(test.name)+test.options)
		if err == nil {
			_ = l.Close()
		}
		if (test.text == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), test.text) {
			t.Errorf("%s%s: %v, want %q", test.name, test.options, err, test.text)
		}
		if test.text == "" {
			continue
		}
		if after, err := os.Lstat(at(test.name)); err != nil || !os.SameFile(before, after) {
			t.Errorf("%s is not what it was: %v", test.name, err)
		}
	}
	if _, err := os.Lstat(at("linked")); err != nil {
		t.Errorf("what the link led to: %v", err)
	}
}

func TestAbstractSocketsHaveNoFile(t *testing.T) {
	if runtime.GOOS != "linux" {
		_, err := endpoint.Parse("unix:@name")
		if !errors.Is(err, endpoint.ErrUsage) {
			t.Errorf("abstract: %v", err)
		}
		t.Skip("only Linux has abstract sockets")
	}
	name := fmt.Sprintf("unix:@duplex test, %d", os.Getpid())
	name = strings.ReplaceAll(name, ",", "%2C")
	dialled, accepted := connect(t, name, "")
	defer accepted.Close()
	defer dialled.Close()
	if _, err := io.WriteString(dialled, "hello"); err != nil {
		t.Fatal(err)
	}
	if err := dialled.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(accepted); string(got) != "hello" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
}

func TestNcAndSocatTalkToUnixSockets(t *testing.T) {
	for _, peers := range [][]string{
		{"nc", "-N", "-U", "PATH"},
		{"socat", "-t", "10", "-", "UNIX-CONNECT:PATH"},
	} {
		program := peer(t, peers[0])
		path := filepath.Join(shortDir(t), "s")
		l, err := endpoint.Listen(t.Context(), "unix:"+path)
		if err != nil {
			t.Fatal(err)
		}
		args := strings.Split(strings.ReplaceAll(strings.Join(peers[1:], "\n"), "PATH", path), "\n")
		cmd := exec.Command(program, args...)
		cmd.Stdin = strings.NewReader(strings.Repeat("over a socket ", 10_000))
		var got strings.Builder
		cmd.Stdout = &got
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		s, err := endpoint.Accept(t.Context(), l)
		if err != nil {
			t.Fatal(err)
		}
		err = duplex.Pipeline(t.Context(), duplex.From(s), duplex.To(s)) // an echo, and its end
		if err := errors.Join(err, s.Close(), cmd.Wait()); err != nil || got.Len() != 140_000 {
			t.Errorf("%s got %d bytes back, %v", peers[0], got.Len(), err)
		}
	}
}

func TestUnixSaysWhatIsWrongInALine(t *testing.T) {
	for url, text := range map[string]string{
		"unix:":                            "no path",
		"listen:unix:@x,mode=0600":         "an abstract socket has no permissions",
		"listen:unix:@x,remove-stale":      "gone with its listener",
		"unix:x,mode=0600":                 "option mode is for listening",
		"listen:unix:x,mode=rw":            `"rw" is not permissions in octal`,
		"unix:" + strings.Repeat("x", 120): "the path has 120 bytes",
		"listen:unix:/no/such/dir/s":       "no such file or directory",
	} {
		s, err := endpoint.Parse(url)
		if err == nil {
			var c duplex.Stream
			if c, err = s.Open(t.Context()); err == nil {
				c.Close()
			}
		}
		if err == nil || !strings.Contains(err.Error(), text) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v, want %q", url, err, text)
		}
	}
}
