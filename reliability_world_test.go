package duplex_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/duplextest"
)

// world is one simulation of a join in virtual time: two actors, a pair from
// each to the join, and chaos on both, all drawn from a seed. What happens in it
// has one order only, so that the seed brings it back to the byte: everybody
// acts in nanoseconds of his own.
type world struct {
	seed  uint64
	start time.Time
	trace bool // whether to keep what happened

	joiner   duplex.Joiner
	swapped  bool
	marks    [2]int
	chaos    [2]duplextest.Chaos
	actors   [2]actor
	tight    bool
	cancelAt time.Duration // 0: never

	joined   [2]*duplextest.Tampered
	result   duplex.Result
	err      error
	returned time.Duration
}

// actor is the program at one end. It says what it has to say in pieces and with
// pauses, and listens until that ends.
type actor struct {
	w       *world
	number  int
	s       *duplex.PairEnd
	says    []byte
	piece   int
	pause   time.Duration // the longest
	nap     time.Duration // once, while listening: the peer is clogged
	leaves  leaving
	leaveAt int // how much it says before it leaves

	speaking, listening actorLog

	said  int  // what its writes took
	ended bool // it ended or closed in order
	werr  error
	heard []byte
	rerr  error
}

// leaving is how an actor stops speaking.
type leaving uint8

const (
	ends      leaving = iota // CloseWrite after the last byte
	closes                   // Close in the middle
	aborts                   // Abort in the middle
	fallsMute                // says no more, and does not end
)

// errWalkedOut is why an actor aborts, errCalledOff why the join is cancelled
// and errStuck why the simulation is broken off.
var (
	errWalkedOut = errors.New("the actor walked out")
	errCalledOff = errors.New("the join was called off")
	errStuck     = errors.New("the simulation did not come to an end")
)

// newWorld draws a world.
func newWorld(seed uint64) *world {
	r := rand.New(rand.NewPCG(seed, 0x64757065))
	upTo := func(most float64) int { return int(math.Pow(most, r.Float64())) } // as often small as large
	chance := func(p float64) bool { return r.Float64() < p }

	w := &world{seed: seed, swapped: chance(0.5)}
	delay := time.Duration(upTo(1e9))
	for i := range 2 {
		w.marks[i] = upTo(100_000)
		a := &w.actors[i]
		a.w, a.number = w, i
		size := upTo(20_000) - 1
		a.says = speech[i<<19:][:size]
		a.piece = 1 + size/(1+r.IntN(15))
		a.pause = time.Duration(upTo(1e9))
		if chance(0.1) {
			a.nap = time.Duration(upTo(100e9))
		}
		if chance(0.15) {
			a.leaves = closes + leaving(r.IntN(3))
			a.leaveAt = r.IntN(size + 1)
		}
		// Neighbouring seeds, of which no two act in the same nanosecond.
		c := duplextest.Chaos{Seed: seed<<6 + uint64(i), Delay: delay}
		if chance(0.5) {
			c.Split = r.Float64() / 2
		}
		if chance(0.2) {
			c.Stall, c.StallTime = 0.05, time.Duration(upTo(200e9))
		}
		if chance(0.15) {
			c.Fail = 0.05
		}
		if chance(0.15) {
			c.Cut = 0.05
		}
		w.chaos[i] = c
	}
	for i := range w.marks { // many turns show no more than some
		w.marks[i] = max(w.marks[i], len(w.actors[0].says)/30, len(w.actors[1].says)/30)
	}
	switch {
	case chance(0.05):
		w.joiner.End = duplex.KeepOpen
	case chance(0.05):
		w.joiner.End = duplex.CloseBoth
	}
	w.joiner.Idle = time.Hour // falling mute must not hold the simulation up
	if chance(0.3) {
		w.tight = true // it may come to an end by its bounds
		w.joiner.Linger = time.Duration(upTo(100e9))
		w.joiner.Idle = time.Duration(upTo(200e9))
	}
	if chance(0.1) {
		w.cancelAt = time.Duration(upTo(100e9))
	}
	return w
}

