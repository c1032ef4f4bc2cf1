package duplex_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/duplex-go/duplex"
)

// callSchedule plays a fuzz input on two ends in virtual time, and holds what their
// calls return against a simple model: what was said on one end arrives on the
// other in order, whole and once, the end after the last byte and only after an
// orderly one, and an error is one that something done before explains.
//
// Every two bytes of the input are an operation and its argument. Calls that may
// block run in goroutines; after most operations the schedule waits until
// everything has come to rest, and then no call may still be pending that could
// go on.
type callSchedule struct {
	t    *testing.T
	ends [2]*scheduled
	// relayed says that the ends belong to different pairs, which a join
	// connects, so that how one was given up shows on the other in other words.
	relayed bool
	// loose says that an end may come without the peer's: the end policy or a
	// bound of the join allows it.
	loose  bool
	cancel func() // one more way to fail; nil if there is none

	mu       sync.Mutex // guards all below and the ends' fields
	trouble  bool       // something but an orderly end was done
	failures []string
}

// scheduled is one end and what the model knows of it.
type scheduled struct {
	*duplex.PairEnd
	mark int

	reading, writing bool // a call is pending
	pending          int  // how much the pending write has

	said, heard int  // bytes that returned writes took, that reads gave
	eof         bool // the peer's end has been read
	broken      bool // an abort has been read

	orderly bool // ended, or closed, before any abort
	aborted bool // given up by an abort
	gone    bool // closed or aborted
	ended   bool // CloseWrite was called
	deaf    bool // CloseRead was called

	rlimit, wlimit limit
}

// limit is a deadline: now, and the earliest since everything was at rest.
type limit struct{ now, earliest time.Time }

func (l *limit) set(at time.Time) {
	l.now = at
	if !at.IsZero() && (l.earliest.IsZero() || at.Before(l.earliest)) {
		l.earliest = at
	}
}

// explains reports whether a call may return a timeout.
func (l *limit) explains() bool { return !l.earliest.IsZero() && !time.Now().Before(l.earliest) }

// passed reports whether no call may be pending.
func (l *limit) passed() bool { return !l.now.IsZero() && !time.Now().Before(l.now) }

var errScheduled = errors.New("as scheduled")

// scheduleText is what both ends say.
var scheduleText = pattern(1 << 20)

// scheduleMarks are the high-water marks that an input can choose.
var scheduleMarks = [...]int{1, 2, 3, 7, 16, 100, 5000, 70_000}

func newCallSchedule(t *testing.T, a, b *duplex.PairEnd, marks [2]int) *callSchedule {
	return &callSchedule{t: t, ends: [2]*scheduled{{PairEnd: a, mark: marks[0]}, {PairEnd: b, mark: marks[1]}}}
}

func (s *callSchedule) failf(format string, args ...any) {
	s.failures = append(s.failures, fmt.Sprintf(format, args...))
}

// play runs the operations, at most 100 of them.
func (s *callSchedule) play(ops []byte) {
	for i := 0; i+1 < len(ops) && i < 200; i += 2 {
		op, arg := ops[i], int(ops[i+1])
		x, peer := s.ends[op>>4&1], s.ends[1-op>>4&1]
		s.do(op&15, arg, [...]int{1, 1, 40, 300}[op>>6], x, peer)
		if op>>5&1 == 0 {
			s.rest()
		}
	}
}

// do starts or does one operation on x.
func (s *callSchedule) do(op byte, arg, scale int, x, peer *scheduled) {
	soon := func() time.Time {
		if arg == 0 {
			return time.Time{}
		}
		return time.Now().Add(time.Duration(arg-20) * time.Millisecond)
	}
	switch op {
	case 0, 1, 2:
		s.write(x, peer, arg*scale)
	case 3, 4, 5:
		s.read(x, peer, arg*scale)
	case 6:
		s.readAll(x, peer)
	case 7, 8:
		s.note(func() { x.ended, x.orderly = true, x.orderly || !x.gone })
		_ = x.CloseWrite()
	case 9:
		s.note(func() { s.trouble = true; x.orderly = x.orderly || !x.gone; x.gone = true })
		_ = x.Close()
	case 10:
		s.note(func() { s.trouble = true; x.aborted = x.aborted || !x.gone; x.gone = true })
		_ = x.Abort(errScheduled)
	case 11:
		s.note(func() { s.trouble = true; x.deaf = true })
		_ = x.CloseRead()
	case 12:
		s.note(func() { x.rlimit.set(soon()) })
		_ = x.SetReadDeadline(soon())
	case 13:
		s.note(func() { x.wlimit.set(soon()) })
		_ = x.SetWriteDeadline(soon())
	case 14:
		s.rest()
		time.Sleep(time.Duration(arg) * time.Millisecond)
	case 15:
		if s.cancel != nil {
			s.note(func() { s.trouble = true })
			s.cancel()
		}
	}
}

