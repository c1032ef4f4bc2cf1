package duplex_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/duplex-go/duplex"
)

// Group D, second part: finished, iteration, composition, concurrent maps.

func TestD9_WaitIsOverWhenBothDirectionsAre(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, peer := duplex.Pair()
		c := duplex.NewConn(a)
		finished := make(chan error, 1)
		go func() { finished <- c.Wait(t.Context()) }()

		nodeNoError(t, c.CloseWrite())
		nodeNoError(t, c.WaitWrite(t.Context()))
		synctest.Wait()
		select {
		case err := <-finished:
			t.Errorf("one side is done, and Wait returned %v", err)
		default:
		}
		nodeNoError(t, peer.CloseWrite())
		nodeHearEnd(t, c, "")
		nodeNoError(t, <-finished)
		nodeNoError(t, c.Wait(t.Context())) // of what has ended before
		nodeNoError(t, c.WaitRead(t.Context()))
	})
}

func TestD9_WaitTellsWhatEndedAStreamOutOfOrder(t *testing.T) {
	cause := errors.New("broken")
	for _, tt := range []struct {
		name string
		do   func(c *duplex.Conn, peer *duplex.PairEnd)
		want error
	}{
		{"closed here", func(c *duplex.Conn, _ *duplex.PairEnd) { _ = c.Close() }, net.ErrClosed},
		{"aborted here", func(c *duplex.Conn, _ *duplex.PairEnd) { _ = c.Abort(cause) }, cause},
		{"aborted there", func(c *duplex.Conn, peer *duplex.PairEnd) {
			_ = peer.Abort(cause)
			_, _ = c.Read(make([]byte, 1))
			_, _ = c.Write(make([]byte, 1))
		}, cause},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, peer := duplex.Pair()
				c := duplex.NewConn(a)
				before := make(chan error, 1)
				go func() { before <- c.Wait(t.Context()) }()
				synctest.Wait()
				tt.do(c, peer)
				for when, err := range map[string]error{"before": <-before, "after": c.Wait(t.Context())} {
					if !errors.Is(err, tt.want) {
						t.Errorf("who waited since %s got %v, want %v", when, err, tt.want)
					}
				}
			})
		})
	}
}

func TestD10_CancelledWaitLeavesTheStreamAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cause := errors.New("waited enough")
		a, peer := duplex.Pair()
		c := duplex.NewConn(a)
		ctx, cancel := context.WithCancelCause(t.Context())
		finished := make(chan error, 1)
		go func() { finished <- c.Wait(ctx) }()
		synctest.Wait()
		cancel(cause)
		if err := <-finished; err != cause {
			t.Errorf("Wait returned %v", err)
		}
		nodeSay(t, c, "there")
		nodeHear(t, peer, "there")
		nodeSay(t, peer, "and back")
		nodeHear(t, c, "and back")
	})
}

// Leaving the loop leaves the stream: "read up to a marker, go on later" works.
// Who wants Node's way says defer s.Close().
func TestD11_LeavingTheLoopLeavesTheStream(t *testing.T) {
	leave := func(s duplex.Stream, how func() bool) (got string) {
		defer func() { _ = recover() }()
		for p, err := range duplex.Chunks(s) {
			if err != nil {
				return err.Error()
			}
			got = string(p)
			if how() {
				break
			}
		}
		return got
	}
	for name, how := range map[string]func() bool{
		"break": func() bool { return true },
		"panic": func() bool { panic("thrown") },
	} {
		t.Run(name, func(t *testing.T) {
			a, b := duplex.Pair()
			c := duplex.NewConn(b)
			nodeSay(t, a, "head\nbody")
			if got := leave(c, how); got != "head\nbody" {
				t.Errorf("the loop got %q", got)
			}
			c.Unread([]byte("body"))
			nodeSay(t, a, " and more")
			nodeNoError(t, a.CloseWrite())
			nodeHearEnd(t, c, "body and more")
			nodeSay(t, c, "reply")
			nodeHear(t, a, "reply")
		})
	}
}

