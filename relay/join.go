package relay

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/endpoint"
	"github.com/duplex-go/duplex/internal/redact"
	"github.com/duplex-go/duplex/tap"
)

// errTimeout is the cause of a join that took longer than Relay.Timeout.
var errTimeout = fmt.Errorf("took longer than its timeout: %w", os.ErrDeadlineExceeded)

// join joins a and b, which it owns, and tells what happens. The end of stop
// ends it in order, that of ctx cuts it.
func (r *Relay) join(ctx, stop context.Context, a, b duplex.Stream, peer string) error {
	info := Info{ID: r.serials.Add(1), Peer: peer}
	if r.Events.Opened != nil {
		r.Events.Opened(info)
	}
	began := time.Now()
	result, err := r.run(ctx, stop, a, b, info)
	if err != nil {
		err = r.explain(result, err)
	}
	if r.Events.Ended != nil {
		r.Events.Ended(info, result, time.Since(began), err)
	}
	return err
}

// run dresses a and b and joins them.
func (r *Relay) run(ctx, stop context.Context, a, b duplex.Stream, info Info) (duplex.Result, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if r.Timeout > 0 {
		var stop context.CancelFunc
		ctx, stop = context.WithTimeoutCause(ctx, r.Timeout, errTimeout)
		defer stop()
	}
	var taps []tap.Tap
	if r.Taps != nil {
		var err error
		taps, err = r.Taps(info)
		defer closeTaps(taps)
		if err != nil {
			_, _ = duplex.Abort(a, err), duplex.Abort(b, err)
			return duplex.Result{}, err
		}
	}
	b = r.coded(b)
	a = tap.On(r.limited(ctx, a), taps...)

	traffic := new(duplex.Traffic)
	r.live.Store(traffic, nil)
	defer func() {
		r.live.Delete(traffic)
		r.ab.Add(traffic.AB())
		r.ba.Add(traffic.BA())
	}()
	joiner := duplex.Joiner{
		Linger:  r.bound("linger", r.Linger, -1),
		Idle:    r.bound("idle", r.Idle, 0),
		End:     r.End,
		Traffic: traffic,
		Stop:    stop,

		Observer: r.Observer,
		Names:    [2]string{r.A.String(), r.B.String()},
	}
	return joiner.Join(ctx, a, b)
}

// bound returns the shorter of the endpoints' options of that name, or set if
// there is none; off stands for an option of 0.
func (r *Relay) bound(option string, set, off time.Duration) time.Duration {
	shortest := time.Duration(-1)
	for _, s := range []*endpoint.Spec{r.A, r.B} {
		if !s.Options.Has(option) {
			continue
		}
		if d := s.Options.Duration(option, 0); shortest <= 0 || d > 0 && d < shortest {
			shortest = d
		}
	}
	switch shortest {
	case -1:
		return set
	case 0:
		return off
	}
	return shortest
}

// explain says err with the endpoints' names in it.
func (r *Relay) explain(result duplex.Result, err error) error {
	from, to := r.A, r.B
	for _, d := range []duplex.Direction{result.AB, result.BA} {
		if d.Err != nil && d.Err == err {
			return &Error{From: from.String(), To: to.String(), Reason: d.Reason, Err: errors.Unwrap(err)}
		}
		from, to = to, from
	}
	return &Error{From: from.String(), To: to.String(), Err: err}
}

// Error says what ended a join, and in which direction. It unwraps to the
// cause.
type Error struct {
	From, To string        // the endpoints, in the direction that failed first
	Reason   duplex.Reason // why it stopped
	Err      error
}

// Error says it without the secrets that a cause may quote.
func (e *Error) Error() string {
	err := e.Err
	for {
		var op *net.OpError
		if !errors.As(err, &op) {
			break
		}
		err = op.Err // its addresses are the endpoints' again
	}
	if e.Reason == duplex.Running || e.Reason == duplex.Canceled {
		return fmt.Sprintf("%s to %s: %s", e.From, e.To, redact.Text(err.Error()))
	}
	return fmt.Sprintf("%s to %s: %v: %s", e.From, e.To, e.Reason, redact.Text(err.Error()))
}

func (e *Error) Unwrap() error { return e.Err }

func closeTaps(taps []tap.Tap) {
	for _, t := range taps {
		if c, ok := t.(io.Closer); ok {
			_ = c.Close()
		}
	}
}

// coded puts the codec on b, if there is one.
func (r *Relay) coded(b duplex.Stream) duplex.Stream {
	if r.Codec == nil {
		return b
	}
	return duplex.Layer(b, *r.Codec)
}

// ErrTooLarge is matched by the failure of a join that carried more than
// Relay.MaxBytes one way.
var ErrTooLarge = errors.New("more bytes than allowed")
