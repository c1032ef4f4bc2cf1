package hub_test

import (
	"testing"
	"time"

	"github.com/duplex-go/duplex/hub"
	"github.com/nats-io/nats.go"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

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

// client connects a client that ends with the test.
func client(t *testing.T, url string, options ...nats.Option) *nats.Conn {
	t.Helper()
	c, err := nats.Connect(url, append(options, nats.NoReconnect())...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// subscribe returns what a client hears on a subject, once the server knows.
func subscribe(t *testing.T, c *nats.Conn, subject string) *nats.Subscription {
	t.Helper()
	s, err := c.SubscribeSync(subject)
	if err == nil {
		err = c.Flush()
	}
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// eventually waits until ok returns true.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not after half a minute", what)
		}
	}
}

// patience is more than anything here takes.
const patience = 30 * time.Second
