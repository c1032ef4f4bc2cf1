package relay

import (
	"context"
	"fmt"

	"github.com/duplex-go/duplex"
	"golang.org/x/time/rate"
)

// limited returns a with the limits of the relay on both of its directions.
// Waiting for the rate ends with ctx.
func (r *Relay) limited(ctx context.Context, a duplex.Stream) duplex.Stream {
	if r.Rate <= 0 && r.MaxBytes <= 0 {
		return a
	}
	in, out := r.newLimit(ctx), r.newLimit(ctx)
	return duplex.Wrap(a, duplex.Hooks{
		Read: func(p []byte) (int, error) {
			n, err := a.Read(p[:in.step(len(p))])
			n, lerr := in.pass(n)
			if lerr != nil {
				err = lerr
			}
			return n, err
		},
		Write: func(p []byte) (n int, err error) {
			for err == nil && n < len(p) {
				step, lerr := out.pass(out.step(len(p) - n))
				step, err = a.Write(p[n : n+step])
				n += step
				if err == nil {
					err = lerr
				}
			}
			return n, err
		},
	})
}

// limit is what one direction may still do.
type limit struct {
	ctx  context.Context
	rate *rate.Limiter // nil: any
	most int64         // 0: any
	had  int64
}

func (r *Relay) newLimit(ctx context.Context) *limit {
	l := &limit{ctx: ctx, most: r.MaxBytes}
	if r.Rate > 0 {
		// A tenth of a second may go at once: smooth, and not a call a byte.
		l.rate = rate.NewLimiter(rate.Limit(r.Rate), int(max(r.Rate/10, 1)))
	}
	return l
}

// step returns how many of want bytes may be moved by one call.
func (l *limit) step(want int) int {
	if l.rate != nil {
		want = min(want, l.rate.Burst())
	}
	return want
}

// pass returns how many of n bytes are allowed, once the rate allows them; an
// error says why not all of them are, or that ctx has ended.
func (l *limit) pass(n int) (int, error) {
	var err error
	if rest := l.most - l.had; l.most > 0 && int64(n) > rest {
		n, err = int(rest), fmt.Errorf("%w: %d", ErrTooLarge, l.most)
	}
	l.had += int64(n)
	if l.rate == nil || n == 0 {
		return n, err
	}
	if werr := l.rate.WaitN(l.ctx, n); werr != nil {
		if l.ctx.Err() != nil {
			werr = context.Cause(l.ctx)
		}
		return 0, werr
	}
	return n, err
}
