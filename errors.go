package duplex

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"runtime/debug"
	"sync"
	"syscall"
)

// The errors a caller may branch on, with errors.Is. Each also matches the
// error of the standard library that a Go program would look for.
var (
	// ErrClosed is returned by calls on a stream that this side has closed. It
	// matches net.ErrClosed and io.ErrClosedPipe.
	ErrClosed error = &sentinel{"duplex: stream closed", []error{net.ErrClosed, io.ErrClosedPipe}}

	// ErrEnded is returned by a write after CloseWrite. It matches
	// io.ErrClosedPipe.
	ErrEnded error = &sentinel{"duplex: write after end", []error{io.ErrClosedPipe}}

	// ErrPeerClosed is returned by a write whose reader is gone. It matches
	// syscall.EPIPE and io.ErrClosedPipe.
	ErrPeerClosed error = &sentinel{"duplex: peer no longer reads", []error{syscall.EPIPE, io.ErrClosedPipe}}

	// ErrAborted is matched by the errors of a stream whose peer aborted it,
	// whatever the cause.
	ErrAborted = errors.New("duplex: stream aborted")

	// ErrIdle says that no byte moved for longer than was allowed. It matches
	// os.ErrDeadlineExceeded.
	ErrIdle error = &sentinel{"duplex: idle for too long", []error{os.ErrDeadlineExceeded}}

	// ErrSlow says that a peer takes messages more slowly than they come, and
	// that one found no room; see [Outbox].
	ErrSlow = errors.New("duplex: peer takes messages too slowly")

	// ErrNoCloseWrite says that a stream cannot end one direction alone. It
	// matches errors.ErrUnsupported.
	ErrNoCloseWrite error = &sentinel{"duplex: stream cannot half-close", []error{errors.ErrUnsupported}}

	// ErrServerClosed is returned by Server.Serve after Shutdown or Close.
	ErrServerClosed = errors.New("duplex: server closed")
)

var errNoDeadline error = &sentinel{"duplex: stream has no deadlines", []error{os.ErrNoDeadline, errors.ErrUnsupported}}

// errBadRead is the failure of a Read that claims to have read what did not fit.
var errBadRead = errors.New("duplex: read of an impossible number of bytes")

// errBadWrite is that of a Write that claims more than it was given.
var errBadWrite = errors.New("duplex: write of an impossible number of bytes")

// wrote returns what a Write of size bytes has really said: whoever writes
// trusts that less than all comes with an error.
func wrote(n, size int, err error) (int, error) {
	switch {
	case n == size:
	case n < 0 || n > size:
		n = 0
		if err == nil {
			err = errBadWrite
		}
	case err == nil:
		err = io.ErrShortWrite
	}
	return n, err
}

// sentinel is an error that stands for others as well.
type sentinel struct {
	text string
	is   []error
}

func (e *sentinel) Error() string { return e.text }

func (e *sentinel) Is(target error) bool {
	for _, err := range e.is {
		if err == target {
			return true
		}
	}
	return false
}

// Timeout lets a caller that knows net.Error treat ErrIdle as a timeout.
func (e *sentinel) Timeout() bool { return e.Is(os.ErrDeadlineExceeded) }

// AbortError is what the calls on a stream return after its peer aborted it.
// It matches [ErrAborted] and unwraps to the cause.
type AbortError struct {
	Cause error // what the peer gave as the reason; never nil
}

func (e *AbortError) Error() string {
	if e.Cause == ErrAborted {
		return ErrAborted.Error()
	}
	return fmt.Sprintf("%v: %v", ErrAborted, e.Cause)
}

func (e *AbortError) Is(target error) bool { return target == ErrAborted }
func (e *AbortError) Unwrap() error        { return e.Cause }

// abortError returns cause as the peer of an aborted stream sees it.
func abortError(cause error) error {
	if cause == nil {
		cause = ErrAborted
	}
	return &AbortError{cause}
}

// closedError returns what a stream's own calls return after an abort with
// cause.
func closedError(cause error) error {
	if cause == nil {
		cause = ErrAborted
	}
	return fmt.Errorf("%w: %w", ErrClosed, cause)
}

// PanicError is the error of a connection whose handler panicked. The panic
// ends that connection and no other.
type PanicError struct {
	Value any    // what was passed to panic
	Stack []byte // the stack of the goroutine, as debug.Stack prints it
}

func (e *PanicError) Error() string { return fmt.Sprintf("duplex: handler panicked: %v", e.Value) }

// Unwrap returns the panic's value if it was an error.
func (e *PanicError) Unwrap() error {
	err, _ := e.Value.(error)
	return err
}

// protect calls f and turns a panic into a PanicError.
func protect(f func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &PanicError{Value: v, Stack: debug.Stack()}
		}
	}()
	return f()
}

// onceError runs a function once and keeps its error.
type onceError struct {
	once sync.Once
	err  error
}

func (o *onceError) do(f func() error) error {
	o.once.Do(func() { o.err = f() })
	return o.err
}
