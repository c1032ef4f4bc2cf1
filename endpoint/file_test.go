package endpoint_test

import (
	"errors"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/endpoint"
)

func TestAFileIsReadOrWrittenAsItsOptionsSay(t *testing.T) {
	for _, test := range []struct {
		name, options string
		before        string // "-" is no file
		write         string
		read, after   string
		err           error
	}{
		{"read", "", "content", "", "content", "content", nil},
		{"an empty one", "", "", "", "", "", nil},
		{"written anew", ",write", "a longer content", "short", "", "short", nil},
		{"made", ",create", "-", "new", "", "new", nil},
		{"made where there is one", ",create", "old and long", "new", "", "new", nil},
		{"appended to", ",append", "old", " and new", "", "old and new", nil},
		{"made and appended to", ",append,create", "-", "new", "", "new", nil},
		{"both at their own places", ",read,write", "content", "CON", "content", "CONtent", nil},
		{"read and appended to", ",read,append", "content", " and more", "content", "content and more", nil},
		{"on disk", ",create,sync", "-", "new", "", "new", nil},
		{"missing", "", "-", "", "", "-", fs.ErrNotExist},
		{"missing, to be written", ",write", "-", "", "", "-", fs.ErrNotExist},
	} {
		t.Run(test.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "a file, with a comma?")
			if test.before != "-" {
				if err := os.WriteFile(path, []byte(test.before), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			escaped := strings.NewReplacer(",", "%2C", "?", "%3F").Replace(path)
			s, err := endpoint.Dial(t.Context(), "file:"+escaped+test.options)
			if test.err != nil {
				if !errors.Is(err, test.err) {
					t.Errorf("%v, want %v", err, test.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			var got []byte
			if test.read != "" {
				got = make([]byte, len(test.read))
				if _, err := io.ReadFull(s, got); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := io.WriteString(s, test.write); err != nil {
				t.Error(err)
			}
			if err := errors.Join(s.CloseWrite(), s.CloseWrite()); err != nil {
				t.Error(err)
			}
			if _, err := io.WriteString(s, "late"); err == nil {
				t.Error("a write after the end succeeded")
			}
			if len(got) == 0 { // what is both read and written may have grown
				if rest, err := io.ReadAll(s); len(rest) > 0 || err != nil {
					t.Errorf("read %q, %v", rest, err)
				}
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
			if _, err := s.Read(make([]byte, 1)); !errors.Is(err, net.ErrClosed) {
				t.Errorf("read after Close: %v", err)
			}
			after, err := os.ReadFile(path)
			if err != nil || string(after) != test.after || string(got) != test.read {
				t.Errorf("read %q, left %q, %v; want %q, %q", got, after, err, test.read, test.after)
			}
		})
	}
}

func TestAFileThatIsOnlyWrittenDoesNotEndItsPeer(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	file, err := endpoint.Dial(t.Context(), "file:"+path+",create,mode=0640")
	if err != nil {
		t.Fatal(err)
	}
	near, far := duplex.Pair()
	joined := make(chan error, 1)
	go func() {
		_, err := duplex.Join(t.Context(), file, far)
		joined <- err
	}()
	if _, err := io.WriteString(near, "all of it"); err != nil {
		t.Fatal(err)
	}
	if err := near.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if rest, err := io.ReadAll(near); len(rest) > 0 || err != nil { // waits for our end to have come through
		t.Errorf("%q, %v", rest, err)
	}
	if err := <-joined; err != nil {
		t.Error(err)
	}
	got, err := os.ReadFile(path)
	if err != nil || string(got) != "all of it" {
		t.Errorf("%q, %v", got, err)
	}
	if info, err := os.Stat(path); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o640 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
}

func TestAnAnswerToAFileThatIsOnlyReadIsAnError(t *testing.T) {
	path := filepath.Join(t.TempDir(), "question")
	if err := os.WriteFile(path, []byte("what?"), 0o600); err != nil {
		t.Fatal(err)
	}
	file, err := endpoint.Dial(t.Context(), "file:"+path)
	if err != nil {
		t.Fatal(err)
	}
	near, far := duplex.Pair()
	if _, err := io.WriteString(near, "that"); err != nil {
		t.Fatal(err)
	}
	if err := near.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if _, err := duplex.Join(t.Context(), file, far); err == nil || !strings.Contains(err.Error(), "question is only read from") {
		t.Errorf("the join of an answer nobody takes: %v", err)
	}
	_ = near.Close()
}

func TestFileSaysWhatIsWrongInALine(t *testing.T) {
	dir := t.TempDir()
	secret := filepath.Join(dir, "secret")
	if err := os.WriteFile(secret, nil, 0); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		url  string
		is   error
		text string
	}{
		{"file:" + dir, nil, "is a directory"},
		{"file:" + dir + ",create", nil, "is a directory"},
		{"file:" + secret, fs.ErrPermission, "open file:" + secret + ": permission denied"},
		{"file:" + dir + "/missing", fs.ErrNotExist, "no such file or directory"},
		{"file:" + dir + "/missing,append", fs.ErrNotExist, "with the option create it is made"},
		{"file:" + dir + "/missing/below,create", fs.ErrNotExist, "no such file or directory"},
		{"file:", endpoint.ErrUsage, "no path"},
		{"file://host/x", endpoint.ErrUsage, "three slashes"},
		{"file:x,mode=0600", endpoint.ErrUsage, "write create too"},
		{"file:x,sync", endpoint.ErrUsage, "option sync is for a file that is written"},
		{"file:x,read=false", endpoint.ErrUsage, "neither read nor write"},
		{"listen:file:x", endpoint.ErrUsage, "file cannot be listened on"},
		{"file:x,wirte", endpoint.ErrUsage, `unknown option "wirte"; file knows append, create`},
	} {
		if test.is == fs.ErrPermission && os.Geteuid() == 0 {
			continue // root may read it
		}
		s, err := endpoint.Parse(test.url)
		if err == nil {
			var c duplex.Stream
			if c, err = s.Open(t.Context()); err == nil {
				c.Close()
			}
		}
		if err == nil || test.is != nil && !errors.Is(err, test.is) ||
			!strings.Contains(err.Error(), test.text) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v, want %v, %q", test.url, err, test.is, test.text)
		}
	}
}
