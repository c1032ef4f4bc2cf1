package duplex_test

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/duplex-go/duplex"
)

// Scenario D8: the same stream at both ends of a pipeline.

func TestD8_EchoThroughATransformIsOnePipeline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		peer, remote := duplex.Pair()
		done := make(chan error, 1)
		go func() {
			done <- duplex.Pipeline(t.Context(), duplex.From(remote), duplex.Map(bytes.ToUpper), duplex.To(remote))
		}()
		nodeSay(t, peer, "one ")
		nodeHear(t, peer, "ONE ")
		nodeSay(t, peer, "two")
		nodeNoError(t, peer.CloseWrite())
		nodeHearEnd(t, peer, "TWO")
		nodeNoError(t, <-done)
	})
}

// An end is half of a conversation: the stream in the middle may answer it,
// however late. Node calls this a premature close.
func TestD8_RemoteEndLetsTheLocalAnswerThrough(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		peer, remote := duplex.Pair()
		local, program := duplex.Pair()
		done := make(chan error, 1)
		go func() {
			done <- duplex.Pipeline(t.Context(), duplex.From(remote), duplex.Via(local), duplex.To(remote))
		}()
		nodeSay(t, peer, "question")
		nodeNoError(t, peer.CloseWrite())
		nodeHearEnd(t, program, "question")
		time.Sleep(time.Hour) // of the bubble
		nodeSay(t, program, "answer")
		nodeNoError(t, program.CloseWrite())
		nodeHearEnd(t, peer, "answer")
		nodeNoError(t, <-done)
	})
}

// A remote that is gone is met by the first write to it; until then it is the
// context that bounds a silent local stream.
func TestD8_RemoteThatIsGoneIsNoHang(t *testing.T) {
	for _, tt := range []struct {
		name  string
		leave func(peer, remote *duplex.PairEnd) error
		want  error
	}{
		{"its peer closed", func(peer, _ *duplex.PairEnd) error { return peer.Close() }, duplex.ErrPeerClosed},
		{"ended by somebody else", func(peer, remote *duplex.PairEnd) error {
			return errors.Join(peer.CloseWrite(), remote.CloseWrite())
		}, duplex.ErrEnded},
	} {
		for _, silent := range []bool{false, true} {
			synctest.Test(t, func(t *testing.T) {
				peer, remote := duplex.Pair()
				local, program := duplex.Pair()
				ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
				defer cancel()
				done := make(chan error, 1)
				go func() {
					done <- duplex.Pipeline(ctx, duplex.From(remote), duplex.Via(local), duplex.To(remote))
				}()
				nodeNoError(t, tt.leave(peer, remote))
				nodeHearEnd(t, program, "")
				want := tt.want
				if silent {
					want = context.DeadlineExceeded
				} else {
					nodeSay(t, program, "answer")
				}
				if err := <-done; !errors.Is(err, want) {
					t.Errorf("%s, local silent %v: %v, want %v", tt.name, silent, err, want)
				}
				if _, err := program.Read(make([]byte, 1)); err == nil {
					t.Errorf("%s: the local stream is still open", tt.name)
				}
			})
		}
	}
}
