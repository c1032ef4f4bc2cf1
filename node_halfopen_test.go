package duplex_test

import (
	"errors"
	"io"
	"net"
	"testing"
	"testing/synctest"

	"github.com/duplex-go/duplex"
)

// Group C: half-open streams, and streams that are given up.

func TestC1_HandlerEndsWithItsPeerUnlessHalfOpen(t *testing.T) {
	for _, halfOpen := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			var log nodeLog
			a, b := duplex.Pair()
			h := log.handler()
			h.HalfOpen = halfOpen
			c := duplex.Handle(b, h)
			nodeNoError(t, a.CloseWrite())
			synctest.Wait()
			if halfOpen {
				log.want(t, "open", "end")
				nodeSay(t, c, "still open")
				nodeHear(t, a, "still open")
				nodeNoError(t, c.CloseWrite())
			}
			nodeHearEnd(t, a, "")
			nodeNoError(t, c.Wait(t.Context()))
			log.want(t, "open", "end", "close")
		})
	}
}

// A stream without a handler is always half-open, as in Go itself.
func TestC1_BlockingStreamIsHalfOpen(t *testing.T) {
	a, b := duplex.Pair()
	nodeNoError(t, a.CloseWrite())
	nodeHearEnd(t, b, "")
	nodeSay(t, b, "still open")
	nodeNoError(t, b.CloseWrite())
	nodeHearEnd(t, a, "still open")
}

// Ending our side first never ends the other, whatever HalfOpen says.
func TestC1_OwnEndKeepsReading(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log nodeLog
		a, b := duplex.Pair()
		c := duplex.Handle(b, log.handler())
		nodeNoError(t, c.CloseWrite())
		nodeHearEnd(t, a, "")
		nodeSay(t, a, "answer")
		nodeNoError(t, a.CloseWrite())
		nodeNoError(t, c.Wait(t.Context()))
		log.want(t, "open", "data answer", "end", "close")
	})
}

func TestC2_HandlerClosesByItselfOnceBothSidesHaveEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log nodeLog
		a, b := duplex.Pair()
		c := duplex.Handle(b, log.handler())
		nodeNoError(t, c.CloseWrite())
		synctest.Wait()
		log.want(t, "open")
		nodeNoError(t, a.CloseWrite())
		synctest.Wait()
		log.want(t, "open", "end", "close")
		if _, err := b.Read(make([]byte, 1)); !errors.Is(err, net.ErrClosed) {
			t.Errorf("the stream below is not closed: %v", err)
		}
	})
}

func TestC2_DestroyedHandlerGetsOnlyClose(t *testing.T) {
	cause := errors.New("enough")
	for _, tt := range []struct {
		name    string
		destroy func(*duplex.Conn) error
		want    []string
		wait    error
	}{
		{"close", (*duplex.Conn).Close, []string{"open", "close"}, net.ErrClosed},
		{"abort", func(c *duplex.Conn) error { return c.Abort(cause) }, []string{"open", "error enough", "close"}, cause},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var log nodeLog
				_, b := duplex.Pair()
				c := duplex.Handle(b, log.handler())
				synctest.Wait()
				nodeNoError(t, tt.destroy(c))
				if err := c.Wait(t.Context()); !errors.Is(err, tt.wait) {
					t.Errorf("Wait returned %v, want %v", err, tt.wait)
				}
				log.want(t, tt.want...)
			})
		})
	}
}

func TestC3_QueuedWriteFailsAndDoesNotReachTheSink(t *testing.T) {
	cause := errors.New("given up")
	for _, tt := range []struct {
		name    string
		destroy func(*duplex.Layered) error
		want    error
	}{
		{"close", (*duplex.Layered).Close, net.ErrClosed},
		{"abort", func(l *duplex.Layered) error { return l.Abort(cause) }, cause},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var log nodeLog
				taken := make(chan struct{})
				a, _ := duplex.Pair()
				// A sink that has taken A when the close comes, and says so then.
				sink := duplex.Wrap(a, duplex.Hooks{
					Write: func(p []byte) (int, error) {
						log.add("sink got %s", p)
						<-taken
						return len(p), nil
					},
					Close: func() error {
						close(taken)
						return a.Close()
					},
				})
				l := duplex.Layer(sink, duplex.Codec{})
				results := make(map[string]chan error)
				for _, text := range []string{"A", "B"} {
					result := make(chan error, 1)
					results[text] = result
					go func() {
						_, err := io.WriteString(l, text)
						result <- err
					}()
					synctest.Wait()
				}
				nodeNoError(t, tt.destroy(l))
				if err := <-results["A"]; err != nil {
					t.Errorf("the sink took A, but its write returned %v", err)
				}
				if err := <-results["B"]; !errors.Is(err, tt.want) || !errors.Is(err, net.ErrClosed) {
					t.Errorf("B returned %v, want %v", err, tt.want)
				}
				log.want(t, "sink got A")
			})
		})
	}
}

