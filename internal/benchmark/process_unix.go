//go:build unix

package benchmark

import (
	"os/exec"
	"syscall"
)

// ownGroup makes cmd the first of a process group: socat forks.
func ownGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

func killGroup(cmd *exec.Cmd) { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
