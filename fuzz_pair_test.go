package duplex_test

import (
	"testing"
	"testing/synctest"

	"github.com/duplex-go/duplex"
)

// FuzzPair plays a schedule on the two ends of a pair. The first byte of the
// input is the high-water mark.
func FuzzPair(f *testing.F) {
	f.Fuzz(func(t *testing.T, in []byte) {
		if len(in) == 0 {
			return
		}
		synctest.Test(t, func(t *testing.T) {
			mark := scheduleMarks[int(in[0])%len(scheduleMarks)]
			a, b := duplex.PairConfig{HighWaterMark: mark}.Pair()
			s := newCallSchedule(t, a, b, [2]int{mark, mark})
			s.play(in[1:])
			s.finish()
		})
	})
}
