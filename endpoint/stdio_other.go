//go:build !linux

package endpoint

import "os"

// openStdin returns standard input in a form whose reads can be interrupted.
func openStdin() (input, error) {
	info, err := os.Stdin.Stat()
	if err != nil {
		return nil, err
	}
	if info.Mode().IsRegular() {
		return newAsFile(os.Stdin), nil
	}
	return newPumped(os.Stdin), nil
}
