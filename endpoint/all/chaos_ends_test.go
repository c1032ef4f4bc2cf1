package all_test

import (
	"errors"
	"sync/atomic"
	"time"

	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/duplextest"
)

// user is a stream whose user gives it up once a call of its own is made to fail.
type user struct{ duplex.Stream }

func (u user) Read(p []byte) (int, error) {
	n, err := u.Stream.Read(p)
	return n, u.check(err)
}

func (u user) Write(p []byte) (int, error) {
	n, err := u.Stream.Write(p)
	return n, u.check(err)
}

func (u user) CloseWrite() error { return u.check(u.Stream.CloseWrite()) }

func (u user) check(err error) error {
	if errors.Is(err, duplextest.ErrInjected) {
		_ = duplex.Abort(u.Stream, err)
	}
	return err
}

func (u user) Unwrap() duplex.Stream { return u.Stream }

// meter knows what has been written to a stream.
type meter struct {
	duplex.Stream
	written atomic.Int64
	writing atomic.Bool
}

func (m *meter) Write(p []byte) (int, error) {
	m.writing.Store(true)
	defer m.writing.Store(false)
	n, err := m.Stream.Write(p)
	m.written.Add(int64(n))
	return n, err
}

func (m *meter) Unwrap() duplex.Stream { return m.Stream }

// pausing is a stream whose reader stops reading, once and at a place, until its
// writer is stuck or has done.
type pausing struct {
	duplex.Stream
	writer *meter
	place  int // bytes that are read before
	read   int
	held   *int // how often a writer was stuck
}

func (p *pausing) Read(b []byte) (int, error) {
	if p.read >= p.place && p.place > 0 {
		p.place = 0
		p.pause()
	}
	n, err := p.Stream.Read(b)
	p.read += n
	return n, err
}

// pause waits until nothing has been written for a while.
func (p *pausing) pause() {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for before := int64(-1); ; {
		<-tick.C
		now := p.writer.written.Load()
		if now == before {
			break
		}
		before = now
	}
	if p.writer.writing.Load() {
		*p.held++
	}
}

func (p *pausing) Unwrap() duplex.Stream { return p.Stream }