func (s *callSchedule) note(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
}

// write says the next n bytes in a goroutine, unless a write is pending.
func (s *callSchedule) write(x, peer *scheduled, n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if x.writing || x.said+n > len(scheduleText) {
		return
	}
	x.writing, x.pending = true, n
	hopeless := x.gone || x.ended || !s.relayed && (peer.gone || peer.deaf)
	p := scheduleText[x.said:][:n]
	go func() {
		got, err := x.Write(p)
		s.mu.Lock()
		defer s.mu.Unlock()
		x.writing = false
		x.said += got
		switch {
		case got < 0 || got > n || err == nil && got < n:
			s.failf("write of %d: %d, %v", n, got, err)
		case err == nil && hopeless:
			s.failf("write of %d works, but nobody can get it", n)
		case err != nil && !s.explainsWrite(x, peer, err):
			s.failf("nothing explains that a write fails: %v", err)
		}
	}()
}

func (s *callSchedule) explainsWrite(x, peer *scheduled, err error) bool {
	switch {
	case errors.Is(err, net.ErrClosed):
		return x.gone && (!x.aborted || errors.Is(err, errScheduled))
	case errors.Is(err, os.ErrDeadlineExceeded) && !errors.Is(err, duplex.ErrAborted):
		return x.wlimit.explains()
	case err == duplex.ErrEnded:
		return x.ended
	case s.relayed:
		// A write that CloseWrite stops may find the join over before it looks.
		return err == duplex.ErrPeerClosed && x.ended ||
			(errors.Is(err, duplex.ErrAborted) || err == duplex.ErrPeerClosed) && (s.trouble || s.loose)
	case err == duplex.ErrPeerClosed:
		return peer.deaf || peer.gone && !peer.aborted
	}
	return errors.Is(err, duplex.ErrAborted) && errors.Is(err, errScheduled) && peer.aborted
}

// read asks for n bytes in a goroutine, unless a read is pending.
func (s *callSchedule) read(x, peer *scheduled, n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if x.reading {
		return
	}
	x.reading = true
	hopeless := x.gone || x.deaf
	go func() {
		p := make([]byte, n)
		got, err := x.Read(p)
		s.mu.Lock()
		defer s.mu.Unlock()
		x.reading = false
		if got < 0 || got > n || got > 0 && err != nil || got == 0 && n > 0 && err == nil || err == nil && hopeless {
			s.failf("read of %d: %d, %v", n, got, err)
			return
		}
		s.hear(x, peer, p[:got])
		s.readOver(x, peer, err)
	}()
}

// readAll reads until the end by WriteTo, which takes whole buffers.
func (s *callSchedule) readAll(x, peer *scheduled) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if x.reading {
		return
	}
	x.reading = true
	go func() {
		_, err := x.WriteTo(writerFunc(func(p []byte) (int, error) {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.hear(x, peer, p)
			return len(p), nil
		}))
		s.mu.Lock()
		defer s.mu.Unlock()
		x.reading = false
		if err == nil {
			err = io.EOF
		}
		s.readOver(x, peer, err)
	}()
}

// hear takes what x has read.
func (s *callSchedule) hear(x, peer *scheduled, p []byte) {
	switch {
	case len(p) > 0 && (x.eof || x.broken):
		s.failf("%d bytes come after the end", len(p))
	case x.heard+len(p) > len(scheduleText) || !bytes.Equal(p, scheduleText[x.heard:][:len(p)]):
		s.failf("%d bytes behind %d are not what was said", len(p), x.heard)
	}
	x.heard += len(p)
}

