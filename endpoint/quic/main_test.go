package quic_test

import (
	"os"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// full reports whether the tests of reliability are to run in full.
func full() bool { return os.Getenv("DUPLEX_FULL") != "" }
