package endpointtest

import (
	"fmt"
	"os"
	"testing"
	"time"
)

// Schedules draws a schedule for each seed below n and runs it. What run reports
// is whether all came: at least a tenth must, and a tenth must not, or the
// schedules are too good or too bad to show anything. With a duration in the
// environment variable DUPLEX_FAULT_TIME it goes on with further seeds for so
// long, as R80 wants.
func Schedules[S any](t *testing.T, n int, draw func(seed uint64) S, run func(t *testing.T, s S) bool) {
	t.Helper()
	whole, failed := each(t, func(whole, failed int) bool { return whole+failed < n }, draw, run)
	if n = whole + failed; whole < n/10 || failed < n/10 {
		t.Errorf("%d came whole and %d failed: the schedules are too good or too bad", whole, failed)
	}
}

// Cell is Schedules for one fault of one kind of stream. It goes on until shows says
// that what has come of the schedules shows something: one of which that is not so
// after ten times n is an error.
func Cell[S any](t *testing.T, n int, shows func() bool, draw func(seed uint64) S, run func(t *testing.T, s S) bool) {
	t.Helper()
	whole, failed := each(t, func(whole, failed int) bool {
		return whole+failed < n || !shows() && whole+failed < 10*n
	}, draw, run)
	if !shows() {
		t.Errorf("%d came whole and %d failed: that shows nothing", whole, failed)
	}
}

// each runs the schedules of the seeds from 0 on, while more says so and for as
// long as DUPLEX_FAULT_TIME says.
func each[S any](t *testing.T, more func(whole, failed int) bool, draw func(seed uint64) S, run func(t *testing.T, s S) bool) (whole, failed int) {
	t.Helper()
	began, during := time.Now(), time.Duration(0)
	if text := os.Getenv("DUPLEX_FAULT_TIME"); text != "" {
		var err error
		if during, err = time.ParseDuration(text); err != nil {
			t.Fatalf("DUPLEX_FAULT_TIME: %v", err)
		}
	}
	for seed := uint64(0); more(whole, failed) || time.Since(began) < during; seed++ {
		s := draw(seed)
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			if run(t, s) {
				whole++
			} else {
				failed++
			}
		})
		if t.Failed() {
			t.Fatalf("%+v", s)
		}
	}
	t.Logf("%d came whole, %d failed", whole, failed)
	return whole, failed
}
