//go:build unix

package pty

import (
	"cmp"
	"os"
	"os/signal"
	"sync"
	"syscall"

	"github.com/creack/pty"
	"github.com/duplex-go/duplex/endpoint"
)

// follower keeps a terminal as large as the one that we run at.
type follower struct {
	changed chan os.Signal
	stopped chan struct{}
	once    sync.Once
}

// follow sets the size of a terminal to what s says, and where that says
// nothing to that of our own terminal, now and whenever it changes.
func follow(s *endpoint.Spec, master *os.File) *follower {
	rows, cols := s.Options.Count("rows", 0), s.Options.Count("cols", 0)
	set := func() {
		ours := ownSize()
		_ = pty.Setsize(master, &pty.Winsize{ // fails when the terminal is gone only
			Rows: cmp.Or(uint16(rows), ours.Rows, 24),
			Cols: cmp.Or(uint16(cols), ours.Cols, 80),
		})
	}
	set()
	f := &follower{changed: make(chan os.Signal, 1), stopped: make(chan struct{})}
	if rows > 0 && cols > 0 {
		close(f.stopped)
		return f
	}
	signal.Notify(f.changed, syscall.SIGWINCH)
	go func() {
		defer close(f.stopped)
		for range f.changed {
			set()
		}
	}()
	return f
}

func (f *follower) stop() {
	f.once.Do(func() {
		signal.Stop(f.changed)
		close(f.changed)
	})
	<-f.stopped
}

// ownSize returns the size of the terminal that we run at, or none.
func ownSize() pty.Winsize {
	tty, err := os.OpenFile("/dev/tty", os.O_RDONLY|syscall.O_NOCTTY, 0)
	if err != nil {
		return pty.Winsize{}
	}
	defer tty.Close()
	size, err := pty.GetsizeFull(tty)
	if err != nil {
		return pty.Winsize{}
	}
	return *size
}
