package duplex_test

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// simSeed replays one seed of TestR04 and prints what happens.
const simSeed = "DUPLEX_SEED"

// TestR04_JoinSurvivesAnySimulation joins pairs in virtual time under latency,
// splits, stalls, failures, cuts, cancellations and actors that walk out, drawn
// from one seed each: 5,000 of them, or 100,000 with DUPLEX_FULL.
func TestR04_JoinSurvivesAnySimulation(t *testing.T) {
	if text := os.Getenv(simSeed); text != "" {
		seed, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			t.Fatalf("%s: %v", simSeed, err)
		}
		w, verr := simulate(t, seed, true)
		t.Logf("%s\njoin returned %v", w.story(), w.err)
		if verr != nil {
			t.Error(verr)
		}
		return
	}
	seeds := uint64(5_000)
	switch {
	case fullRun():
		seeds = 100_000
	case underRace:
		seeds = 1_000
	}
	var next, virtual, moved atomic.Uint64
	t.Run("seeds", func(t *testing.T) {
		for i := range runtime.GOMAXPROCS(0) {
			t.Run(strconv.Itoa(i), func(t *testing.T) {
				t.Parallel()
				for {
					seed := next.Add(1) - 1
					if seed >= seeds || t.Failed() {
						return
					}
					w, err := simulate(t, seed, false)
					if err != nil {
						t.Errorf("seed %d: %v\nreplay: %s", seed, err, replay(seed))
					}
					virtual.Add(uint64(w.returned))
					moved.Add(uint64(w.result.AB.Bytes + w.result.BA.Bytes))
				}
			})
		}
	})
	t.Logf("%d seeds, %v of virtual time, %d bytes", seeds, time.Duration(virtual.Load()).Round(time.Hour), moved.Load())
}

// replay returns the command that shows a seed again.
func replay(seed uint64) string {
	return fmt.Sprintf("%s=%d go test -run '^TestR04_JoinSurvivesAnySimulation$' -v .", simSeed, seed)
}

// simulate runs one world and returns which promise it broke.
func simulate(t *testing.T, seed uint64, trace bool) (w *world, err error) {
	defer func() {
		// What is left blocked panics here, and says nothing of the seed.
		if v := recover(); v != nil {
			fmt.Fprintln(os.Stderr, "replay:", replay(seed))
			panic(v)
		}
	}()
	synctest.Test(t, func(*testing.T) {
		w = newWorld(seed)
		w.trace = trace
		w.run()
		err = w.violation()
	})
	return w, err
}

// TestR04_ASeedReplaysToTheByte runs seeds again and again: everything that
// both actors see happens in the same nanosecond with the same bytes.
func TestR04_ASeedReplaysToTheByte(t *testing.T) {
	seeds, times := uint64(50), 4
	if fullRun() {
		seeds, times = 1000, 100
	}
	for seed := range seeds {
		var first string
		for i := range times {
			w, _ := simulate(t, seed, true)
			story := w.story()
			if i == 0 {
				first = story
			} else if story != first {
				t.Fatalf("seed %d: run 0\n%s\nrun %d\n%s", seed, first, i, story)
			}
		}
	}
}
