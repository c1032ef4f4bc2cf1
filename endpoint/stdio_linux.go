package endpoint

import (
	"net"
	"os"
	"syscall"
)

// openStdin returns standard input in a form whose reads can be interrupted.
// Setting it non-blocking itself would do so for every process that shares it;
// a terminal or pipe opened anew is ours alone.
func openStdin() (input, error) {
	info, err := os.Stdin.Stat()
	if err != nil {
		return nil, err
	}
	switch mode := info.Mode(); {
	case mode.IsRegular():
		return newAsFile(os.Stdin), nil
	case mode&os.ModeSocket != 0:
		c, err := net.FileConn(os.Stdin)
		if err == nil {
			return c, nil
		}
	default:
		f, err := os.OpenFile("/proc/self/fd/0", os.O_RDONLY|syscall.O_NONBLOCK, 0)
		if err == nil {
			return f, nil
		}
	}
	return newPumped(os.Stdin), nil
}
