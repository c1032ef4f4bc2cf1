package duplex_test

import (
	"context"
	"errors"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/duplex-go/duplex"
)

// FuzzJoin plays a schedule on the outer ends of two pairs that a join
// connects. The first two bytes of the input are the marks and the settings of
// the join.
func FuzzJoin(f *testing.F) {
	f.Fuzz(func(t *testing.T, in []byte) {
		if len(in) < 2 {
			return
		}
		synctest.Test(t, func(t *testing.T) {
			marks := [2]int{scheduleMarks[in[0]&7], scheduleMarks[in[0]>>3&7]}
			a, front := duplex.PairConfig{HighWaterMark: marks[0]}.Pair()
			b, back := duplex.PairConfig{HighWaterMark: marks[1]}.Pair()
			s := newCallSchedule(t, a, b, marks)
			s.relayed = true
			ctx, cancel := context.WithCancelCause(context.Background())
			defer cancel(nil)
			s.cancel = func() { cancel(errScheduled) }

			var j duplex.Joiner
			switch in[1] & 7 {
			case 1:
				j.End, s.loose = duplex.KeepOpen, true
			case 2:
				j.End, s.loose = duplex.CloseBoth, true
			}
			if in[1]&8 != 0 {
				j.Idle, s.loose = 100*time.Millisecond, true
			}
			if in[1]&16 != 0 {
				j.Linger, s.loose = 50*time.Millisecond, true
			}
			type outcome struct {
				duplex.Result
				err error
			}
			joined := background(func() (o outcome) {
				o.Result, o.err = j.Join(ctx, front, back)
				return o
			})
			s.play(in[2:])
			s.finish()
			o := <-joined
			checkJoin(t, s, o.Result, o.err)
			for _, inner := range []*duplex.PairEnd{front, back} {
				if _, err := inner.Write(nil); !errors.Is(err, net.ErrClosed) {
					t.Errorf("a join has returned and left a stream open: %v", err)
				}
			}
		})
	})
}

// checkJoin holds what a join says against what its ends saw.
func checkJoin(t *testing.T, s *callSchedule, r duplex.Result, err error) {
	for i, d := range []duplex.Direction{r.AB, r.BA} {
		from, to := s.ends[i], s.ends[1-i]
		switch {
		case d.Reason == duplex.Running:
			t.Errorf("direction %d of a join that has returned is running", i)
		case d.Bytes < int64(to.heard) || d.Bytes > int64(from.said):
			t.Errorf("direction %d: %d said, %d moved, %d heard", i, from.said, d.Bytes, to.heard)
		case s.loose:
		case d.Reason == duplex.Ended && (d.Bytes != int64(from.said) || !from.orderly):
			t.Errorf("direction %d ended after %d of %d, orderly: %v", i, d.Bytes, from.said, from.orderly)
		case to.eof && (d.Bytes != int64(from.said) || d.Reason != duplex.Ended && !s.trouble):
			// A cancel may come between the end and the word on it.
			t.Errorf("direction %d: an end was read, but %v: %v", i, d.Reason, d.Err)
		case err == nil && d.Reason != duplex.Ended:
			t.Errorf("direction %d: %v, but no error", i, d.Reason)
		}
	}
	if err != nil && !s.trouble && !s.loose {
		t.Errorf("nothing explains that the join fails: %v", err)
	}
}
