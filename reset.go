package duplex

import (
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"
	"time"
)

// wasReset reports whether the end that has just been read from sock is none:
// a reset that a write has taken from a socket leaves a plain end to the reader
// (Linux, tcp_recvmsg). written tells whether writing has stopped, and whether
// a reset was why.
//
// It never waits for a write: that may be stuck for good.
func wasReset(sock net.Conn, written func() (stopped, reset bool)) bool {
	stopped, reset := written()
	if stopped {
		return reset
	}
	switch writeState(sock) {
	case nil:
		return false // still open for writing: a true end
	case syscall.ECONNRESET:
		return true
	}
	// The peer is gone. If it was reset, the writer holds that error and is
	// about to record it; if the peer ended first, no word will come.
	for range 20 {
		time.Sleep(100 * time.Microsecond)
		if stopped, reset = written(); stopped {
			break
		}
	}
	return reset
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
	if sock != nil && wasReset(sock, func() (stopped, reset bool) {
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.writeEnd.set, errors.Is(c.writeEnd.err, syscall.ECONNRESET)
	}) {
		return errReset
	}
	return err
}
