// Package process runs a command with everything it starts, and ends all of
// it.
package process

import (
	"os"
	"os/exec"
	"sync"
	"time"
)

// Process is a running command and the group of processes it leads.
type Process struct {
	cmd    *exec.Cmd
	grace  time.Duration
	exited chan struct{} // closed when the command itself is over

	reaping sync.Once
	reaped  chan struct{}
}

// Start starts cmd as the leader of a group of its own. cmd must have files
// only for input and output. grace is how long the command gets at each stage
// of its ending.
func Start(cmd *exec.Cmd, grace time.Duration) (*Process, error) {
	lead(cmd)
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &Process{cmd: cmd, grace: grace, exited: make(chan struct{}), reaped: make(chan struct{})}
	go func() {
		defer close(p.exited)
		p.await()
	}()
	return p, nil
}

// Exited returns a channel that is closed when the command itself is over.
func (p *Process) Exited() <-chan struct{} { return p.exited }

// Wait waits for the command to be over and returns how it ended.
func (p *Process) Wait() *os.ProcessState {
	<-p.exited
	p.reap()
	return p.cmd.ProcessState
}

// reap frees what the system keeps of the command. Until then its number, and
// that of its group, is nobody else's.
func (p *Process) reap() {
	p.reaping.Do(func() {
		if p.cmd.ProcessState == nil {
			_ = p.cmd.Wait() // how it ended is in ProcessState
		}
		close(p.reaped)
	})
	<-p.reaped
}

// Stop ends the command and its group and returns when the command is gone. A
// patient stop first gives it the time to end by itself. Then the group is
// asked to end, and after the grace killed. drained is closed when nobody holds
// the command's output any more: until then its group gets the grace too.
func (p *Process) Stop(patient bool, drained <-chan struct{}) {
	if patient {
		p.within(p.exited)
	}
	if !isClosed(p.reaped) {
		// The leader is there, if only its remains, so the group is ours.
		terminate(p.cmd.Process)
		if !p.within(p.exited) || !p.within(drained) {
			kill(p.cmd.Process)
		}
	}
	p.Wait()
}

// within reports whether c is closed within the grace.
func (p *Process) within(c <-chan struct{}) bool {
	if isClosed(c) {
		return true
	}
	timer := time.NewTimer(p.grace)
	defer timer.Stop()
	select {
	case <-c:
		return true
	case <-timer.C:
		return false
	}
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
