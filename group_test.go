package duplex_test

import (
	"errors"
	"fmt"
	"io"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/duplex-go/duplex"
)

func TestGroupReachesEveryMemberAndWaitsForNone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := duplex.Group{HighWaterMark: 100, Slow: duplex.DropOldest}
		const n = 50
		var readers sync.WaitGroup
		for range n {
			a, b := duplex.Pair()
			noError(t, g.Add(a))
			noError(t, g.Add(a)) // once
			readers.Go(func() {
				if got := receiveMessages(t, b, 30); fmt.Sprint(got[0], got[29]) != "0 29" {
					t.Errorf("a member got %v", got)
				}
				noError(t, b.Close())
			})
		}
		stuck, slow := duplex.PairConfig{HighWaterMark: 10}.Pair()
		noError(t, g.Add(stuck))
		for i := range 30 {
			if sent := g.Send(message(i)); sent != n+1 {
				t.Errorf("message %d reached %d of %d", i, sent, n+1)
			}
			synctest.Wait()
		}
		readers.Wait()
		// One in the stream, one under way, and the newest nine behind it.
		if got := receiveMessages(t, slow, 11); fmt.Sprint(got) != "[0 1 21 22 23 24 25 26 27 28 29]" {
			t.Errorf("the slow member got %v", got)
		}
		if g.Dropped() != 19 || g.Len() != n+1 {
			t.Errorf("%d dropped, %d members", g.Dropped(), g.Len())
		}
		// Those that have closed are removed once it shows.
		g.Send(message(30))
		synctest.Wait()
		if sent := g.Send(message(31)); sent != 1 || g.Len() != 1 {
			t.Errorf("%d sent, %d members", sent, g.Len())
		}
		_ = slow.Close()
		noError(t, g.Close())
		if g.Dropped() < 19 || g.Len() != 0 {
			t.Errorf("%d dropped, %d members", g.Dropped(), g.Len())
		}
		wantError(t, g.Add(stuck), duplex.ErrClosed)
	})
}

func TestGroupSharesOneMessageAndWriteCopiesIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var g duplex.Group
		a, b := duplex.Pair()
		noError(t, g.Add(a))
		p := []byte("first")
		_, err := g.Write(p)
		copy(p, "other")
		noError(t, err)
		receive(t, b, "first")
		noError(t, g.Close())
	})
}

func TestGroupRemovesWhoIsTooSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := duplex.Group{HighWaterMark: 20, Slow: duplex.CloseSlow}
		a, b := duplex.PairConfig{HighWaterMark: 10}.Pair()
		noError(t, g.Add(a))
		for g.Len() > 0 {
			g.Send(message(0))
			synctest.Wait()
		}
		wantError(t, untilError(b), duplex.ErrSlow)
		noError(t, g.Close())
	})
}

// Members come and go while several send.
func TestGroupMayBeUsedFromAnywhere(t *testing.T) {
	var g duplex.Group
	var all sync.WaitGroup
	stop := make(chan struct{})
	for range 3 {
		all.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					g.Send([]byte("beat"))
				}
			}
		})
	}
	var members sync.WaitGroup
	for i := range 8 {
		members.Go(func() {
			for range 50 {
				a, b := duplex.Pair()
				noError(t, g.Add(a))
				receive(t, b, "beatbeat")
				if i%2 == 0 {
					g.Remove(a)
				}
				_ = b.Close()
				_ = a.Close()
			}
		})
	}
	members.Wait()
	close(stop)
	all.Wait()
	noError(t, g.Close())
}

// The handlers of a server as members: a chat.
func TestGroupOfAServersConnections(t *testing.T) {
	var g duplex.Group
	defer g.Close()
	_, addr := startServer(t, &duplex.Server{Handler: duplex.Handler{
		Open:  func(c *duplex.Conn) { noError(t, g.Add(c)) },
		Data:  func(c *duplex.Conn, p []byte) { _, _ = g.Write(p) },
		Close: func(c *duplex.Conn) { g.Remove(c) },
	}})
	a, b := dial(t, addr), dial(t, addr)
	eventually(t, "both to be members", func() bool { return g.Len() == 2 })
	send(t, a, "hello")
	receive(t, a, "hello")
	receive(t, b, "hello")
	noError(t, errors.Join(a.CloseWrite(), b.CloseWrite()))
	for _, c := range []io.Reader{a, b} {
		wantError(t, untilError(c), io.EOF)
	}
	eventually(t, "both to be gone", func() bool { return g.Len() == 0 })
}
