package flow

import (
	"testing"

	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/duplextest"
)

func TestAStreamOfMessagesKeepsTheContract(t *testing.T) {
	for _, c := range []struct {
		name string
		Config
	}{
		{"the defaults", Config{}},
		{"small and retaining", Config{Retain: true, Window: 10_000, HighWaterMark: 7000, MaxPayload: 1000}},
	} {
		t.Run(c.name, func(t *testing.T) {
			duplextest.Suite{MaxBuffered: 1 << 20}.Stream(t, func(t *testing.T) (a, b duplex.Stream) {
				return connected(t, c.Config)
			})
		})
	}
}
