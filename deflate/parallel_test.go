package deflate_test

import (
	"bytes"
	"io"
	"math/rand/v2"
	"os"
	"runtime"
	"testing"

	"github.com/duplex-go/duplex/deflate"
)

// TestParallelSameAsAlone compares outputs for inputs of every kind, where
// segments join at once, late, or not at all, as in long runs.
func TestParallelSameAsAlone(t *testing.T) {
	for early, seg := range []int{20 << 10, 20 << 10, 64 << 10} {
		undo := deflate.SetSegment(seg, early*early*1000)
		for seed := range uint64(1 + 8/fewer) {
			r := rand.New(rand.NewPCG(seed, 17))
			o := deflate.Options{Format: deflate.Gzip, Level: deflate.Level(4 + seed%6), Strategy: []deflate.Strategy{0, 0, 1, 4}[r.IntN(4)]}
			if r.IntN(3) == 0 {
				o.MemLevel = 1 + r.IntN(9)
			}
			var data []byte
			for len(data) < (320+580/fewer)<<10 {
				data = appendData(r, data, 1+r.IntN(200<<10), 1<<15)
			}
			s := &stream{options: o}
			for at := 0; at < len(data); {
				n := min(len(data)-at, 1+r.IntN(700<<10))
				s.steps = append(s.steps, step{data: data[at : at+n]})
				at += n
				if r.IntN(3) == 0 {
					s.steps = append(s.steps, step{flush: deflate.SyncFlush})
				}
			}
			s.steps = append(s.steps, step{flush: deflate.Finish})
			want, err := ours(s)
			if err != nil {
				t.Fatal(err)
			}
			for n := 2; n <= 3; n++ {
				s.options.Parallel = n
				got, err := ours(s)
				if err != nil {
					t.Fatal(err)
				}
				if !bytes.Equal(got.out, want.out) {
					t.Fatalf("segment %d seed %d: %d goroutines write other bytes: %d, not %d\n%v", seg, seed, n, len(got.out), len(want.out), s)
				}
			}
		}
		undo()
	}
}

// TestParallelJoinsOnlyInTheSameState has two letters at random, whose chains
// are long: a lane that starts with nothing in hand searches the whole chain
// where the one before it, with a match in hand, searches a quarter, and may
// find a longer one. At the position behind they differ in the length alone,
// about once in two hundred joins, and must not be joined there.
func TestParallelJoinsOnlyInTheSameState(t *testing.T) {
	defer deflate.SetSegment(2<<10, 0)()
	r := rand.New(rand.NewPCG(4, 19))
	data := make([]byte, 3<<20/fewer)
	for i := range data {
		data[i] = "ab"[r.IntN(2)]
	}
	s := &stream{deflate.Options{Level: 6}, []step{{data: data}, {flush: deflate.Finish}}}
	want, err := ours(s)
	if err != nil {
		t.Fatal(err)
	}
	s.options.Parallel = 2
	got, err := ours(s)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got.out, want.out) {
		t.Errorf("two goroutines write other bytes: %d, not %d", len(got.out), len(want.out))
	}
}

// TestParallelSameAsZlib compares a large input of real bytes, this test's
// own binary, with zlib.
func TestParallelSameAsZlib(t *testing.T) {
	p := startPeer(t)
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	data = data[:min(len(data), 3<<20/min(fewer, 2))]
	for _, level := range []deflate.Level{4, 6, 9} {
		s := &stream{deflate.Options{Level: level, Parallel: 2}, []step{{data: data[:len(data)/3]}, {data: data[len(data)/3:]}, {flush: deflate.Finish}}}
		if err := difference(p, s); err != nil {
			t.Errorf("level %d: %v", level, err)
		}
	}
}

// TestParallelLeavesNoGoroutine counts them after a Write has returned.
func TestParallelLeavesNoGoroutine(t *testing.T) {
	z, err := deflate.NewWriter(io.Discard, deflate.Options{Parallel: 4})
	if err != nil {
		t.Fatal(err)
	}
	before := runtime.NumGoroutine()
	if _, err := z.Write(make([]byte, 4<<20)); err != nil {
		t.Fatal(err)
	}
	// They have done their work; give the last one a chance to vanish.
	after := 0
	for range 100 {
		if after = runtime.NumGoroutine(); after <= before {
			return
		}
		runtime.Gosched()
	}
	t.Errorf("%d goroutines, %d before the Write", after, before)
}
