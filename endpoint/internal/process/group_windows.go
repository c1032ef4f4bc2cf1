package process

import (
	"os"
	"os/exec"
	"syscall"
)

// lead does nothing: there are no such groups.
func lead(*exec.Cmd) {}

// terminate ends the process: it cannot be asked to.
func terminate(leader *os.Process) { _ = leader.Kill() }

func kill(leader *os.Process) { _ = leader.Kill() }

// SignalOf returns 0: there are no signals.
func SignalOf(*os.ProcessState) syscall.Signal { return 0 }
