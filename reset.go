package duplex

import (
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"
	"time"
)

// writer tells of whoever writes to a socket.
type writer struct {
	busy    bool // a write may be under way, or have failed without being recorded yet
	stopped bool // no more is written, and that is recorded
	reset   bool // a reset was why
}

// wasReset reports whether the end that has just been read from sock is none:
// a reset that a write has taken from a socket leaves a plain end to the reader
// (Linux, tcp_recvmsg). look tells of the writer; it must find out whether that
// is busy before whether it has stopped.
//
// It waits for no write that may be stuck for good.
func wasReset(sock net.Conn, look func() writer) bool {
	w := look()
	if w.stopped {
		return w.reset
	}
	switch writeState(sock) {
	case nil:
		return false // still open for writing: a true end
	case syscall.ECONNRESET:
		return true
	}
	// The socket is over, and writes to it return at once. If it was reset, a
	// writer has that error and is about to record it; if the peer ended first
	// and went then, there may be no write at all.
	for range 2000 {
		if w = look(); w.stopped || !w.busy {
			break
		}
		time.Sleep(time.Millisecond)
	}
	return w.reset
}

// errReset is what takes the place of such an end.
var errReset = fmt.Errorf("%w: %w", io.ErrUnexpectedEOF, syscall.ECONNRESET)

// trueEnd returns an error in place of an io.EOF that the stream below gave
// although it was reset, or had failed before.
func (c *Conn) trueEnd(err error) error {
	if err != io.EOF {
		return err
	}
	c.mu.Lock()
	failed := c.readEnd.err
	c.mu.Unlock()
	if failed != nil {
		return failed
	}
	sock := streamSocket(bare(c.below))
	if sock != nil && wasReset(sock, c.writer) {
		return errReset
	}
	return err
}

func (c *Conn) writer() (w writer) {
	carrier := c.carrier.Load()
	w.busy = c.writes.Load() > 0 || carrier != nil && carrier.busy()
	c.mu.Lock()
	defer c.mu.Unlock()
	w.stopped, w.reset = c.writeEnd.set, errors.Is(c.writeEnd.err, syscall.ECONNRESET)
	return w
}

// cut reports whether the end that d has just read is none; see wasReset.
func (m *merge) cut(d, opposite *direction) bool {
	sock := streamSocket(d.transfer.src)
	return sock != nil && wasReset(sock, func() (w writer) {
		w.busy = opposite.busy()
		m.mu.Lock()
		defer m.mu.Unlock()
		w.stopped, w.reset = opposite.result.Reason != Running, opposite.reset
		return w
	})
}
