//go:build unix

package endpoint

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"time"

	"github.com/duplex-go/duplex"
	"golang.org/x/sys/unix"
)

// openPipes opens the pipes of s, both at once: whoever is at their other ends
// may open them in either order.
func openPipes(ctx context.Context, s *Spec) (duplex.Stream, error) {
	in, out, err := s.pipePaths()
	if err != nil {
		return nil, err
	}
	type opened struct {
		f   *os.File
		err error
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	open := func(path string, flag int) <-chan opened {
		c := make(chan opened, 1)
		if path == "" {
			c <- opened{}
			return c
		}
		go func() {
			f, err := openPipe(ctx, path, flag, s)
			if err != nil {
				cancel(err) // the other one need not wait
			}
			c <- opened{f, err}
		}()
		return c
	}
	reading, writing := open(in, os.O_RDONLY), open(out, os.O_WRONLY)
	r, w := <-reading, <-writing
	if r.err != nil || w.err != nil {
		for _, f := range []*os.File{r.f, w.f} {
			if f != nil {
				_ = f.Close()
			}
		}
		return nil, context.Cause(ctx) // the first one's error, or why we stopped
	}
	// Only what is there may become an interface that is not nil.
	var source input
	var sink output
	name := out
	if r.f != nil {
		name = in
		source = interruptible(r.f)
	}
	if w.f != nil {
		sink = w.f
	}
	return newOneWay(name, source, sink), nil
}

// interruptible returns f in a form whose reads can be interrupted. Where the
// system cannot wait for a pipe and for us, a goroutine reads it.
func interruptible(f *os.File) input {
	if runtime.GOOS == "darwin" || runtime.GOOS == "ios" {
		return newPumped(f)
	}
	return f
}

// openPipe opens a named pipe, which waits for its other end to be opened. The
// end of ctx ends the waiting.
func openPipe(ctx context.Context, path string, flag int, s *Spec) (*os.File, error) {
	if err := makePipe(path, s); err != nil {
		return nil, err
	}
	type opened struct {
		f   *os.File
		err error
	}
	opening := make(chan opened, 1)
	go func() {
		f, err := os.OpenFile(path, flag, 0)
		opening <- opened{f, err}
	}()
	var o opened
	select {
	case o = <-opening:
	case <-ctx.Done():
		// Whoever opens the other end ends the waiting: we do so ourselves. It
		// may have to be done again, if the open has not begun to wait yet.
		other := os.O_RDONLY
		if flag == os.O_RDONLY {
			other = os.O_WRONLY
		}
		for done := false; !done; {
			if f, err := os.OpenFile(path, other|unix.O_NONBLOCK, 0); err == nil {
				defer f.Close()
			}
			select {
			case o = <-opening:
				done = true
			case <-time.After(time.Millisecond):
			}
		}
		if o.f != nil {
			_ = o.f.Close()
		}
		return nil, context.Cause(ctx)
	}
	if o.err != nil {
		return nil, fmt.Errorf("%s: %w", path, reason(o.err))
	}
	// Somebody may have put something else there since we looked.
	info, err := o.f.Stat()
	if err == nil && info.Mode().Type() != fs.ModeNamedPipe {
		err = fmt.Errorf("%s is no named pipe", path)
	}
	if err != nil {
		_ = o.f.Close()
		return nil, err
	}
	return o.f, nil
}

// makePipe makes a named pipe at path if nothing is there.
func makePipe(path string, s *Spec) error {
	mode := s.Options.Mode("mode", 0o600)
	for range 2 {
		info, err := os.Stat(path)
		switch {
		case err == nil && info.Mode().Type() != fs.ModeNamedPipe:
			return fmt.Errorf("%s is no named pipe", path)
		case err == nil:
			return nil
		case !errors.Is(err, fs.ErrNotExist):
			return fmt.Errorf("%s: %w", path, reason(err))
		}
		err = unix.Mkfifo(path, mode)
		switch {
		case err == nil:
			return os.Chmod(path, fs.FileMode(mode)) // what the umask has taken
		case !errors.Is(err, fs.ErrExist): // else somebody was faster
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	return fmt.Errorf("%s leads nowhere", path) // a symbolic link
}