func TestC4_FirstOfTwoCausesWins(t *testing.T) {
	first, second := errors.New("first"), errors.New("second")
	for name, on := range map[string]func(*duplex.PairEnd) duplex.Stream{
		"pair":    func(e *duplex.PairEnd) duplex.Stream { return e },
		"conn":    func(e *duplex.PairEnd) duplex.Stream { return duplex.NewConn(e) },
		"layer":   func(e *duplex.PairEnd) duplex.Stream { return duplex.Layer(e, duplex.Codec{}) },
		"wrapper": func(e *duplex.PairEnd) duplex.Stream { return duplex.Wrap(e, duplex.Hooks{}) },
	} {
		t.Run(name, func(t *testing.T) {
			a, peer := duplex.Pair()
			s := on(a)
			nodeNoError(t, duplex.Abort(s, first))
			nodeNoError(t, duplex.Abort(s, second))
			own := func(err error) {
				if !errors.Is(err, net.ErrClosed) || !errors.Is(err, first) || errors.Is(err, second) {
					t.Errorf("own call: %v", err)
				}
			}
			_, err := s.Read(make([]byte, 1))
			own(err)
			_, err = s.Write([]byte("x"))
			own(err)
			theirs := func(err error) {
				if !errors.Is(err, duplex.ErrAborted) || !errors.Is(err, first) || errors.Is(err, second) {
					t.Errorf("the peer's call: %v", err)
				}
			}
			_, err = peer.Read(make([]byte, 1))
			theirs(err)
			_, err = peer.Write([]byte("x"))
			theirs(err)
		})
	}
}

func TestC4_ErrorComesBeforeCloseAndEachOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log nodeLog
		_, b := duplex.Pair()
		c := duplex.Handle(b, log.handler())
		synctest.Wait()
		nodeNoError(t, c.Abort(errors.New("first")))
		nodeNoError(t, c.Abort(errors.New("second")))
		nodeNoError(t, c.Close())
		synctest.Wait()
		log.want(t, "open", "error first", "close")
	})
}

func TestC5_FailedWriteOfATransformIsNoEndToItsReader(t *testing.T) {
	failure := errors.New("write failed")
	s := duplex.Encoder(func(w io.Writer) *nodeEncoder {
		return &nodeEncoder{Writer: &nodeFailing{w, failure, 1}}
	}).Stream()
	nodeSay(t, s, "taken")
	if _, err := io.WriteString(s, "refused"); !errors.Is(err, failure) {
		t.Errorf("the writer got %v", err)
	}
	nodeHearError(t, s, "taken", failure)
}

// nodeFailing fails after some writes that do not.
type nodeFailing struct {
	io.Writer
	err error
	ok  int
}

func (w *nodeFailing) Write(p []byte) (int, error) {
	if w.ok--; w.ok < 0 {
		return 0, w.err
	}
	return w.Writer.Write(p)
}

func TestC5_HandlerWhoseWriteFailsGetsTheErrorAndNoEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log nodeLog
		a, b := duplex.Pair()
		h := log.handler()
		h.Data = func(c *duplex.Conn, p []byte) {
			log.add("data %s", p)
			_, _ = c.Write(p) // looks at no error, as handlers do
		}
		nodeSay(t, a, "x")
		nodeNoError(t, a.CloseWrite())
		nodeNoError(t, a.CloseRead())
		c := duplex.Handle(b, h)
		if err := c.Wait(t.Context()); !errors.Is(err, duplex.ErrPeerClosed) {
			t.Errorf("Wait returned %v", err)
		}
		log.want(t, "open", "data x", "error "+duplex.ErrPeerClosed.Error(), "close")
	})
}

// Without a handler the directions of a stream are independent: what the peer
// said before it stopped reading is still there. Node destroys both.
func TestC5_FailedWriteLeavesTheOtherDirectionReadable(t *testing.T) {
	a, b := duplex.Pair()
	nodeSay(t, a, "goodbye")
	nodeNoError(t, a.Close())
	if _, err := io.WriteString(b, "x"); !errors.Is(err, duplex.ErrPeerClosed) {
		t.Errorf("write to a closed peer: %v", err)
	}
	nodeHearEnd(t, b, "goodbye")
}

func TestC6_PairCarriesABatchAndAnEndEachWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := duplex.Pair()
		c := duplex.NewConn(a)
		nodeNoError(t, c.Batch(func() error {
			nodeSay(t, c, "abc")
			nodeSay(t, c, "")
			nodeSay(t, c, "12")
			return nil
		}))
		nodeSay(t, a, "") // nor does an empty write below a Conn stall
		nodeSay(t, c, "\n")
		nodeNoError(t, c.CloseWrite())
		nodeHearEnd(t, b, "abc12\n")

		nodeSay(t, b, "")
		nodeSay(t, b, "other way")
		nodeNoError(t, b.CloseWrite())
		nodeHearEnd(t, c, "other way")
	})
}
