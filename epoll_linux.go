package duplex

import (
	"os"
	"syscall"
	"time"
)

// epoll tells which of many sockets have something to read. It is a descriptor
// that can be watched as a socket can: whoever waits for it takes no thread.
type epoll struct {
	file   *os.File
	raw    syscall.RawConn
	events []syscall.EpollEvent // of the one who waits
}

func newEpoll() (*epoll, error) {
	fd, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("epoll_create1", err)
	}
	if err := syscall.SetNonblock(fd, true); err != nil {
		_ = syscall.Close(fd)
		return nil, os.NewSyscallError("fcntl", err)
	}
	e := &epoll{file: os.NewFile(uintptr(fd), "epoll"), events: make([]syscall.EpollEvent, 128)}
	if e.raw, err = e.file.SyscallConn(); err == nil {
		err = e.setDeadline(time.Time{}) // fails where the runtime cannot watch it
	}
	if err != nil {
		_ = e.file.Close()
		return nil, err
	}
	return e, nil
}

// arm asks for one notice of the socket s, by k: at once if there is something
// to read already. A socket that is closed gives none.
func (e *epoll) arm(s Stream, k key, known bool) error {
	op := syscall.EPOLL_CTL_ADD
	if known {
		op = syscall.EPOLL_CTL_MOD
	}
	event := syscall.EpollEvent{
		Events: syscall.EPOLLIN | syscall.EPOLLRDHUP | syscall.EPOLLONESHOT,
		Fd:     k.index, Pad: k.life,
	}
	raw, err := syscallConn(s)
	if err != nil {
		return err
	}
	return control(e.raw, func(epfd int) error {
		return control(raw, func(fd int) error { return syscall.EpollCtl(epfd, op, fd, &event) })
	})
}

// control calls f with the descriptor of raw, unless that is closed.
func control(raw syscall.RawConn, f func(fd int) error) error {
	var err error
	if cerr := raw.Control(func(fd uintptr) { err = f(int(fd)) }); cerr != nil {
		return cerr
	}
	return err
}

// wait appends the keys of sockets that have something to read. It waits for
// one, until the deadline or until e is closed. One goroutine may call it.
func (e *epoll) wait(ks []key) ([]key, error) {
	n := 0
	err := e.raw.Read(func(fd uintptr) bool {
		n, _ = retry(func() (int, error) { return syscall.EpollWait(int(fd), e.events, 0) })
		return n > 0
	})
	for _, event := range e.events[:max(n, 0)] {
		ks = append(ks, key{event.Fd, event.Pad})
	}
	return ks, err
}

func (e *epoll) setDeadline(t time.Time) error { return e.file.SetReadDeadline(t) }

func (e *epoll) close() { _ = e.file.Close() }
