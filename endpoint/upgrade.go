package endpoint

import (
	"context"
	"net"
	"time"

	"github.com/duplex-go/duplex"
)

// Upgrade returns a listener whose connections are those of l with something
// more spoken on them, for kinds that stand on TCP or TLS. l is one of this
// package's; url is what the new listener is dialled by. [Ready] calls finish in
// the connection's own goroutine, after what l itself has to do, within that
// time; 0 is without a bound. finish returns the stream, or an error, after
// which the connection is cut. When the time or the context is over, the
// connection is cut too, which ends what finish waits for.
func Upgrade(l net.Listener, url string, within time.Duration, finish func(ctx context.Context, below duplex.Stream) (duplex.Stream, error)) net.Listener {
	upgraded := &pendingListener{Listener: l, url: url, within: within}
	first := func(_ context.Context, c net.Conn) (duplex.Stream, error) { return duplex.FromConn(c), nil }
	if p, ok := l.(*pendingListener); ok {
		upgraded.Listener, upgraded.admit, first = p.Listener, p.admit, p.finish
	}
	upgraded.finish = func(ctx context.Context, c net.Conn) (duplex.Stream, error) {
		below, err := first(ctx, c)
		if err != nil {
			return nil, err
		}
		return finish(ctx, below)
	}
	return upgraded
}
