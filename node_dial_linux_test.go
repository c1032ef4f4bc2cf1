package duplex_test

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"
)

// What group E says of connecting that takes Linux to bring about.

// nodeFull returns the address of a listener whose queue is full, so that a
// connection to it hangs.
func nodeFull(t *testing.T) string {
	t.Helper()
	l := nodeListen(t)
	raw, err := l.(*net.TCPListener).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var lerr error
	err = raw.Control(func(fd uintptr) { lerr = syscall.Listen(int(fd), 0) }) // the backlog, anew
	if err = errors.Join(err, lerr); err != nil {
		t.Fatal(err)
	}
	for range 16 {
		c, err := net.DialTimeout("tcp", l.Addr().String(), 100*time.Millisecond)
		if err != nil {
			return l.Addr().String()
		}
		t.Cleanup(func() { _ = c.Close() })
	}
	t.Fatal("the listener's queue does not fill")
	return ""
}

func TestE12_CancelledDialReturns(t *testing.T) {
	addr := nodeFull(t)
	ctx, cancel := context.WithTimeout(t.Context(), nodePatience)
	defer cancel()
	connecting := make(chan struct{})
	dialer := &net.Dialer{Control: func(string, string, syscall.RawConn) error {
		close(connecting)
		return nil
	}}
	dialled := make(chan error, 1)
	go func() {
		_, err := dialer.DialContext(ctx, "tcp", addr)
		dialled <- err
	}()
	nodeGet(t, "the connect", connecting)
	cancel()
	if err := nodeGet(t, "the dial", dialled); !errors.Is(err, context.Canceled) {
		t.Errorf("the dial returned %v", err)
	}
}

// Root may connect to every socket, so a thread of this test steps back from
// being root for the file system's checks.
func TestE15_UnixPathWithoutPermission(t *testing.T) {
	dir, err := os.MkdirTemp("", "e15") // t.TempDir lies below a directory that only we may enter
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	path := filepath.Join(dir, "socket")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	if err := errors.Join(os.Chmod(dir, 0o755), os.Chmod(path, 0)); err != nil {
		t.Fatal(err)
	}
	dialled := make(chan error, 1)
	go func() {
		if os.Geteuid() == 0 {
			runtime.LockOSThread() // never unlocked: the thread ends with this goroutine
			const nobody = 65534
			if err := syscall.Setfsuid(nobody); err != nil {
				dialled <- err
				return
			}
		}
		_, err := net.Dial("unix", path)
		dialled <- err
	}()
	if err := nodeGet(t, "the dial", dialled); !errors.Is(err, syscall.EACCES) {
		t.Errorf("the dial returned %v", err)
	}
}
