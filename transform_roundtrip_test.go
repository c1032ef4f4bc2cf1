package duplex_test

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"testing"

	"github.com/duplex-go/duplex"
)

// TestR41_EveryCodecUndoesItselfHoweverItIsCut takes messages of up to 64 bytes
// through every codec, cut in two at every place on the way there and on the way
// back, and longer ones cut at random: a million for each with DUPLEX_FULL.
func TestR41_EveryCodecUndoesItselfHoweverItIsCut(t *testing.T) {
	for _, c := range stdCodecs {
		t.Run(c.Encode.String(), func(t *testing.T) {
			t.Parallel()
			for _, size := range []int{0, 1, 2, 3, 4, 31, 64} {
				msg := pattern(size)
				whole := transformed(t, c.Encode, msg)
				for cut := range size + 1 {
					if got := transformed(t, c.Encode, msg[:cut], msg[cut:]); !bytes.Equal(got, whole) {
						t.Fatalf("%d bytes cut at %d are encoded as %x, whole as %x", size, cut, got, whole)
					}
				}
				for cut := range len(whole) + 1 {
					if got := transformed(t, c.Decode, whole[:cut], whole[cut:]); !bytes.Equal(got, msg) {
						t.Fatalf("%x cut at %d is decoded as %x, want %x", whole, cut, got, msg)
					}
				}
			}
			messages := 1000
			if fullRun() {
				messages = 1_000_000
			}
			r := rand.New(rand.NewPCG(41, 41))
			for range messages {
				msg := pattern(1 << 10)[r.IntN(256):][:r.IntN(300)]
				whole := transformed(t, c.Encode, msg)
				cut := r.IntN(len(whole) + 1)
				if got := transformed(t, c.Decode, whole[:cut], whole[cut:]); !bytes.Equal(got, msg) {
					t.Fatalf("%x cut at %d is decoded as %x, want %x", whole, cut, got, msg)
				}
			}
		})
	}
}

// transformed returns what tr makes of pieces.
func transformed(t *testing.T, tr duplex.Transform, pieces ...[]byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := tr.Writer(&out)
	var errs []error
	for _, p := range pieces {
		_, err := w.Write(p)
		errs = append(errs, err)
	}
	noError(t, errors.Join(append(errs, w.Close())...))
	return out.Bytes()
}
