package duplex_test

import (
	"context"

	"github.com/duplex-go/duplex"
)

// joinFunc is a join of a and b, whichever of them comes first.
type joinFunc func(ctx context.Context, j duplex.Joiner, a, b duplex.Stream) (duplex.Result, error)

// eachWay calls f with a join as it is and with one that has its arguments, and
// its result, swapped (R12): a join must not care which stream comes first.
func eachWay(f func(way string, join joinFunc)) {
	f("as given", func(ctx context.Context, j duplex.Joiner, a, b duplex.Stream) (duplex.Result, error) {
		return j.Join(ctx, a, b)
	})
	f("swapped", func(ctx context.Context, j duplex.Joiner, a, b duplex.Stream) (duplex.Result, error) {
		r, err := j.Join(ctx, b, a)
		return duplex.Result{AB: r.BA, BA: r.AB}, err
	})
}
