package all_test

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/duplextest"
)

// TestR01_EveryKindJoinsEveryKind joins every kind of endpoint with every other,
// sends bytes both ways at once and ends each direction at its own time. With
// DUPLEX_FULL it does so in every order and with several amounts, of which
// 64 MiB pass between the eight transports that R01 names.
func TestR01_EveryKindJoinsEveryKind(t *testing.T) {
	bed := newTestBed(t)
	sizes := []int{1 << 20}
	if os.Getenv("DUPLEX_FULL") != "" {
		sizes = []int{0, 1, 1 << 20, 8 << 20, bulk}
	}
	pair := 0
	for _, a := range kinds(bed) {
		for _, b := range kinds(bed) {
			if !a.sends && !b.sends {
				continue // nobody would ever end
			}
			pair++
			for _, size := range sizes {
				if size == bulk && !(slices.Contains(transports, a.name) && slices.Contains(transports, b.name)) {
					continue
				}
				for i, order := range []order{aFirst, bFirst, together} {
					if len(sizes) == 1 && pair%3 != i {
						continue // other pairs have that order
					}
					t.Run(fmt.Sprintf("%s to %s, %d bytes, %s", a.name, b.name, size, order), func(t *testing.T) {
						duplextest.NoLeaks(t)
						joinKinds(t, a, b, size, order)
					})
				}
			}
		}
	}
}

// bulk is the largest amount, and transports are those that R01 wants it from.
const bulk = 64 << 20

var transports = []string{"tcp", "tls", "unix", "ws", "quic", "nats", "exec", "pair"}

// order is which direction ends first.
type order string

const (
	aFirst   order = "a ends first"
	bFirst   order = "b ends first"
	together order = "both end at once"
)

// payload returns size bytes of a seed's own.
func payload(seed uint64, size int) []byte {
	var key [32]byte
	key[0] = byte(seed)
	p := make([]byte, size)
	_, _ = rand.NewChaCha8(key).Read(p)
	return p
}

func joinKinds(t *testing.T, a, b kind, size int, order order) {
	var ab, ba []byte // what flows
	if a.sends && b.receives {
		ab = payload(1, size)
	}
	if b.sends && a.receives {
		ba = payload(2, size)
	}
	sideA, sideB := a.open(t, ab), b.open(t, ba)
	abDone, baDone := make(chan struct{}), make(chan struct{})
	var a2, b2 waits
	switch {
	case order == together || !a.leads && !b.leads:
	case order == aFirst && a.leads || !b.leads:
		b2.rest = abDone
	default:
		a2.rest = baDone
	}
	// What cannot pass on an end to its peer needs that peer to have got all
	// before it ends itself.
	if !a.ends {
		a2.end = baDone
	}
	if !b.ends {
		b2.end = abDone
	}
	failed := make(chan error, 4)
	go func() { failed <- send(sideA, ab, a2) }()
	go func() { failed <- send(sideB, ba, b2) }()
	go func() { failed <- receive(sideB, b, ab, abDone) }()
	go func() { failed <- receive(sideA, a, ba, baDone) }()
	result, err := duplex.Join(t.Context(), sideA.near, sideB.near)
	if err != nil {
		t.Errorf("join: %v", err)
	}
	if result.AB.Bytes != int64(len(ab)) || result.BA.Bytes != int64(len(ba)) ||
		result.AB.Reason != duplex.Ended || result.BA.Reason != duplex.Ended {
		t.Errorf("join: %+v, want %d and %d bytes", result, len(ab), len(ba))
	}
	for range 4 {
		if err := <-failed; err != nil {
			t.Error(err)
		}
	}
	for _, s := range []side{sideA, sideB} {
		if s.far != nil {
			_ = s.far.Close()
		}
	}
	for _, got := range []struct {
		side
		want []byte
	}{{sideA, ba}, {sideB, ab}} {
		if got.file == "" {
			continue
		}
		content, err := os.ReadFile(got.file)
		if err != nil || sha256.Sum256(content) != sha256.Sum256(got.want) {
			t.Errorf("the file has %d bytes, %v; want %d others", len(content), err, len(got.want))
		}
	}
}

// waits is what a sender waits for: before the second half, and before the end.
type waits struct{ rest, end <-chan struct{} }

// send sends p from behind s, and the end.
func send(s side, p []byte, w waits) error {
	if s.far == nil {
		return nil
	}
	half := len(p) / 2
	_, err := s.far.Write(p[:half])
	if w.rest != nil {
		<-w.rest
	}
	if err == nil {
		_, err = s.far.Write(p[half:])
	}
	if err != nil {
		err = fmt.Errorf("sending: %w", err)
	}
	if w.end != nil {
		<-w.end
	}
	return errors.Join(err, s.far.CloseWrite())
}

// receive reads behind s what was sent to it, and its end if the kind carries
// one, and closes done.
func receive(s side, k kind, want []byte, done chan<- struct{}) error {
	defer close(done)
	if s.far == nil {
		return nil
	}
	sum := sha256.New()
	n, err := io.CopyN(sum, s.far, int64(len(want)))
	if err != nil {
		return fmt.Errorf("%s got %d of %d bytes: %w", k.name, n, len(want), err)
	}
	if [32]byte(sum.Sum(nil)) != sha256.Sum256(want) {
		return fmt.Errorf("%s got other bytes", k.name)
	}
	if !k.ends {
		return nil
	}
	if n, err := s.far.Read(make([]byte, 1)); n > 0 || err != io.EOF {
		return fmt.Errorf("behind the last byte %s got %d, %v", k.name, n, err)
	}
	return nil
}
