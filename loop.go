package duplex

import (
	"errors"
	"sync"
	"time"
)

// loop is a stream that reads what was written to it: a bounded buffer between
// a writer and a reader, and the ground that a transform stands on alone.
type loop struct {
	q    queue
	shut sync.Once // both sides are given up in one, for one reason
}

func newLoop() *loop {
	l := new(loop)
	l.q.init(0)
	return l
}

func (l *loop) Read(p []byte) (int, error)  { return l.q.read(p) }
func (l *loop) Write(p []byte) (int, error) { return l.q.write(p) }
func (l *loop) CloseWrite() error           { return l.q.end() }

func (l *loop) Close() error {
	l.giveUp(ErrClosed)
	return nil
}

// Abort gives up the stream; both sides get cause.
func (l *loop) Abort(cause error) error {
	l.giveUp(closedError(cause))
	return nil
}

func (l *loop) giveUp(own error) {
	l.shut.Do(func() {
		l.q.closeWriter(own, own)
		l.q.closeReader(own, own)
	})
}

// stopRead makes writes fail with cause: nobody will read what they write.
func (l *loop) stopRead(cause error) { l.q.closeReader(cause, cause) }

// discard drops what waits and what is written from now on: the reader has all
// that it wants.
func (l *loop) discard() { l.q.discard() }

// stopWrite makes reads fail with cause after what waits: there will be no
// more.
func (l *loop) stopWrite(cause error) { l.q.closeWriter(cause, cause) }

func (l *loop) SetReadDeadline(t time.Time) error  { return l.q.setReadDeadline(t) }
func (l *loop) SetWriteDeadline(t time.Time) error { return l.q.setWriteDeadline(t) }

func (l *loop) SetDeadline(t time.Time) error {
	return errors.Join(l.SetReadDeadline(t), l.SetWriteDeadline(t))
}
