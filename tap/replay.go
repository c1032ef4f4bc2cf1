package tap

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/duplex-go/duplex"
)

// Replay says how to play a recording. The zero value plays what the recorded
// stream sent, at the speed at which it did.
type Replay struct {
	// Side is the direction whose bytes are sent: Out, what the tapped stream
	// said, to stand in for it; Back to stand in for its peer.
	Side Direction
	// Speed is how many times faster than it was; 0 means 1. Negative means
	// without any waiting.
	Speed float64
	// Check compares what comes back with the recording.
	Check bool
	// Received, if set, gets what comes back.
	Received io.Writer
}

// ErrDiffers is matched by the error of a replay whose answer is not the
// recorded one.
var ErrDiffers = errors.New("tap: answer differs from the recording")

// Play sends one side of a recording to s, at the recorded times, with its end
// where that was recorded, and reads what comes back until that ends. It owns
// s and has closed it when it returns. The end of ctx aborts s.
func (r Replay) Play(ctx context.Context, p *Player, s duplex.Stream) error {
	stop := context.AfterFunc(ctx, func() { _ = duplex.Abort(s, context.Cause(ctx)) })
	defer stop()
	defer s.Close()
	// Both directions of the recording come from one file: the sender puts
	// what is expected where the receiver finds it.
	expected := &expectation{check: r.Check, to: r.Received}
	received := make(chan error, 1)
	go func() { received <- expected.receive(s) }()
	serr := r.send(ctx, p, s, expected)
	if serr != nil {
		_ = duplex.Abort(s, serr)
	}
	rerr := <-received
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case serr != nil:
		return serr
	case rerr != nil:
		return rerr
	case r.Check:
		return expected.verdict()
	}
	return nil
}

// send plays the events of r.Side and hands the others to expected.
func (r Replay) send(ctx context.Context, p *Player, s duplex.Stream, expected *expectation) error {
	start := time.Now()
	ended := false
	for {
		e, err := p.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		if e.Dir != r.Side {
			expected.expect(e)
			continue
		}
		if err := r.wait(ctx, start, e.At); err != nil {
			return err
		}
		switch {
		case e.Err != "":
			return fmt.Errorf("tap: recorded here: %s", e.Err)
		case e.End:
			ended = true
			err = s.CloseWrite()
		default:
			_, err = s.Write(e.Data)
		}
		if err != nil {
			return err
		}
	}
	if !ended {
		return s.CloseWrite() // a recording that was cut short
	}
	return nil
}

// wait waits until at has come since start.
func (r Replay) wait(ctx context.Context, start time.Time, at time.Duration) error {
	speed := r.Speed
	if speed < 0 {
		return nil
	}
	if speed == 0 {
		speed = 1
	}
	t := time.NewTimer(time.Until(start.Add(time.Duration(float64(at) / speed))))
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// maxAhead bounds how much of an answer may wait for the part of the recording
// that it is compared with.
const maxAhead = 64 << 20

// expectation compares what comes back with what should, as both come.
type expectation struct {
	check bool
	to    io.Writer

	mu     sync.Mutex // guards all below
	ahead  []byte     // what one side has and the other has not yet
	wanted bool       // whose that is: the recording's
	same   int64      // how many bytes were equal
	err    error      // the first difference
}

// expect takes an event of the recording.
func (x *expectation) expect(e Event) {
	if x.check {
		x.match(e.Data, true)
	}
}

// match takes bytes of one side and compares them with those of the other.
func (x *expectation) match(p []byte, wanted bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.err != nil {
		return
	}
	if x.wanted != wanted {
		n := min(len(p), len(x.ahead))
		for i, c := range p[:n] {
			if c != x.ahead[i] {
				want, got := x.ahead[i], c
				if wanted {
					want, got = got, want
				}
				x.err = fmt.Errorf("%w: at byte %d: %#02x instead of %#02x", ErrDiffers, x.same+int64(i), got, want)
				return
			}
		}
		x.same += int64(n)
		x.ahead, p = x.ahead[n:], p[n:]
	}
	if len(p) == 0 {
		return
	}
	x.ahead, x.wanted = append(x.ahead, p...), wanted
	if !wanted && len(x.ahead) > maxAhead {
		x.err = fmt.Errorf("%w: more than %d bytes too many", ErrDiffers, maxAhead)
	}
}

// receive takes what comes until its end.
func (x *expectation) receive(s duplex.Stream) error {
	for p, err := range duplex.Chunks(s) {
		if err != nil {
			return err
		}
		if x.check {
			x.match(p, false)
		}
		if x.to != nil {
			if _, err := x.to.Write(p); err != nil {
				return err
			}
		}
	}
	return nil
}

// verdict returns the difference, once both sides are complete.
func (x *expectation) verdict() error {
	x.mu.Lock()
	defer x.mu.Unlock()
	switch {
	case x.err != nil || len(x.ahead) == 0:
		return x.err
	case x.wanted:
		return fmt.Errorf("%w: it ends after %d bytes, %d too few", ErrDiffers, x.same, len(x.ahead))
	}
	return fmt.Errorf("%w: it goes on after %d bytes", ErrDiffers, x.same)
}
