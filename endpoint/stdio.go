package endpoint

import (
	"context"
	"errors"
	"io"
	"os"
	"slices"
	"sync/atomic"
	"time"

	"github.com/duplex-go/duplex"
)

func stdioScheme() Scheme {
	return Scheme{
		Name:    "stdio",
		Form:    "-",
		Summary: "standard input and output",
		Ends:    "an end closes standard output, and at a terminal ends the input too",
		Opens:   "open",
		Options: slices.Concat(stdioOptions, silenceOptions),
		Check: func(s *Spec) error {
			if s.Target != "" {
				return usage("want - or stdio: and nothing else")
			}
			return nil
		},
		Dial: func(_ context.Context, s *Spec) (duplex.Stream, error) {
			stream, err := openStdio()
			if err != nil {
				return nil, err
			}
			if s.Options.Flag("raw", false) {
				if err := makeRaw(); err != nil {
					return nil, errors.Join(err, stream.in.Close())
				}
				stream.raw = true
			}
			return stream, nil
		},
	}
}

var stdioOptions = []Option{
	{"raw", Flag, Always, "put the terminal in raw mode meanwhile, so that every key goes to the other side, ^C too; it is always put back; false"},
}

// Stdio returns standard input and output as a stream. CloseWrite closes
// standard output. When standard input is a terminal that also ends the
// reading: once the peer has ended there is nobody left to type for.
//
// Close ends a pending read where the system can wait for standard input:
// terminals, pipes and sockets on Linux. Elsewhere one goroutine stays in a
// read of it until something comes or the program ends.
func Stdio() (duplex.Stream, error) {
	s, err := openStdio()
	if err != nil {
		return nil, err
	}
	return s, nil
}

func openStdio() (*stdio, error) {
	in, err := openStdin()
	if err != nil {
		return nil, err
	}
	return &stdio{in: in, out: os.Stdout, terminal: IsTerminal()}, nil
}

// stdio is a stream of two files.
type stdio struct {
	in       input
	out      *os.File
	terminal bool
	raw      bool        // it is to be put back
	ended    atomic.Bool // by the peer: a terminal reads no more
	closed   atomic.Bool
}

// input is a file, or stands for one.
type input interface {
	io.ReadCloser
	SetReadDeadline(time.Time) error
}

func (s *stdio) Read(p []byte) (int, error) {
	n, err := s.in.Read(p)
	if err != nil && s.ended.Load() && !s.closed.Load() {
		err = io.EOF
	}
	return n, err
}

func (s *stdio) Write(p []byte) (int, error) { return s.out.Write(p) }

func (s *stdio) CloseWrite() error {
	if s.ended.Swap(true) {
		return nil
	}
	err := s.out.Close()
	if s.terminal {
		_ = s.in.SetReadDeadline(time.Unix(1, 0))
	}
	return err
}

func (s *stdio) Close() error {
	if s.closed.Swap(true) {
		return nil
	}
	if s.raw {
		RestoreTerminal()
	}
	err := s.in.Close()
	if !s.ended.Swap(true) {
		if oerr := s.out.Close(); err == nil {
			err = oerr
		}
	}
	return err
}

func (s *stdio) SetReadDeadline(t time.Time) error { return s.in.SetReadDeadline(t) }

// pumped reads a file that cannot be interrupted: a goroutine reads it into a
// pair, which can.
type pumped struct{ *duplex.PairEnd }

func newPumped(f *os.File) pumped {
	ours, theirs := duplex.Pair()
	go func() {
		if _, err := theirs.ReadFrom(f); err != nil {
			_ = theirs.Abort(err)
		}
		_ = theirs.CloseWrite()
	}()
	return pumped{ours}
}

// asFile reads a file that never waits, such as one on disk. A deadline that has
// passed ends the reading of it all the same.
type asFile struct {
	*os.File
	limit atomic.Pointer[time.Time]
}

func newAsFile(f *os.File) *asFile { return &asFile{File: f} }

func (f *asFile) Read(p []byte) (int, error) {
	if t := f.limit.Load(); t != nil && !t.IsZero() && !time.Now().Before(*t) {
		return 0, os.ErrDeadlineExceeded
	}
	return f.File.Read(p)
}

func (f *asFile) SetReadDeadline(t time.Time) error {
	f.limit.Store(&t)
	_ = f.File.SetReadDeadline(t) // a device may wait after all; others have none
	return nil
}
