package endpoint

import (
	"context"

	"github.com/duplex-go/duplex"
)

func openPipes(context.Context, *Spec) (duplex.Stream, error) {
	return nil, usage("Windows has no named pipes that are files")
}
