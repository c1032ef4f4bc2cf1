package endpoint

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"strings"
	"syscall"

	"github.com/duplex-go/duplex/endpoint/internal/process"
)

// ExitError says that the command of an endpoint failed. It takes the place of
// io.EOF at the end of the command's output.
type ExitError struct {
	Command string         // the program, as it was written
	Code    int            // its exit status; 128 and the signal if one ended it
	Signal  syscall.Signal // the signal that ended it, or 0
}

func (e *ExitError) Error() string {
	if e.Signal != 0 {
		return fmt.Sprintf("%s: ended by signal %d (%v)", e.Command, int(e.Signal), e.Signal)
	}
	return fmt.Sprintf("%s: exit status %d", e.Command, e.Code)
}

// Exit returns how the command of s ended: nil if it succeeded, or may fail,
// else an *[ExitError].
func (s *Spec) Exit(command string, state *os.ProcessState) error {
	signal := process.SignalOf(state)
	switch {
	case signal != 0:
		return &ExitError{command, 128 + int(signal), signal}
	case state.Success() || s.Options.Flag("ignore-status", false):
		return nil
	}
	return &ExitError{command, state.ExitCode(), 0}
}

// StartError says why a command could not be started.
func StartError(command string, err error) error {
	var text string
	var path *fs.PathError
	switch {
	case errors.Is(err, exec.ErrDot):
		text = fmt.Sprintf("%s is found in this directory only; if it is meant, write ./%s", command, command)
	case errors.Is(err, exec.ErrNotFound), errors.Is(err, fs.ErrNotExist) && !exists(command):
		text = command + ": command not found"
	case errors.Is(err, fs.ErrNotExist):
		text = command + ": it, or what interprets it, is not found"
	case errors.Is(err, fs.ErrPermission):
		text = command + ": permission denied"
	case errors.As(err, &path):
		text = fmt.Sprintf("%s: %v", command, path.Err)
	default:
		return err
	}
	return &startError{text, err}
}

type startError struct {
	text string
	err  error
}

func (e *startError) Error() string { return e.text }
func (e *startError) Unwrap() error { return e.err }

// exists reports whether there is a file of that name.
func exists(name string) bool {
	_, err := os.Stat(name)
	return err == nil && strings.ContainsRune(name, os.PathSeparator)
}
