package endpoint

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/duplex-go/duplex"
)

func fileScheme() Scheme {
	return Scheme{
		Name:    "file",
		Form:    "file:path",
		Opens:   "open",
		Summary: "a file: without options it is read, and with write, append or create it is written in place of that; read and write do both, each at its own place",
		Ends:    "reading ends at the end of the file; an end closes it, on disk with sync. What is only written reads as empty once the writing has ended. An abort leaves what was written so far",
		Options: slices.Concat(fileOptions, silenceOptions),
		Check: func(s *Spec) error {
			if _, err := s.path(); err != nil {
				return err
			}
			if s.Options.Has("mode") && !s.Options.Flag("create", false) {
				return usage("option mode is for a file that is made: write create too")
			}
			reads, writes := s.fileUse()
			switch {
			case !reads && !writes:
				return usage("neither read nor write is left to do")
			case s.Options.Flag("sync", false) && !writes:
				return usage("option sync is for a file that is written: write, append or create")
			}
			return nil
		},
		Dial: func(_ context.Context, s *Spec) (duplex.Stream, error) { return openFile(s) },
	}
}

var fileOptions = []Option{
	{"read", Flag, Always, "read the file from its beginning; true, unless it is written"},
	{"write", Flag, Always, "write the file, in place of what it holds unless it is also read; false, unless append or create is there"},
	{"append", Flag, Always, "write behind what the file holds; false"},
	{"create", Flag, Always, "make the file if it is missing; false, which is an error then"},
	{"mode", Mode, Always, "the permissions of a file that create makes; 0666 less the umask"},
	{"sync", Flag, Always, "at the end wait until everything is on disk; false"},
}

// fileUse returns what is to be done with the file.
func (s *Spec) fileUse() (reads, writes bool) {
	o := s.Options
	writes = o.Flag("write", o.Flag("append", false) || o.Flag("create", false))
	return o.Flag("read", !writes), writes
}

// path returns the path in s; two slashes before it are those of a URL.
func (s *Spec) path() (string, error) {
	path, slashes := strings.CutPrefix(s.Target, "//")
	switch {
	case path == "":
		return "", usage("no path; want %s", s.Scheme.Form)
	case slashes && path[0] != '/':
		host, _, _ := strings.Cut(path, "/")
		return "", usage("%q would be a host; a path has three slashes, as in %s:///%s", host, s.Scheme.Name, path)
	case strings.Contains(path, "\x00"):
		return "", usage("a zero byte cannot be part of a path")
	}
	return path, nil
}

func openFile(s *Spec) (duplex.Stream, error) {
	path, err := s.path()
	if err != nil {
		return nil, err
	}
	if err := fileKind(path); err != nil {
		return nil, err
	}
	var (
		in            input
		out           output
		reads, writes = s.fileUse()
	)
	if writes { // first, since it may make the file
		f, err := openToWrite(s, path, reads)
		if err != nil {
			return nil, err
		}
		out = &writtenFile{f, s.Options.Flag("sync", false)}
	}
	if reads {
		f, err := os.Open(path)
		if err != nil {
			if out != nil {
				_ = out.Close()
			}
			return nil, err
		}
		in = newAsFile(f)
	}
	return newOneWay(path, in, out), nil
}

// fileKind reports an error for what is not opened like a file.
func fileKind(path string) error {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil // opening it says so
	case info.IsDir():
		return syscall.EISDIR
	case info.Mode()&fs.ModeNamedPipe != 0:
		return errors.New("it is a named pipe: write pipe:path")
	case info.Mode()&fs.ModeSocket != 0:
		return errors.New("it is a socket: write unix:path")
	}
	return nil
}

// openToWrite opens a file for writing, and makes it if that is asked for.
func openToWrite(s *Spec, path string, reads bool) (*os.File, error) {
	flags := os.O_WRONLY
	switch {
	case s.Options.Flag("append", false):
		flags |= os.O_APPEND
	case !reads:
		flags |= os.O_TRUNC
	}
	if !s.Options.Flag("create", false) {
		f, err := os.OpenFile(path, flags, 0)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("%w; with the option create it is made", reason(err))
		}
		return f, err
	}
	if !s.Options.Has("mode") {
		return os.OpenFile(path, flags|os.O_CREATE, 0o666)
	}
	mode := fs.FileMode(s.Options.Mode("mode", 0))
	f, err := os.OpenFile(path, flags|os.O_CREATE|os.O_EXCL, mode)
	if errors.Is(err, fs.ErrExist) {
		return os.OpenFile(path, flags, 0) // its permissions are its own
	}
	if err != nil {
		return nil, err
	}
	if err := f.Chmod(mode); err != nil { // what the umask has taken
		_ = f.Close()
		return nil, err
	}
	return f, nil
}

// writtenFile is a file that may have to be on disk when it is closed.
type writtenFile struct {
	*os.File
	sync bool
}

func (f *writtenFile) Close() error {
	var err error
	if f.sync {
		err = f.Sync()
		if errors.Is(err, syscall.EINVAL) {
			err = nil // not on a disk: /dev/null, a terminal
		}
	}
	return errors.Join(err, f.File.Close())
}

// SetWriteDeadline does nothing: a write to a file waits for the disk at most.
func (f *writtenFile) SetWriteDeadline(time.Time) error { return nil }
