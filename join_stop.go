package duplex

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"sync"
	"time"
)

// haltAtStop halts the join at the end of Joiner.Stop. What it returns takes
// that back and reports whether it came in time; if so, the caller counts the
// event as done.
func (m *merge) haltAtStop() (unhalt func() bool) {
	if m.Stop == nil {
		return func() bool { return false }
	}
	m.events.Add(1)
	return context.AfterFunc(m.Stop, func() {
		defer m.events.Done()
		m.halt()
	})
}

// halt ends the reading of both directions. Writes under way go on: what has
// been read is on its way.
func (m *merge) halt() {
	m.mu.Lock()
	m.halted = true
	m.mu.Unlock()
	for i := range m.dirs {
		d := &m.dirs[i]
		d.quit.Store(true)
		if r, ok := d.src.(readDeadliner); !ok || r.SetReadDeadline(past) != nil {
			m.mu.Lock()
			d.deaf = true
			m.mu.Unlock()
		}
	}
	m.closeDeaf()
}

// halting reports whether d's failed read is only how it was halted.
func (m *merge) halting(d *direction) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.halted && (d.deaf || isTimeout(d.err))
}

// closeDeaf closes the sources of a halted join whose reads cannot be ended
// otherwise, once nothing is written to them any more. Of two such sources
// neither can wait for the other: both are ended and closed, and a write that
// this cuts is a failed one.
func (m *merge) closeDeaf() {
	m.mu.Lock()
	var deaf []int
	both := m.dirs[0].deaf && m.dirs[1].deaf
	for i := range m.dirs {
		if d := &m.dirs[i]; d.deaf && !d.shut && (both || m.dirs[1-i].result.Reason != Running) {
			d.shut = true
			deaf = append(deaf, i)
		}
	}
	m.mu.Unlock()
	for _, i := range deaf {
		if src := m.dirs[i].src; both && CanCloseWrite(src) {
			if err := src.CloseWrite(); err != nil {
				m.mu.Lock()
				m.settle(&m.dirs[1-i], WriteFailed, err)
				m.mu.Unlock()
			}
		}
	}
	for _, i := range deaf {
		_ = m.dirs[i].src.Close()
	}
}

// isShut reports whether closeDeaf has ended the source of d.
func (m *merge) isShut(d *direction) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return d.shut
}

// errUndecoded is the failure of a direction that was stopped in the middle of
// what its source decodes.
var errUndecoded = fmt.Errorf("what the source decodes had not come to its end: %w", io.ErrUnexpectedEOF)

// undecoded returns errUndecoded if d was stopped while a decoder may hold what
// it could not decode yet.
func (d *direction) undecoded(why Reason) error {
	if why != Stopped {
		return nil
	}
	for s := d.src; ; {
		if l, ok := s.(*Layered); ok && l.dec.unfinished() {
			return errUndecoded
		}
		u, ok := s.(interface{ Unwrap() Stream })
		if !ok {
			return nil
		}
		s = u.Unwrap()
	}
}

// unfinished reports whether a stage has begun with something that it may hold
// a part of.
func (r *transformReader) unfinished() bool {
	for _, s := range r.stages {
		switch s := s.(type) {
		case *pullReader:
			if !s.ended && s.err != io.EOF && (s.dec != nil || s.err != nil) {
				return true
			}
		case *pushReader:
			if _, keeps := s.enc.enc.(*mapper); s.enc.enc != nil && !keeps && s.err != io.EOF {
				return true
			}
		}
	}
	return false
}

// closeBoth closes both sources. A halted join may have to wait for either
// peer, and then does so for both at once.
func (m *merge) closeBoth(ctx context.Context) {
	a, b := &m.dirs[0], &m.dirs[1]
	if m.halted {
		var other sync.WaitGroup
		other.Go(func() { m.close(ctx, b, a) })
		m.close(ctx, a, b)
		other.Wait()
		return
	}
	m.close(ctx, a, b)
	m.close(ctx, b, a)
}

// closeStopped closes a stream that has not been read to its end, after the
// writing to it has ended. Its peer may still be sending: what it sends is
// dropped for a while, below wrappers that would count or copy it, so that the
// close sends no reset ahead of what the peer has not read yet.
func closeStopped(ctx context.Context, s Stream) {
	if below := bare(s); cuts(below) {
		if r, ok := below.(readDeadliner); ok {
			_ = r.SetReadDeadline(time.Time{})
		}
		ctx, cancel := context.WithTimeout(ctx, drainTime)
		defer cancel()
		_ = Shutdown(ctx, below)
	}
	_ = s.Close()
}

// cuts reports whether the close of s can cut off what was written to it: where
// both directions lead to the same peer. Where they do not, as with standard
// input and output, there is nobody to wait for.
func cuts(s Stream) bool {
	switch s.(type) {
	case Aborter, *tls.Conn:
		return true
	}
	return streamSocket(s) != nil
}
