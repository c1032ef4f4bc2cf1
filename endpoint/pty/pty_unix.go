//go:build unix

package pty

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/creack/pty"
	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/endpoint"
	"github.com/duplex-go/duplex/endpoint/internal/process"
	"golang.org/x/term"
)

// terminal is the stream of a command at a terminal.
type terminal struct {
	spec   *endpoint.Spec
	name   string
	proc   *process.Process
	grace  time.Duration
	master *os.File
	raw    bool
	size   *follower

	reading sync.Mutex // held by a Read
	writing sync.Mutex // held by a Write and by the typing of the end
	ended   atomic.Bool
	midLine bool          // what was written last was no end of a line
	out     chan struct{} // closed when all that the command said has been read
	outOnce sync.Once

	closing sync.Once
	gone    chan struct{}
}

// open starts the command of s.
func open(s *endpoint.Spec) (duplex.Stream, error) {
	cmd, grace, err := s.CommandLine()
	if err != nil {
		return nil, err
	}
	master, slave, err := pty.Open()
	if err != nil {
		return nil, fmt.Errorf("no terminal: %w", err)
	}
	defer slave.Close() // the command has it
	raw := s.Options.Flag("raw", false)
	if raw {
		if _, err := term.MakeRaw(int(slave.Fd())); err != nil {
			_ = master.Close()
			return nil, err
		}
	}
	size := follow(s, master)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = slave, slave, slave
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	p, err := process.Start(cmd, grace)
	if err != nil {
		size.stop()
		_ = master.Close()
		return nil, endpoint.StartError(cmd.Args[0], err)
	}
	return &terminal{
		spec: s, name: cmd.Args[0], proc: p, grace: grace, master: master, raw: raw, size: size,
		out: make(chan struct{}), gone: make(chan struct{}),
	}, nil
}

func (t *terminal) Read(p []byte) (int, error) {
	t.reading.Lock()
	defer t.reading.Unlock()
	if t.isGone() {
		return 0, duplex.ErrClosed
	}
	n, err := t.master.Read(p)
	switch {
	case n > 0 || err == nil:
		return n, nil
	case t.isGone():
		return 0, duplex.ErrClosed
	case over(err):
		t.outOnce.Do(func() { close(t.out) })
		return 0, t.exit()
	}
	return 0, err
}

// over reports whether nobody has the terminal open any more; Linux calls that
// an input error.
func over(err error) bool { return err == io.EOF || errors.Is(err, syscall.EIO) }

// exit returns what stands at the end: how the command ended. It may have left
// its terminal and run on; the terminal is then over all the same.
func (t *terminal) exit() error {
	timer := time.NewTimer(min(t.grace, time.Second))
	defer timer.Stop()
	select {
	case <-t.gone:
		return duplex.ErrClosed
	case <-t.proc.Exited():
		if err := t.spec.Exit(t.name, t.proc.Wait()); err != nil {
			return err
		}
	case <-timer.C:
	}
	return io.EOF
}

func (t *terminal) Write(p []byte) (int, error) {
	t.writing.Lock()
	defer t.writing.Unlock()
	switch {
	case t.isGone():
		return 0, duplex.ErrClosed
	case t.ended.Load():
		return 0, duplex.ErrEnded
	}
	n, err := t.master.Write(p)
	if n > 0 {
		t.midLine = p[n-1] != '\n' && p[n-1] != '\r'
	}
	return n, t.why(err)
}

func (t *terminal) why(err error) error {
	switch {
	case err == nil:
		return nil
	case t.isGone():
		return duplex.ErrClosed
	case errors.Is(err, syscall.EIO):
		return fmt.Errorf("%s has left its terminal: %w", t.name, syscall.EPIPE)
	}
	return err
}

// CloseWrite types the key that ends the input. In the middle of a line that
// only sends the line off, so it is typed twice there.
func (t *terminal) CloseWrite() error {
	if t.raw {
		return fmt.Errorf("%w: a raw terminal has no key for it", duplex.ErrNoCloseWrite)
	}
	t.writing.Lock()
	defer t.writing.Unlock()
	if t.ended.Swap(true) {
		return nil
	}
	if t.isGone() {
		return duplex.ErrClosed
	}
	const key = 4 // ^D; what else may have been set is not ours to know
	keys := []byte{key, key}
	if !t.midLine {
		keys = keys[:1]
	}
	_, err := t.master.Write(keys)
	if errors.Is(err, syscall.EIO) {
		return nil // the command is over, so it needs no end
	}
	return t.why(err)
}

// CanCloseWrite reports whether there is a key that ends the input.
func (t *terminal) CanCloseWrite() bool { return !t.raw }

func (t *terminal) Close() error {
	t.closing.Do(func() {
		select {
		case <-t.out:
			t.stop(t.ended.Load() || t.raw)
		default:
			t.stop(false)
		}
	})
	return nil
}

// Abort is Close without patience.
func (t *terminal) Abort(error) error {
	t.closing.Do(func() { t.stop(false) })
	return nil
}

func (t *terminal) stop(patient bool) {
	close(t.gone)
	t.size.stop()
	// Pending calls end, and what the command still says is dropped.
	_ = t.master.SetDeadline(time.Unix(1, 0))
	draining := make(chan struct{})
	go func() {
		defer close(draining)
		t.reading.Lock() // by a deadline taken back a pending Read would go on
		defer t.reading.Unlock()
		buf := make([]byte, 4096)
		for {
			_ = t.master.SetReadDeadline(time.Time{})
			_, err := t.master.Read(buf)
			switch {
			case err == nil, errors.Is(err, os.ErrDeadlineExceeded): // a late caller's
			case over(err):
				t.outOnce.Do(func() { close(t.out) })
				return
			default:
				return
			}
		}
	}()
	t.proc.Stop(patient, t.out)
	_ = t.master.Close()
	<-draining
}

func (t *terminal) isGone() bool {
	select {
	case <-t.gone:
		return true
	default:
		return false
	}
}

func (t *terminal) SetReadDeadline(at time.Time) error {
	if t.isGone() {
		return duplex.ErrClosed
	}
	return t.master.SetReadDeadline(at)
}

func (t *terminal) SetWriteDeadline(at time.Time) error {
	if t.isGone() {
		return duplex.ErrClosed
	}
	return t.master.SetWriteDeadline(at)
}

func (t *terminal) SetDeadline(at time.Time) error {
	return errors.Join(t.SetReadDeadline(at), t.SetWriteDeadline(at))
}
