package endpoint

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/endpoint/internal/process"
)

// command is the stream of a command's standard input and output.
type command struct {
	name  string
	proc  *process.Process
	grace time.Duration
	in    *os.File // what the command reads
	out   *os.File // what it writes

	exitOf func(*os.ProcessState) error

	ending  sync.Once
	endErr  error
	ended   chan struct{} // closed when its input has been ended
	reading sync.Mutex    // held by a Read
	readBy  deadline
	writeBy deadline
	late    atomic.Bool // its output has ended, but it runs on
	read    atomic.Bool // its output has been read to the end

	closing sync.Once
	gone    chan struct{} // closed by Close or Abort
}

func newCommand(s *Spec, name string, p *process.Process, grace time.Duration, in, out *os.File) *command {
	return &command{
		name: name, proc: p, grace: grace, in: in, out: out,
		exitOf: func(state *os.ProcessState) error { return s.Exit(name, state) },
		ended:  make(chan struct{}), gone: make(chan struct{}),
	}
}

func (c *command) Read(p []byte) (int, error) {
	c.reading.Lock()
	defer c.reading.Unlock()
	if isClosed(c.gone) {
		return 0, duplex.ErrClosed
	}
	n, err := c.out.Read(p)
	switch {
	case n > 0 || err == nil:
		return n, nil
	case isClosed(c.gone):
		return 0, duplex.ErrClosed
	case err == io.EOF:
		c.read.Store(true)
		return 0, c.exit()
	}
	return 0, err
}

// exitTime is how long a command may take to be over once it has closed its
// output. Most do so by being over.
const exitTime = time.Second

// exit returns what stands at the end of the output: how the command ended. One
// that only closes its output and runs on has ended one direction.
func (c *command) exit() error {
	timer := time.NewTimer(min(c.grace, exitTime))
	defer timer.Stop()
	if c.late.Load() && !isClosed(c.proc.Exited()) {
		return io.EOF
	}
	select {
	case <-c.gone:
		return duplex.ErrClosed
	case <-c.proc.Exited():
		if err := c.status(); err != nil {
			return err
		}
	case <-c.readBy.passed():
		return os.ErrDeadlineExceeded
	case <-timer.C:
		c.late.Store(true)
	}
	return io.EOF
}

// status returns how the command ended, which it has.
func (c *command) status() error { return c.exitOf(c.proc.Wait()) }

func (c *command) Write(p []byte) (int, error) {
	switch {
	case isClosed(c.gone):
		return 0, duplex.ErrClosed
	case isClosed(c.ended):
		return 0, duplex.ErrEnded
	}
	n, err := c.in.Write(p)
	switch {
	case err == nil:
	case isClosed(c.gone):
		err = duplex.ErrClosed
	case isClosed(c.ended):
		err = duplex.ErrEnded
	case errors.Is(err, syscall.EPIPE):
		err = c.unread(err)
	}
	return n, err
}

// unread says why the command no longer reads.
func (c *command) unread(err error) error {
	timer := time.NewTimer(min(c.grace, exitTime))
	defer timer.Stop()
	select {
	case <-c.proc.Exited():
		if exit := c.status(); exit != nil {
			return fmt.Errorf("%w: %w", exit, syscall.EPIPE)
		}
		return fmt.Errorf("%s ended before it had read all of its input: %w", c.name, syscall.EPIPE)
	case <-c.gone:
		return duplex.ErrClosed
	case <-c.writeBy.passed():
	case <-timer.C:
	}
	return fmt.Errorf("%s has closed its input: %w", c.name, syscall.EPIPE)
}

// CloseWrite closes the command's input.
func (c *command) CloseWrite() error {
	c.ending.Do(func() {
		close(c.ended)
		c.endErr = c.in.Close()
	})
	return c.endErr
}

// Close ends the command, unless it has ended by itself, and returns when it is
// gone. Its input stays open until then: an end would tell it that it has got
// everything.
func (c *command) Close() error {
	c.closing.Do(func() { c.stop(isClosed(c.ended) && c.read.Load()) })
	return nil
}

// Abort is Close without patience.
func (c *command) Abort(error) error {
	c.closing.Do(func() { c.stop(false) })
	return nil
}

func (c *command) stop(patient bool) {
	close(c.gone)
	c.readBy.set(noDeadline)
	c.writeBy.set(noDeadline)
	// Pending calls end, and what the command still says is dropped.
	_ = c.out.SetReadDeadline(longAgo)
	_ = c.in.SetWriteDeadline(longAgo)
	drained, draining := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(draining)
		c.reading.Lock() // by a deadline taken back a pending Read would go on
		defer c.reading.Unlock()
		for {
			_ = c.out.SetReadDeadline(noDeadline)
			_, err := io.Copy(io.Discard, readOnly{c.out})
			switch {
			case err == nil:
				close(drained)
				return
			case !errors.Is(err, os.ErrDeadlineExceeded): // or a late caller's
				return
			}
		}
	}()
	c.proc.Stop(patient, drained)
	_ = c.CloseWrite()
	_ = c.out.Close()
	<-draining
}

// readOnly hides what else a reader can do.
type readOnly struct{ io.Reader }

// longAgo is a deadline that ends a pending call.
var longAgo = time.Unix(1, 0)

func (c *command) SetReadDeadline(t time.Time) error {
	if isClosed(c.gone) {
		return duplex.ErrClosed
	}
	c.readBy.set(t)
	return c.out.SetReadDeadline(t)
}

func (c *command) SetWriteDeadline(t time.Time) error {
	if isClosed(c.gone) {
		return duplex.ErrClosed
	}
	if isClosed(c.ended) {
		return nil
	}
	c.writeBy.set(t)
	return c.in.SetWriteDeadline(t)
}

func (c *command) SetDeadline(t time.Time) error {
	return errors.Join(c.SetReadDeadline(t), c.SetWriteDeadline(t))
}
