package endpointtest

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"github.com/duplex-go/duplex"
)

// Exchange is what the two ends of a stream say to each other and how each of
// them ends it, as a seed has drawn it.
type Exchange struct {
	Seed  uint64
	Sizes [2]int
	Ends  [2]string // "end", "close" or "abort"
}

// DrawEnds draws how the two ends end; most do so in order.
func (x *Exchange) DrawEnds(r *rand.Rand) {
	for i := range x.Ends {
		x.Ends[i] = []string{"end", "end", "end", "close", "abort"}[r.IntN(5)]
	}
}

// Run has the two ends talk, both ways at once, and closes them. It reports whether all has come, in both directions. It is an
// error of t if anything else came, or if an end came that is none.
func (x Exchange) Run(t *testing.T, near, far duplex.Stream) bool {
	ends := [2]duplex.Stream{near, far}
	results := make(chan error, 4)
	for i := range ends {
		out, in := Tape(x.Seed, i, x.Sizes[i]), Tape(x.Seed, 1-i, x.Sizes[1-i])
		go func() { results <- send(ends[i], out, x.Ends[i]) }()
		go func() { results <- receive(ends[i], in, x.Ends[1-i]) }()
	}
	err := errors.Join(<-results, <-results, <-results, <-results)
	_, _ = near.Close(), far.Close()
	if errors.Is(err, errWrong) {
		t.Error(err)
	}
	return err == nil
}

// Tape returns the bytes that one of the two ends sends.
func Tape(seed uint64, end, size int) []byte {
	p := make([]byte, size)
	var key [32]byte
	key[0], key[1], key[2] = byte(seed), byte(seed>>8), byte(end)
	_, _ = rand.NewChaCha8(key).Read(p)
	return p
}

// errWrong is matched by what must never be.
var errWrong = errors.New("wrong")

func send(to duplex.Stream, p []byte, end string) error {
	for len(p) > 0 {
		n, err := to.Write(p[:min(len(p), 30_000)])
		if err != nil {
			return err
		}
		p = p[n:]
	}
	switch end {
	case "close": // what comes meanwhile is lost, and its writer is told
		return to.Close()
	case "abort":
		return duplex.Abort(to, errors.New("drawn"))
	}
	return to.CloseWrite()
}

// receive reads to the end and compares.
func receive(from duplex.Stream, want []byte, end string) error {
	got, err := io.ReadAll(struct{ io.Reader }{from})
	switch {
	case len(got) > len(want) || string(got) != string(want[:len(got)]):
		return fmt.Errorf("%w: %d bytes that are not the first of %d", errWrong, len(got), len(want))
	case err == nil && len(got) < len(want):
		return fmt.Errorf("%w: an end after %d of %d bytes", errWrong, len(got), len(want))
	case err == nil && end == "abort":
		return fmt.Errorf("%w: an end in place of an abort", errWrong)
	}
	return err
}

// Schedules draws a schedule for each seed below n and runs it. What run reports
// is whether all came: at least a tenth must, and a tenth must not, or the
// schedules are too good or too bad to show anything. With a duration in the
// environment variable DUPLEX_FAULT_TIME it goes on with further seeds for so
// long, as R80 wants.
func Schedules[S any](t *testing.T, n int, draw func(seed uint64) S, run func(t *testing.T, s S) bool) {
	t.Helper()
	whole, failed := 0, 0
	began, during := time.Now(), time.Duration(0)
	if text := os.Getenv("DUPLEX_FAULT_TIME"); text != "" {
		var err error
		if during, err = time.ParseDuration(text); err != nil {
			t.Fatalf("DUPLEX_FAULT_TIME: %v", err)
		}
	}
	for seed := uint64(0); seed < uint64(n) || time.Since(began) < during; seed++ {
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
	if n = whole + failed; whole < n/10 || failed < n/10 {
		t.Errorf("%d came whole and %d failed: the schedules are too good or too bad", whole, failed)
	}
}
