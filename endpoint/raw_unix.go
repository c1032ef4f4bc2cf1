//go:build unix

package endpoint

import (
	"os"
	"syscall"
)

// deadlySignals end a program that does not handle them. SIGINT and SIGTERM are
// not among them, since programs do.
var deadlySignals = []os.Signal{syscall.SIGHUP, syscall.SIGQUIT}

// raise sends a signal to this process.
func raise(s os.Signal) { _ = syscall.Kill(os.Getpid(), s.(syscall.Signal)) }