// run lets the world happen, in a bubble of testing/synctest.
func (w *world) run() {
	w.start = time.Now()
	for i := range 2 {
		outer, inner := duplex.PairConfig{HighWaterMark: w.marks[i]}.Pair()
		w.actors[i].s = outer
		w.joined[i] = w.chaos[i].Stream(inner)
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	if w.cancelAt > 0 {
		w.cancelAt = w.moment(w.cancelAt, 250)
		defer time.AfterFunc(w.cancelAt, func() { cancel(errCalledOff) }).Stop()
	}
	stuck := time.AfterFunc(1000*time.Hour, func() {
		cancel(errStuck)
		for i := range 2 {
			_ = w.actors[i].s.Abort(errStuck)
		}
	})
	defer stuck.Stop()

	var wg sync.WaitGroup
	for i := range 2 {
		wg.Go(w.actors[i].speak)
		wg.Go(w.actors[i].listen)
	}
	x, y := duplex.Stream(w.joined[0]), duplex.Stream(w.joined[1])
	if w.swapped {
		w.result, w.err = w.joiner.Join(ctx, y, x)
		w.result.AB, w.result.BA = w.result.BA, w.result.AB
	} else {
		w.result, w.err = w.joiner.Join(ctx, x, y)
	}
	w.returned = time.Since(w.start)
	wg.Wait()
	for i := range 2 {
		_ = w.actors[i].s.Close()
	}
}

// moment returns the first time from d on, since the start, that is the own
// nanosecond of whoever has that number.
func (w *world) moment(d time.Duration, number int64) time.Duration {
	at := w.start.Add(d).UnixNano()
	return d + time.Duration(((number-at)%256+256)%256)
}

// actorLog is what one goroutine of an actor saw.
type actorLog struct {
	strings.Builder
	r      *rand.Rand
	number int64
}

func (w *world) log(actor, part int) actorLog {
	number := int64(100 + 2*actor + part)
	return actorLog{r: rand.New(rand.NewPCG(w.seed, uint64(number))), number: number}
}

// wait pauses for up to most.
func (w *world) wait(l *actorLog, most time.Duration) {
	d := time.Since(w.start) + time.Duration(l.r.Int64N(int64(most)+1)) + 1
	time.Sleep(w.moment(d, l.number) - time.Since(w.start))
}

func (w *world) note(l *actorLog, what string, n int, err error) {
	if w.trace {
		fmt.Fprintf(l, "%d %v %s %d %s\n", l.number, time.Since(w.start), what, n, kindOf(err))
	}
}

func (a *actor) speak() {
	w := a.w
	a.speaking = w.log(a.number, 0)
	l := &a.speaking
	upTo := len(a.says)
	if a.leaves != ends {
		upTo = a.leaveAt
	}
	for a.said < upTo {
		w.wait(l, a.pause)
		n, err := a.s.Write(a.says[a.said:min(upTo, a.said+a.piece)])
		w.note(l, "write", n, err)
		a.said += n
		if err != nil {
			a.werr = err
			return
		}
	}
	w.wait(l, a.pause)
	switch a.leaves {
	case ends:
		a.werr = a.s.CloseWrite()
		a.ended = a.werr == nil
	case closes:
		a.werr = a.s.Close()
		a.ended = true
	case aborts:
		a.werr = a.s.Abort(errWalkedOut)
	}
	w.note(l, "leave", int(a.leaves), a.werr)
}

func (a *actor) listen() {
	w := a.w
	a.listening = w.log(a.number, 1)
	l := &a.listening
	buf := make([]byte, 1+l.r.IntN(8<<10))
	if len(buf) < 1024 {
		buf = buf[:1+len(buf)/2] // and now and then a very small one
	}
	for turn := 0; ; turn++ {
		if a.nap > 0 && turn == 3 {
			w.wait(l, a.nap)
		}
		w.wait(l, a.pause/4)
		n, err := a.s.Read(buf)
		w.note(l, "read", n, err)
		a.heard = append(a.heard, buf[:n]...)
		if err != nil {
			a.rerr = err
			return
		}
	}
}

// kindOf names what an error is. Its text may differ between two runs where
// two directions fail in the same nanosecond.
func kindOf(err error) string {
	for _, k := range []struct {
		err  error
		name string
	}{
		{nil, "ok"}, {io.EOF, "end"}, {net.ErrClosed, "closed"},
		{duplex.ErrAborted, "aborted"}, {duplex.ErrPeerClosed, "peer closed"}, {duplex.ErrEnded, "ended"},
	} {
		if errors.Is(err, k.err) {
			return k.name
		}
	}
	return "other"
}

// story returns everything that was seen.
func (w *world) story() string {
	var all strings.Builder
	fmt.Fprintf(&all, "%+v, swapped %t, marks %v, cancelled at %v\n%+v\n", w.joiner, w.swapped, w.marks, w.cancelAt, w.chaos)
	for i := range w.actors {
		a := &w.actors[i]
		fmt.Fprintf(&all, "actor %d has %d bytes to say, pause %v, nap %v, leaves %d at %d\n",
			i, len(a.says), a.pause, a.nap, a.leaves, a.leaveAt)
		all.WriteString(a.speaking.String())
		all.WriteString(a.listening.String())
		fmt.Fprintf(&all, "actor %d said %d, heard %d, %v\n", i, a.said, len(a.heard), a.rerr)
	}
	fmt.Fprintf(&all, "join: %v, %d and %d bytes, failed %t\n", w.returned, w.result.AB.Bytes, w.result.BA.Bytes, w.err != nil)
	return all.String()
}

// violation returns which promise of a join was broken, or nil.
func (w *world) violation() error {
	for i := range w.actors {
		if err := w.heardTruth(&w.actors[i], &w.actors[1-i], [2]duplex.Direction{w.result.AB, w.result.BA}[1-i]); err != nil {
			return err
		}
	}
	for i, d := range []duplex.Direction{w.result.AB, w.result.BA} {
		if d.Reason == duplex.Running {
			return fmt.Errorf("direction %d is said to be running", i)
		}
		if _, err := w.joined[i].Read(make([]byte, 1)); !errors.Is(err, net.ErrClosed) {
			return fmt.Errorf("stream %d was left open: Read returns %v", i, err)
		}
	}
	if w.cancelAt > 0 && w.returned > w.cancelAt {
		return fmt.Errorf("cancelled after %v, it returned after %v", w.cancelAt, w.returned)
	}
	return w.outcome()
}

// heardTruth checks what p heard from q over d.
func (w *world) heardTruth(p, q *actor, d duplex.Direction) error {
	switch {
	case !bytes.HasPrefix(q.says, p.heard):
		return fmt.Errorf("actor %d heard what was never said", p.number)
	case d.Bytes < int64(len(p.heard)):
		return fmt.Errorf("actor %d heard %d bytes; the join counted %d", p.number, len(p.heard), d.Bytes)
	case p.rerr != io.EOF || w.mayCut():
		return nil
	case len(p.heard) != q.said:
		return fmt.Errorf("actor %d took a cut for an end: it heard %d of %d bytes", p.number, len(p.heard), q.said)
	case !q.ended && w.joiner.End == duplex.HalfClose:
		return fmt.Errorf("actor %d heard an end that was none", p.number)
	}
	return nil
}

// outcome checks the error of the join: there is one if and only if something
// went wrong, and it says what.
func (w *world) outcome() error {
	var expected []error
	for i := range w.actors {
		a := &w.actors[i]
		switch a.leaves {
		case closes:
			expected = append(expected, duplex.ErrPeerClosed)
		case aborts:
			expected = append(expected, errWalkedOut)
		}
		if w.joined[i].Injected() > 0 {
			expected = append(expected, duplextest.ErrInjected)
		}
	}
	if w.cancelAt > 0 && w.returned >= w.cancelAt {
		expected = append(expected, errCalledOff)
	}
	if w.silent() {
		expected = append(expected, duplex.ErrIdle)
	}
	if w.err != nil {
		for _, e := range expected {
			if errors.Is(w.err, e) {
				return nil
			}
		}
		return fmt.Errorf("the join failed with %w, want one of %v", w.err, expected)
	}
	if w.mayCut() {
		return nil
	}
	for i := range w.actors {
		p, q := &w.actors[i], &w.actors[1-i]
		if w.chaos[i].Fail+w.chaos[i].Cut == 0 && w.chaos[1-i].Fail+w.chaos[1-i].Cut == 0 &&
			p.leaves == ends && q.leaves == ends && (p.rerr != io.EOF || p.werr != nil) {
			return fmt.Errorf("the join succeeded, but actor %d's writing ended with %v and its reading with %v", i, p.werr, p.rerr)
		}
	}
	return nil
}

// silent reports whether nothing may move for longer than the join's bounds.
func (w *world) silent() bool {
	for i := range w.actors {
		if w.actors[i].leaves == fallsMute || w.actors[i].nap > 0 || w.chaos[i].Stall > 0 {
			return true
		}
	}
	return w.tight
}

// mayCut reports whether the join's policy is to lose what a survivor has to
// say: after the other's end, or by being silent then.
func (w *world) mayCut() bool {
	return w.joiner.End == duplex.CloseBoth || w.joiner.End == duplex.KeepOpen && w.silent()
}
