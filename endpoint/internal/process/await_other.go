//go:build !linux

package process

// await waits for the command to be over, which frees its number too: what is
// left of its group cannot be ended afterwards.
func (p *Process) await() {
	p.reaping.Do(func() {
		_ = p.cmd.Wait() // how it ended is in ProcessState
		close(p.reaped)
	})
}
