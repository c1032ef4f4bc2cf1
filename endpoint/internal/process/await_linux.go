package process

import "golang.org/x/sys/unix"

// await waits for the command to be over without freeing its number, so that
// the rest of its group can still be ended.
func (p *Process) await() {
	for {
		err := unix.Waitid(unix.P_PID, p.cmd.Process.Pid, nil, unix.WEXITED|unix.WNOWAIT, nil)
		if err != unix.EINTR {
			return
		}
	}
}
