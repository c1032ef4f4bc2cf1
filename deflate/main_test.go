package deflate_test

import (
	"os"
	"testing"

	"go.uber.org/goleak"
)

// TestMain fails the run if a goroutine outlives the tests, and removes the
// helper that they may have compiled.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		if peerDir != "" {
			os.RemoveAll(peerDir)
		}
		os.Exit(code)
	}))
}
