package duplex_test

import (
	"fmt"
	"net"
	"os"
	"runtime"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// TestMain fails the package if its tests leave a goroutine or a descriptor
// behind (R22).
func TestMain(m *testing.M) {
	if l, err := net.Listen("tcp", "127.0.0.1:0"); err == nil {
		l.Close() // the runtime's own descriptors come with the first socket
	}
	before := openFiles()
	code := m.Run()
	if code == 0 {
		if err := leftBehind(before); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

// leftBehind says what the tests have left.
func leftBehind(before int) error {
	if err := goleak.Find(); err != nil {
		return err
	}
	now := openFiles()
	for delay := time.Millisecond; now > before && delay < time.Second; delay *= 2 {
		runtime.GC() // closes the pipes of splice, which package net keeps for later
		time.Sleep(delay)
		now = openFiles()
	}
	if now > before {
		return fmt.Errorf("%d descriptors are open that were not before the tests", now-before)
	}
	return nil
}

// openFiles returns how many descriptors this process has, or 0 where that
// cannot be told.
func openFiles() int {
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return 0
	}
	return len(list)
}