// readOver takes the error of a read.
func (s *callSchedule) readOver(x, peer *scheduled, err error) {
	ok := true
	switch {
	case err == nil:
	case err == io.EOF:
		x.eof = true
		ok = peer.orderly || s.loose && x.orderly || s.loose && s.trouble
	case errors.Is(err, net.ErrClosed) && !errors.Is(err, duplex.ErrAborted):
		ok = x.deaf || x.gone && (!x.aborted || errors.Is(err, errScheduled))
	case errors.Is(err, duplex.ErrAborted):
		x.broken = true
		ok = peer.aborted && !peer.orderly && errors.Is(err, errScheduled) || s.relayed && (s.trouble || s.loose)
	case errors.Is(err, os.ErrDeadlineExceeded):
		ok = x.rlimit.explains()
	default:
		ok = false
	}
	if !ok {
		s.failf("nothing explains that a read fails: %v", err)
	}
}

// rest waits until everything has come to rest, and looks at what is pending.
func (s *callSchedule) rest() {
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, x := range s.ends {
		s.look(i, x, s.ends[1-i])
		x.rlimit.earliest, x.wlimit.earliest = x.rlimit.now, x.wlimit.now
	}
	if len(s.failures) > 0 {
		s.t.Fatal(s.failures)
	}
}

// look checks that what x says and what it still waits for fit together.
func (s *callSchedule) look(i int, x, peer *scheduled) {
	in, out := x.Waiting()
	most := peer.said
	if peer.writing {
		most += peer.pending
	}
	if x.heard > most || in > x.mark || out > x.mark {
		s.failf("end %d: %d heard of %d, %d wait, %d out, the mark is %d", i, x.heard, most, in, out, x.mark)
	}
	lossy := x.gone || x.deaf
	if !s.relayed && !lossy && (x.heard+in < peer.said || x.heard+in > most) {
		s.failf("end %d: %d heard and %d wait of %d", i, x.heard, in, peer.said)
	}
	if (x.eof && !s.loose || x.broken && !s.relayed) && !lossy && x.heard < peer.said {
		s.failf("end %d: the end came after %d of %d", i, x.heard, peer.said)
	}
	if x.reading {
		over := (peer.orderly || peer.gone) && !s.loose
		if lossy || over || x.rlimit.passed() || in > 0 || x.heard < peer.said {
			s.failf("end %d: a read is pending: %+v, peer %+v", i, *x, *peer)
		}
	}
	if x.writing {
		free := x.mark - out
		if x.gone || x.ended || peer.gone || peer.deaf || x.wlimit.passed() || free >= (x.mark+1)/2 {
			s.failf("end %d: a write is pending with %d free: %+v, peer %+v", i, free, *x, *peer)
		}
	}
}

// finish brings both ends to their end, in order where they can be, and checks
// that nothing was lost.
func (s *callSchedule) finish() {
	for i, x := range s.ends {
		_ = x.SetDeadline(time.Time{})
		s.note(func() { x.rlimit.set(time.Time{}); x.wlimit.set(time.Time{}) })
		s.rest()
		s.readAll(x, s.ends[1-i])
	}
	s.rest() // both hear: what was being written has gone
	for _, x := range s.ends {
		s.note(func() { x.ended, x.orderly = true, x.orderly || !x.gone })
		_ = x.CloseWrite()
	}
	s.rest()
	for i, x := range s.ends {
		if s.loose || x.gone || x.deaf {
			continue
		}
		if x.reading { // an earlier read was pending instead
			s.t.Errorf("end %d: still reads", i)
		} else if !x.eof && !x.broken {
			s.readAll(x, s.ends[1-i])
		}
	}
	s.rest()
	for i, x := range s.ends {
		if peer := s.ends[1-i]; !s.trouble && !s.loose && (!x.eof || x.heard != peer.said) {
			s.t.Errorf("end %d: heard %d of %d in order, end %v", i, x.heard, peer.said, x.eof)
		}
		_ = x.Close()
	}
	synctest.Wait()
	for i, x := range s.ends {
		if x.reading || x.writing {
			s.t.Errorf("end %d: a call is pending after Close", i)
		}
	}
}
