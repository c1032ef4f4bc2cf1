package ws

import (
	"os"
	"testing"

	"github.com/duplex-go/duplex"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// full reports whether to run everything in full; Full is for the tests from
// outside.
func full() bool { return os.Getenv("DUPLEX_FULL") != "" }

var Full = full

const UnderRace = underRace

// Unread returns how much a stream has read ahead, and whether it reads no more.
func Unread(d duplex.Stream) (n int, full bool) {
	s := d.(*stream)
	if full = s.full.Load(); full {
		s.turn.reading.Lock()
		defer s.turn.reading.Unlock()
		n = s.ahead.waiting()
	}
	return n, full
}
