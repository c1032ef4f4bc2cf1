package duplex

import (
	"os"
	"syscall"
	"time"
	"unsafe"
)

// epoll tells which of many sockets have something to read, and when it is time
// for something else. It is a descriptor that can be watched as a socket can:
// whoever waits for it takes no thread.
//
// The time comes from a timerfd. A timer of the runtime's would give every wait
// of the program a timeout, which is dear on a virtual machine: that was 7 % of
// the processor time of a request (docs/benchmarks.md).
type epoll struct {
	file   *os.File
	raw    syscall.RawConn
	timer  int                  // the timerfd
	events []syscall.EpollEvent // of the one who waits
}

// tickIndex is what epoll calls the timerfd, beside the indices of keys.
const tickIndex = -1

func newEpoll() (*epoll, error) {
	timer, _, errno := syscall.Syscall(syscall.SYS_TIMERFD_CREATE, clockMonotonic, syscall.O_CLOEXEC|syscall.O_NONBLOCK, 0)
	if errno != 0 {
		return nil, os.NewSyscallError("timerfd_create", errno)
	}
	fd, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil {
		_ = syscall.Close(int(timer))
		return nil, os.NewSyscallError("epoll_create1", err)
	}
	_ = syscall.SetNonblock(fd, true)
	e := &epoll{
		file: os.NewFile(uintptr(fd), "epoll"), timer: int(timer),
		events: make([]syscall.EpollEvent, 128),
	}
	if err = e.file.SetReadDeadline(time.Time{}); err == nil { // fails where the runtime cannot watch it
		e.raw, err = e.file.SyscallConn()
	}
	if err == nil {
		event := syscall.EpollEvent{Events: syscall.EPOLLIN, Fd: tickIndex}
		err = os.NewSyscallError("epoll_ctl", syscall.EpollCtl(fd, syscall.EPOLL_CTL_ADD, e.timer, &event))
	}
	if err != nil {
		e.close()
		e.free()
		return nil, err
	}
	return e, nil
}

// clockMonotonic is CLOCK_MONOTONIC of time.h.
const clockMonotonic = 1

// setTick lets wait report a tick every d from now on; none if d is zero.
func (e *epoll) setTick(d time.Duration) error {
	each := syscall.NsecToTimespec(int64(d))
	spec := struct{ interval, value syscall.Timespec }{each, each} // itimerspec
	_, _, errno := syscall.Syscall6(syscall.SYS_TIMERFD_SETTIME, uintptr(e.timer), 0, uintptr(unsafe.Pointer(&spec)), 0, 0, 0)
	if errno != 0 {
		return os.NewSyscallError("timerfd_settime", errno)
	}
	return nil
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

// wait appends the keys of sockets that have something to read, and reports
// whether there was a tick. It waits for either, or until e is closed. One
// goroutine may call it.
func (e *epoll) wait(ks []key) (_ []key, tick bool, err error) {
	n := 0
	err = e.raw.Read(func(fd uintptr) bool {
		n, _ = retry(func() (int, error) { return syscall.EpollWait(int(fd), e.events, 0) })
		return n > 0
	})
	for _, event := range e.events[:max(n, 0)] {
		if event.Fd == tickIndex {
			tick = true
			var expired [8]byte
			_, _ = syscall.Read(e.timer, expired[:]) // or it would not tick again
		} else {
			ks = append(ks, key{event.Fd, event.Pad})
		}
	}
	return ks, tick, err
}

// close ends wait. When that has returned, free must be called.
func (e *epoll) close() { _ = e.file.Close() }

// free closes what wait may have been using.
func (e *epoll) free() { _ = syscall.Close(e.timer) }
