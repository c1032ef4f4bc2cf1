package endpointtest

import (
	"sync"
	"testing"

	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/endpoint"
)

// Serve listens on an endpoint until the end of t, and serves every stream by a
// call of its own; the stream is closed after it. It returns the endpoint's URL.
func Serve(t *testing.T, listen string, serve func(s duplex.Stream)) (url string) {
	t.Helper()
	l, err := endpoint.Listen(t.Context(), listen)
	if err != nil {
		t.Fatal(err)
	}
	var tasks sync.WaitGroup
	tasks.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			tasks.Go(func() {
				s := c.(duplex.Stream)
				serve(s)
				_ = s.Close()
			})
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		tasks.Wait()
	})
	return endpoint.URL(l)
}
