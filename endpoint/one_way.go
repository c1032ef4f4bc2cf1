package endpoint

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/duplex-go/duplex"
)

// oneWay is a stream of files or pipes, of which there may be only one.
//
// Without one to write to, writes fail: what somebody sends must not vanish.
// Without one to read from, reads wait for the end of the writing and then
// end: an end right away would tell the peer that nobody listens any more.
type oneWay struct {
	name string // for errors
	in   input  // nil if there is nothing to read from
	out  output // nil if there is nothing to write to

	readBy deadline // for reads without in
	ending sync.Once
	endErr error
	ended  chan struct{} // closed by the end of the writing
	gone   chan struct{} // closed by Close
	closed atomic.Bool
}

// output is a file, or stands for one.
type output interface {
	io.WriteCloser
	SetWriteDeadline(time.Time) error
}

func newOneWay(name string, in input, out output) *oneWay {
	return &oneWay{name: name, in: in, out: out, ended: make(chan struct{}), gone: make(chan struct{})}
}

func (s *oneWay) Read(p []byte) (int, error) {
	if s.closed.Load() {
		return 0, duplex.ErrClosed
	}
	if s.in != nil {
		n, err := s.in.Read(p)
		return n, s.why(err)
	}
	passed := s.readBy.passed()
	select { // a deadline that has passed comes first
	case <-passed:
		return 0, os.ErrDeadlineExceeded
	default:
	}
	select {
	case <-s.gone:
		return 0, duplex.ErrClosed
	case <-s.ended:
		return 0, io.EOF
	case <-passed:
		return 0, os.ErrDeadlineExceeded
	}
}

func (s *oneWay) Write(p []byte) (int, error) {
	switch {
	case s.closed.Load():
		return 0, duplex.ErrClosed
	case isClosed(s.ended):
		return 0, duplex.ErrEnded
	case s.out == nil && len(p) == 0:
		return 0, nil
	case s.out == nil:
		return 0, fmt.Errorf("%s is only read from", s.name)
	}
	n, err := s.out.Write(p)
	if err != nil && !s.closed.Load() && isClosed(s.ended) {
		return n, duplex.ErrEnded
	}
	return n, s.why(err)
}

// why returns the error of a call that Close has ended as ErrClosed.
func (s *oneWay) why(err error) error {
	if err != nil && s.closed.Load() {
		return duplex.ErrClosed
	}
	return err
}

func (s *oneWay) CloseWrite() error {
	s.ending.Do(func() {
		close(s.ended)
		if s.out != nil {
			s.endErr = s.out.Close()
		}
	})
	return s.endErr
}

func (s *oneWay) Close() error {
	if s.closed.Swap(true) {
		return nil
	}
	close(s.gone)
	s.readBy.set(noDeadline)
	err := s.CloseWrite()
	if s.in != nil {
		err = errors.Join(err, s.in.Close())
	}
	return err
}

func (s *oneWay) SetReadDeadline(t time.Time) error {
	switch {
	case s.closed.Load():
		return duplex.ErrClosed
	case s.in != nil:
		return s.why(s.in.SetReadDeadline(t))
	}
	s.readBy.set(t)
	return nil
}

func (s *oneWay) SetWriteDeadline(t time.Time) error {
	if s.out == nil || isClosed(s.ended) {
		return s.why(nil)
	}
	return s.why(s.out.SetWriteDeadline(t))
}

func (s *oneWay) SetDeadline(t time.Time) error {
	return errors.Join(s.SetReadDeadline(t), s.SetWriteDeadline(t))
}

// isClosed reports whether c is closed; nothing is ever sent on it.
func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
