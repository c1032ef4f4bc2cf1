//go:build unix

package endpoint_test

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/duplextest"
	"github.com/duplex-go/duplex/endpoint"
)

func init() {
	unixKinds = append(unixKinds, streamKind{"pipe", duplextest.Suite{NoAbort: true}, pipePair})
}

// pipePair joins two named pipes crosswise.
func pipePair(t *testing.T) (a, b duplex.Stream) {
	dir := shortDir(t)
	x, y := dir+"/x", dir+"/y"
	dialled := make(chan error, 1)
	go func() {
		var err error
		a, err = endpoint.Dial(t.Context(), "pipe:"+x+",write="+y)
		dialled <- err
	}()
	b, err := endpoint.Dial(t.Context(), "pipe:"+y+",write="+x)
	if err := errors.Join(err, <-dialled); err != nil {
		t.Fatal(err)
	}
	return a, b
}

func TestAPipeIsMadeForItsUserOnly(t *testing.T) {
	before := syscall.Umask(0o027)
	defer syscall.Umask(before)
	for options, mode := range map[string]fs.FileMode{"": 0o600, ",mode=0666": 0o666} {
		path := filepath.Join(t.TempDir(), "p")
		r, w := make(chan duplex.Stream, 1), make(chan duplex.Stream, 1)
		open := func(url string, c chan duplex.Stream) {
			s, err := endpoint.Dial(t.Context(), url)
			if err != nil {
				t.Error(err)
			}
			c <- s
		}
		go open("pipe:"+path+options, r)
		open("pipe:"+path+options+",write", w)
		reader, writer := <-r, <-w
		if reader == nil || writer == nil {
			t.FailNow()
		}
		if info, err := os.Stat(path); err != nil || info.Mode() != fs.ModeNamedPipe|mode {
			t.Errorf("%v, %v", info.Mode(), err)
		}
		if _, err := io.WriteString(writer, "through"); err != nil {
			t.Error(err)
		}
		if _, err := reader.Write([]byte{1}); err == nil || !strings.Contains(err.Error(), "is only read from") {
			t.Errorf("a write to what is read: %v", err)
		}
		if err := writer.CloseWrite(); err != nil {
			t.Error(err)
		}
		if got, err := io.ReadAll(reader); string(got) != "through" || err != nil {
			t.Errorf("%q, %v", got, err)
		}
		if n, err := writer.Read(make([]byte, 1)); n != 0 || err != io.EOF {
			t.Errorf("a read of what is written: %d, %v", n, err)
		}
		if err := errors.Join(reader.Close(), writer.Close()); err != nil {
			t.Error(err)
		}
	}
}

func TestOpeningAPipeStopsWithItsContext(t *testing.T) {
	duplextest.NoLeaks(t)
	path := filepath.Join(t.TempDir(), "p")
	for range tenth(200) {
		for _, url := range []string{"pipe:" + path, "pipe:" + path + ",write", "pipe:" + path + ",write=" + path + "2"} {
			ctx, cancel := context.WithCancelCause(t.Context())
			enough := errors.New("enough")
			opened := make(chan error, 1)
			go func() {
				_, err := endpoint.Dial(ctx, url)
				opened <- err
			}()
			cancel(enough)
			if err := <-opened; !errors.Is(err, enough) {
				t.Fatalf("%s: %v", url, err)
			}
		}
	}
	if _, err := endpoint.Dial(t.Context(), "pipe:"+path+",timeout=1ms"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a timeout: %v", err)
	}
}

func TestTheShellTalksToPipes(t *testing.T) {
	dir := t.TempDir()
	cmd := exec.Command("sh", "-c", "mkfifo in out; exec cat < out > in")
	cmd.Dir = dir
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		if _, err := os.Stat(dir + "/out"); err == nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("no pipes")
		}
	}
	s, err := endpoint.Dial(t.Context(), "pipe:"+dir+"/in,write="+dir+"/out")
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Repeat("to the shell and back ", 20_000)
	sent := make(chan error, 1)
	go func() {
		_, err := io.WriteString(s, text)
		sent <- errors.Join(err, s.CloseWrite())
	}()
	got, err := io.ReadAll(s)
	if err := errors.Join(err, <-sent, s.Close(), cmd.Wait()); err != nil || string(got) != text {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}

func TestPipeSaysWhatIsWrongInALine(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(dir+"/file", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(dir+"/missing/below", dir+"/link"); err != nil {
		t.Fatal(err)
	}
	for url, text := range map[string]string{
		"pipe:":                           "no path",
		"pipe:" + dir:                     "is no named pipe",
		"pipe:" + dir + "/file":           "is no named pipe",
		"pipe:" + dir + "/x,write=":       "option write: no path",
		"pipe:" + dir + "/x,write=" + dir: "is no named pipe",
		"pipe:" + dir + "/missing/p":      "no such file or directory",
		"pipe:" + dir + "/link":           "leads nowhere",
		"listen:pipe:" + dir + "/x":       "pipe cannot be listened on",
		"pipe:" + dir + "/x,append":       `unknown option "append"; pipe knows idle, linger, mode`,
	} {
		s, err := endpoint.Dial(t.Context(), url)
		if err == nil {
			s.Close()
		}
		if err == nil || !strings.Contains(err.Error(), text) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v, want %q", url, err, text)
		}
	}
}
