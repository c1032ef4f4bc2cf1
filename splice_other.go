//go:build !linux

package duplex

// spliced reports false: only Linux moves bytes between sockets in the kernel.
func (t *transfer) spliced() bool { return false }
