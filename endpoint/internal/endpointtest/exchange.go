package endpointtest

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"runtime"
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
	// Fails are the ends that a call of their own is made to fail for, so that
	// they may close early.
	Fails [2]bool
}

// DrawEnds draws how the two ends end; most do so in order.
func (x *Exchange) DrawEnds(r *rand.Rand) {
	for i := range x.Ends {
		x.Ends[i] = []string{"end", "end", "end", "close", "abort"}[r.IntN(5)]
	}
}

// Run is Talk, and reports whether all has come, in both directions.
func (x Exchange) Run(t *testing.T, near, far duplex.Stream) bool { return x.Talk(t, near, far) == nil }

// patience is how long an exchange of anything may take.
const patience = time.Minute

// Talk has the two ends talk, both ways at once, and closes them. It returns nil if
// all has come, in both directions. It is an error of t if anything else came, if
// an end came that is none, if somebody was told to have closed who has not, or if
// they hang.
func (x Exchange) Talk(t *testing.T, near, far duplex.Stream) error {
	ends := [2]duplex.Stream{near, far}
	watchdog := time.AfterFunc(patience, func() {
		stacks := make([]byte, 1<<20)
		t.Errorf("they hang:\n%s", stacks[:runtime.Stack(stacks, true)])
		for _, end := range ends {
			_ = duplex.Abort(end, nil)
		}
	})
	defer watchdog.Stop()
	results := make(chan error, 4)
	for i := range ends {
		out, in := Tape(x.Seed, i, x.Sizes[i]), Tape(x.Seed, 1-i, x.Sizes[1-i])
		go func() { results <- x.own(i, send(ends[i], out, x.Ends[i])) }()
		go func() { results <- x.own(i, receive(ends[i], in, x.Ends[1-i])) }()
	}
	err := errors.Join(<-results, <-results, <-results, <-results)
	_, _ = near.Close(), far.Close()
	if errors.Is(err, errWrong) {
		t.Error(err)
	}
	return err
}

// own returns what a call of an end has come to. That it has closed is the fault of
// none but itself.
func (x Exchange) own(end int, err error) error {
	if x.Ends[end] == "end" && !x.Fails[end] && errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("%w: closed without having closed: %w", errWrong, err)
	}
	return err
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