func TestD11_FailureAfterABufferedChunkIsNoEnd(t *testing.T) {
	cause := errors.New("source failed")
	a, b := duplex.Pair()
	nodeSay(t, a, "chunk")
	nodeNoError(t, a.Abort(cause))
	var log nodeLog
	for p, err := range duplex.Chunks(b) {
		log.add("%s %v", p, errors.Is(err, cause))
	}
	log.want(t, "chunk false", " true")
}

func TestD12_FailureInsideACompositionIsWhatBothSidesGet(t *testing.T) {
	failure := errors.New("inner failed")
	var log nodeLog
	s := duplex.Compose(
		duplex.Map(bytes.ToUpper),
		duplex.Decoder(func(r io.Reader) *nodeDecoder {
			return &nodeDecoder{io.MultiReader(io.LimitReader(r, 3), &nodeBroken{failure}), &log}
		}),
		duplex.Map(bytes.ToUpper),
	).Stream()
	nodeSay(t, s, "abcdef")
	nodeHearError(t, s, "ABC", failure)
	if _, err := io.WriteString(s, "more"); !errors.Is(err, failure) {
		t.Errorf("the writer got %v", err)
	}
	nodeNoError(t, s.Close())
	log.want(t, "decoder closed")
}

func TestD12_DestroyedCompositionFreesEveryPart(t *testing.T) {
	var log nodeLog
	encoder := func(name string) duplex.Transform {
		return duplex.Encoder(func(w io.Writer) *nodeEncoder {
			return &nodeEncoder{Writer: w, release: func() { log.add("%s closed", name) }}
		})
	}
	decoder := duplex.Decoder(func(r io.Reader) *nodeDecoder { return &nodeDecoder{r, &log} })
	s := duplex.Compose(encoder("head"), encoder("middle"), decoder).Stream()
	nodeSay(t, s, "data")
	nodeHear(t, s, "data")
	nodeNoError(t, s.Close())
	for _, part := range []string{"head closed", "middle closed", "decoder closed"} {
		if !log.has(part) {
			t.Errorf("not noted: %s", part)
		}
	}
	for range 2 {
		if _, err := s.Read(make([]byte, 1)); !errors.Is(err, net.ErrClosed) {
			t.Errorf("read: %v", err)
		}
	}
}

func TestD12_DestroyedLayersDestroyTheStreamBelow(t *testing.T) {
	cause := errors.New("outer destroyed")
	a, b := duplex.Pair()
	outer := duplex.NewConn(duplex.Layer(duplex.Layer(a, duplex.Codec{}), duplex.Codec{}))
	nodeNoError(t, outer.Abort(cause))
	nodeHearError(t, b, "", cause)
}

// Go's map with concurrency: a bounded channel of results, each filled by a
// goroutine of its own, as a stage of a pipeline.
func TestD13_ConcurrentMapKeepsTheOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var finished []time.Duration
		work := func(d time.Duration) string {
			time.Sleep(d) // of the bubble
			mu.Lock()
			defer mu.Unlock()
			finished = append(finished, d)
			return fmt.Sprintf("%v\n", d)
		}
		concurrent := duplex.StageFunc(func(_ context.Context, r io.Reader, w io.Writer) error {
			results := make(chan chan string, 2) // and one whose result is awaited: three at once
			go func() {
				defer close(results)
				for {
					var d time.Duration
					if _, err := fmt.Fscanln(r, &d); err != nil {
						return
					}
					result := make(chan string, 1)
					results <- result
					go func() { result <- work(d * time.Millisecond) }()
				}
			}()
			for result := range results {
				if _, err := io.WriteString(w, <-result); err != nil {
					return err
				}
			}
			return nil
		})
		var out bytes.Buffer
		err := duplex.Pipeline(t.Context(), duplex.From(strings.NewReader("30\n10\n20\n2\n1\n")), concurrent, duplex.To(&out))
		nodeNoError(t, err)
		if want := []time.Duration{10e6, 20e6, 30e6, 1e6, 2e6}; !slices.Equal(finished, want) {
			t.Errorf("finished in the order %v, want %v", finished, want)
		}
		if want := "30ms\n10ms\n20ms\n2ms\n1ms\n"; out.String() != want {
			t.Errorf("came out as %q, want %q", out.String(), want)
		}
	})
}
