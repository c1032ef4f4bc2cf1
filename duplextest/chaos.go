package duplextest

import (
	"cmp"
	"math/rand/v2"
	"time"

	"github.com/duplex-go/duplex"
)

// Chaos makes a bad stream of a good one. The zero value does nothing.
//
// What happens is drawn from Seed, for Reads, Writes and CloseWrites each on
// their own: the same calls meet the same fate, in whatever order the two
// directions make them. Waiting is on timers and channels only, so that inside
// testing/synctest hours pass in no time. The chances are per call, between 0
// and 1.
//
// Splitting and waiting a program must bear without a difference. A failure or
// a cut it must pass on as an error, never as an end.
type Chaos struct {
	// Seed starts the draws.
	Seed uint64

	// Split is the chance that a Read returns less than it could, and that a
	// Write takes place in several.
	Split float64

	// Delay is the longest time that a Read, a Write or a CloseWrite is held
	// up. Each waits for a part of it. Zero holds up none.
	Delay time.Duration

	// Stall is the chance that a call waits for StallTime in place of a delay.
	// Zero StallTime is a minute.
	Stall     float64
	StallTime time.Duration

	// Fail is the chance that a call fails, with nothing done or a part of it;
	// its direction is then over, and the peer sees nothing of it yet.
	Fail float64

	// Cut is the chance that a call finds the stream reset. The peer then sees
	// an abort.
	Cut float64
}

// Stream returns s with this chaos on it. Of two ends of a stream, give each a
// seed of its own.
func (c Chaos) Stream(s duplex.Stream) *Tampered {
	c.StallTime = cmp.Or(c.StallTime, time.Minute)
	d := &draws{Chaos: c}
	for op := range d.from {
		d.from[op].Seed(c.Seed, uint64(op))
	}
	return tamper(s, d)
}

// draws is a Chaos under way.
type draws struct {
	Chaos
	from [OpCloseWrite + 1]rand.PCG
}

func (d *draws) next(op Op, _, _ int) step {
	if op > OpCloseWrite {
		return step{} // closing always works, and deadlines too
	}
	r := rand.New(&d.from[op])
	var s step
	if d.Delay > 0 {
		s.wait = 1 + time.Duration(r.Int64N(int64(d.Delay)))
	}
	if draw(r, d.Stall) {
		s.wait = d.StallTime
	}
	if draw(r, d.Split) {
		s.split = r.Float64()
	}
	if draw(r, d.Fail) {
		s.fail, s.err = refuse, ErrInjected
		if r.IntN(2) == 0 {
			s.fail = partial
		}
	}
	if draw(r, d.Cut) {
		s.fail, s.err = reset, errCut
	}
	if s.wait > 0 {
		s.wait = d.ownMoment(op, s.wait)
	}
	return s
}

// draw reports true with a chance; a chance of zero draws nothing.
func draw(r *rand.Rand, chance float64) bool {
	return chance > 0 && r.Float64() < chance
}

// moments is how many streams' directions never act in the same nanosecond.
const moments = 256

// ownMoment lengthens wait by up to 256 ns, so that calls of another kind, or of
// a stream with a neighbouring seed, wake at another nanosecond. In virtual time
// that leaves one order for what happens, which a seed can bring back.
func (d *draws) ownMoment(op Op, wait time.Duration) time.Duration {
	own := int64((d.Seed*4 + uint64(op)) % moments)
	wake := time.Now().Add(wait).UnixNano()
	return wait + time.Duration(((own-wake)%moments+moments)%moments)
}
