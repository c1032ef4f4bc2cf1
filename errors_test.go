package duplex_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/duplex-go/duplex"
)

func TestErrorsMatchThoseOfTheStandardLibrary(t *testing.T) {
	all := []error{net.ErrClosed, io.ErrClosedPipe, syscall.EPIPE, os.ErrDeadlineExceeded, errors.ErrUnsupported, io.EOF, duplex.ErrAborted}
	for _, tc := range []struct {
		err     error
		matches []error
	}{
		{duplex.ErrClosed, []error{net.ErrClosed, io.ErrClosedPipe}},
		{duplex.ErrEnded, []error{io.ErrClosedPipe}},
		{duplex.ErrPeerClosed, []error{syscall.EPIPE, io.ErrClosedPipe}},
		{duplex.ErrAborted, []error{duplex.ErrAborted}},
		{duplex.ErrIdle, []error{os.ErrDeadlineExceeded}},
		{duplex.ErrNoCloseWrite, []error{errors.ErrUnsupported}},
		{duplex.ErrServerClosed, nil},
	} {
		for _, target := range all {
			want := false
			for _, m := range tc.matches {
				want = want || m == target
			}
			for _, err := range []error{tc.err, fmt.Errorf("wrapped: %w", tc.err)} {
				if errors.Is(err, target) != want {
					t.Errorf("%q matches %q: %v, want %v", err, target, !want, want)
				}
			}
		}
		if !strings.HasPrefix(tc.err.Error(), "duplex: ") {
			t.Errorf("%q does not say where it comes from", tc.err)
		}
	}
}

func TestErrIdleIsATimeoutForThoseWhoAskNetError(t *testing.T) {
	var timeout interface{ Timeout() bool }
	if !errors.As(duplex.ErrIdle, &timeout) || !timeout.Timeout() {
		t.Error("ErrIdle is no timeout")
	}
	if errors.As(duplex.ErrClosed, &timeout) && timeout.Timeout() {
		t.Error("ErrClosed is a timeout")
	}
}

func TestAbortErrorTellsItsCauseOnce(t *testing.T) {
	cause := &net.OpError{Op: "test", Err: syscall.ECONNRESET}
	err := error(&duplex.AbortError{Cause: cause})
	wantError(t, err, duplex.ErrAborted, cause, syscall.ECONNRESET)
	var op *net.OpError
	if !errors.As(err, &op) {
		t.Error("the cause is not to be had")
	}
	if text := err.Error(); text != "duplex: stream aborted: "+cause.Error() {
		t.Errorf("it reads %q", text)
	}
	if text := (&duplex.AbortError{Cause: duplex.ErrAborted}).Error(); text != "duplex: stream aborted" {
		t.Errorf("without a cause it reads %q", text)
	}
}

func TestPanicErrorUnwrapsWhatWasAnError(t *testing.T) {
	wantError(t, &duplex.PanicError{Value: io.ErrNoProgress}, io.ErrNoProgress)
	err := error(&duplex.PanicError{Value: 42})
	if errors.Unwrap(err) != nil || err.Error() != "duplex: handler panicked: 42" {
		t.Errorf("it reads %q", err)
	}
}

func TestStageErrorNamesItsStage(t *testing.T) {
	err := error(&duplex.StageError{Index: 2, Name: "gunzip", Err: io.ErrUnexpectedEOF})
	wantError(t, err, io.ErrUnexpectedEOF)
	if err.Error() != "duplex: pipeline stage 2 (gunzip): unexpected EOF" {
		t.Errorf("it reads %q", err)
	}
}
