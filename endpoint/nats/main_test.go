package nats_test

import (
	"context"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/duplex-go/duplex/hub"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	code := m.Run()
	if started.Load() {
		shared().Close()
	}
	if err := goleak.Find(); err != nil && code == 0 {
		fmt.Fprintf(os.Stderr, "goleak: %v\n", err)
		code = 1
	}
	os.Exit(code)
}

// shared is a hub for all tests that need no other.
var (
	started atomic.Bool
	shared  = sync.OnceValue(func() *hub.Hub {
		started.Store(true)
		h, err := hub.Config{}.Start(context.Background())
		if err != nil {
			panic(err)
		}
		return h
	})
)

// full reports whether the tests of reliability are to run in full.
func full() bool { return os.Getenv("DUPLEX_FULL") != "" }

// start starts a hub that ends with the test.
func start(t *testing.T, c hub.Config) *hub.Hub {
	t.Helper()
	h, err := c.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.Close)
	return h
}
