package all_test

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"testing"

	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/endpoint"
	"go.uber.org/goleak"
)

// relayTo makes the test binary join its standard input and output with that
// endpoint, in place of running tests.
const relayTo = "DUPLEX_TEST_RELAY"

func TestMain(m *testing.M) {
	if url := os.Getenv(relayTo); url != "" {
		os.Exit(relay(url))
	}
	goleak.VerifyTestMain(m)
}

// pidWidth is how many bytes a relay says its number in, once it is connected.
const pidWidth = 20

func relay(url string) int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	s, err := endpoint.Dial(ctx, url)
	if err != nil {
		return 2
	}
	local, err := endpoint.Stdio()
	if err != nil {
		return 2
	}
	fmt.Printf("%*d", pidWidth, os.Getpid())
	if _, err := duplex.Join(ctx, local, s); err != nil {
		return 1
	}
	return 0
}
