package duplex_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/duplex-go/duplex"
)

// diary is a handler that notes its callbacks.
type diary struct {
	mu    sync.Mutex
	notes []string
}

func (d *diary) note(format string, args ...any) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.notes = append(d.notes, fmt.Sprintf(format, args...))
}

func (d *diary) want(t testing.TB, notes ...string) {
	t.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	if !slices.Equal(d.notes, notes) {
		t.Errorf("callbacks:\n%q, want\n%q", d.notes, notes)
	}
}

func (d *diary) handler() duplex.Handler {
	return duplex.Handler{
		Open:  func(*duplex.Conn) { d.note("open") },
		Data:  func(_ *duplex.Conn, p []byte) { d.note("data %s", p) },
		End:   func(*duplex.Conn) { d.note("end") },
		Error: func(_ *duplex.Conn, err error) { d.note("error %v", err) },
		Close: func(c *duplex.Conn) {
			d.note("close")
			if _, err := c.Write([]byte("x")); !errors.Is(err, net.ErrClosed) {
				d.note("the stream is still open: %v", err)
			}
		},
	}
}

func TestHandlerRule9_CallbacksComeInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := duplex.Pair()
		var d diary
		c := duplex.Handle(b, d.handler())
		for _, text := range []string{"one", "two"} {
			send(t, a, text)
			synctest.Wait()
		}
		noError(t, a.CloseWrite())
		receiveEnd(t, a, "") // the other side ended too
		noError(t, c.Wait(t.Context()))
		d.want(t, "open", "data one", "data two", "end", "close")
	})
}

func TestHandlerRule9_WhatIsQueuedGoesBeforeTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := duplex.Pair()
		c := duplex.Handle(b, duplex.Handler{
			Data: func(c *duplex.Conn, p []byte) { c.Cork(); c.Write(p) }, // never uncorked
			End:  func(c *duplex.Conn) { io.WriteString(c, " bye") },
		})
		send(t, a, "hello")
		noError(t, a.CloseWrite())
		receiveEnd(t, a, "hello bye")
		noError(t, c.Wait(t.Context()))
	})
}

func TestHandlerHalfOpenWaitsForItsOwnEnd(t *testing.T) {
	for _, how := range []string{"CloseWrite", "Close", "Abort"} {
		t.Run(how, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, b := duplex.Pair()
				var d diary
				h := d.handler()
				h.HalfOpen = true
				c := duplex.Handle(b, h)
				noError(t, a.CloseWrite())
				time.Sleep(time.Hour)
				send(t, c, "still talking")
				receive(t, a, "still talking")
				want := []string{"open", "end", "close"}
				switch how {
				case "CloseWrite":
					noError(t, c.CloseWrite())
					noError(t, c.Wait(t.Context()))
				case "Close":
					noError(t, c.Close())
					wantError(t, c.Wait(t.Context()), net.ErrClosed)
				case "Abort":
					noError(t, c.Abort(errors.New("enough")))
					wantError(t, c.Wait(t.Context()), net.ErrClosed)
					want = []string{"open", "end", "error enough", "close"}
				}
				d.want(t, want...)
			})
		})
	}
}

func TestHandlerThatEndsFirstIsDoneWhenItsPeerEnds(t *testing.T) {
	for _, kind := range grounds {
		t.Run(kind.name, func(t *testing.T) {
			far, near := kind.ends(t)
			var d diary
			h := d.handler()
			h.Data = func(c *duplex.Conn, p []byte) {
				io.WriteString(c, "that is all")
				c.CloseWrite()
			}
			c := duplex.Handle(near, h)
			send(t, far, "x")
			receiveEnd(t, far, "that is all")
			noError(t, far.CloseWrite())
			noError(t, c.Wait(t.Context()))
			d.want(t, "open", "end", "close") // and no error
		})
	}
}

func TestHandlerErrorIsToldOnceAndBeforeClose(t *testing.T) {
	cause := errors.New("peer said so")
	for _, tc := range []struct {
		name string
		do   func(a *duplex.PairEnd, c *duplex.Conn)
		want []string
	}{
		{"aborted by the peer", func(a *duplex.PairEnd, c *duplex.Conn) { a.Abort(cause) }, []string{"error duplex: stream aborted: peer said so"}},
		{"aborted here", func(a *duplex.PairEnd, c *duplex.Conn) { c.Abort(cause); c.Abort(errors.New("again")) }, []string{"error peer said so"}},
		{"aborted here without a cause", func(a *duplex.PairEnd, c *duplex.Conn) { c.Abort(nil) }, []string{"error duplex: stream aborted"}},
		{"aborted below", func(a *duplex.PairEnd, c *duplex.Conn) { duplex.Abort(c.Unwrap(), cause) }, []string{"error peer said so"}},
		{"closed here", func(a *duplex.PairEnd, c *duplex.Conn) { c.Close() }, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, b := duplex.Pair()
				var d diary
				c := duplex.Handle(b, d.handler())
				synctest.Wait()
				tc.do(a, c)
				if c.Wait(t.Context()) == nil {
					t.Error("Wait reports an orderly end")
				}
				d.want(t, slices.Concat([]string{"open"}, tc.want, []string{"close"})...)
			})
		})
	}
}

func TestHandlerTellsAResetFromAnEnd(t *testing.T) {
	far, near := tcpEnds(t)
	got := make(chan error, 1)
	c := duplex.Handle(near, duplex.Handler{
		End:   func(*duplex.Conn) { t.Error("a reset is taken for an end") },
		Error: func(_ *duplex.Conn, err error) { got <- err },
	})
	send(t, far, "some")
	resetConn(t, far)
	wantError(t, within(t, "error", got), syscall.ECONNRESET)
	wantError(t, c.Wait(t.Context()), syscall.ECONNRESET)
}

func TestHandlerWriteErrorThatNobodyLooksAtEndsTheStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := duplex.Pair()
		got := make(chan error, 1)
		duplex.Handle(b, duplex.Handler{
			Data:  func(c *duplex.Conn, p []byte) { c.Write(p) },
			Error: func(_ *duplex.Conn, err error) { got <- err },
		})
		noError(t, a.CloseRead())
		send(t, a, "echo this")
		wantError(t, <-got, duplex.ErrPeerClosed)
		wantError(t, oneByteTo(a), duplex.ErrAborted, duplex.ErrPeerClosed)
	})
}

func TestHandlerPanicAbortsItsStreamAndIsReported(t *testing.T) {
	boom := errors.New("boom")
	panics := func(*duplex.Conn) { panic(boom) }
	for _, tc := range []struct {
		name string
		h    duplex.Handler
		do   func(a *duplex.PairEnd, c *duplex.Conn)
	}{
		{"Open", duplex.Handler{Open: panics}, func(*duplex.PairEnd, *duplex.Conn) {}},
		{"Data", duplex.Handler{Data: func(*duplex.Conn, []byte) { panic(boom) }}, func(a *duplex.PairEnd, _ *duplex.Conn) { a.Write([]byte("x")) }},
		{"Data after Close", duplex.Handler{Data: func(c *duplex.Conn, _ []byte) { c.Close(); panic(boom) }},
			func(a *duplex.PairEnd, _ *duplex.Conn) { a.Write([]byte("x")) }},
		{"End", duplex.Handler{End: panics}, func(a *duplex.PairEnd, _ *duplex.Conn) { a.CloseWrite() }},
		{"Every", duplex.Handler{Open: func(c *duplex.Conn) { c.Every(time.Second, func() { panic(boom) }) }}, func(*duplex.PairEnd, *duplex.Conn) {}},
		{"After that closes", duplex.Handler{Open: func(c *duplex.Conn) {
			c.After(time.Second, func() { c.Close(); panic(boom) })
		}}, func(*duplex.PairEnd, *duplex.Conn) {}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, b := duplex.Pair()
				var d diary
				var got error
				tc.h.Error = func(_ *duplex.Conn, err error) { got = err; d.note("error") }
				tc.h.Close = func(*duplex.Conn) { d.note("close") }
				c := duplex.Handle(b, tc.h)
				tc.do(a, c)
				if c.Wait(t.Context()) == nil {
					t.Error("Wait reports an orderly end")
				}
				var panicked *duplex.PanicError
				if !errors.As(got, &panicked) || panicked.Value != boom || !strings.Contains(string(panicked.Stack), "handler_test.go") {
					t.Errorf("the error is %v", got)
				}
				wantError(t, got, boom)
				d.want(t, "error", "close")
				if !strings.Contains(tc.name, "lose") { // not if the stream was closed first
					wantError(t, oneByte(a), duplex.ErrAborted, boom)
				}
			})
		})
	}
}

func TestHandlerPanicInErrorStillCallsClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := duplex.Pair()
		closed := false
		c := duplex.Handle(b, duplex.Handler{
			Error: func(*duplex.Conn, error) { panic("in Error") },
			Close: func(*duplex.Conn) { closed = true; panic("in Close") },
		})
		noError(t, a.Abort(nil))
		wantError(t, c.Wait(t.Context()), duplex.ErrAborted)
		if !closed {
			t.Error("Close was not called")
		}
	})
}

func TestHandlerRule9_OneCallbackAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := duplex.Pair()
		var inside atomic.Int32
		alone := func() {
			if inside.Add(1) != 1 {
				t.Error("two callbacks run at once")
			}
			time.Sleep(3 * time.Millisecond)
			inside.Add(-1)
		}
		beats := 0
		c := duplex.Handle(b, duplex.Handler{
			Open: func(c *duplex.Conn) {
				c.Every(2*time.Millisecond, func() { beats++; alone() }) // no lock for beats
				c.Every(5*time.Millisecond, alone)
				alone()
			},
			Data: func(_ *duplex.Conn, p []byte) { beats++; alone() },
			End:  func(*duplex.Conn) { alone() },
		})
		for range 50 {
			send(t, a, "x")
			time.Sleep(time.Millisecond)
		}
		noError(t, a.CloseWrite())
		noError(t, c.Wait(t.Context()))
		if beats < 10 {
			t.Errorf("only %d callbacks ran", beats)
		}
	})
}

func TestHandlerRule9_ABusyCallbackHoldsItsPeerBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := duplex.PairConfig{HighWaterMark: 1000}.Pair()
		release := make(chan struct{})
		c := duplex.Handle(b, duplex.Handler{Data: func(*duplex.Conn, []byte) { <-release }})
		send(t, a, "x")
		synctest.Wait()
		wrote := background(func() int { n, _ := a.Write(make([]byte, 10_000)); return n })
		synctest.Wait()
		if n := waitingIn(b); n != 1000 {
			t.Errorf("%d bytes wait behind a busy callback, want the mark's 1000", n)
		}
		close(release)
		if n := <-wrote; n != 10_000 {
			t.Errorf("%d bytes were taken in the end", n)
		}
		noError(t, a.CloseWrite())
		noError(t, c.Wait(t.Context()))
	})
}

func TestHandlerRule9_CloseComesOnceWhoeverCloses(t *testing.T) {
	for range 50 {
		synctest.Test(t, func(t *testing.T) {
			a, b := duplex.Pair()
			var closes, errs atomic.Int32
			c := duplex.Handle(b, duplex.Handler{
				Error: func(*duplex.Conn, error) { errs.Add(1) },
				Close: func(*duplex.Conn) { closes.Add(1) },
			})
			for _, f := range []func(){
				func() { c.Close() }, func() { c.Abort(nil) }, func() { a.Close() }, func() { a.Abort(nil) },
				func() { c.CloseWrite() }, func() { a.CloseWrite() }, func() { c.Close() },
			} {
				go f()
			}
			c.Wait(t.Context())
			synctest.Wait()
			if closes.Load() != 1 || errs.Load() > 1 {
				t.Errorf("%d closes and %d errors", closes.Load(), errs.Load())
			}
		})
	}
}

func TestHandlerGivesBackWhatItCannotUseYet(t *testing.T) {
	for _, tc := range []struct {
		name   string
		writes []string
		want   []string
	}{
		{"lines in one piece", []string{"one\ntwo\nthr", "ee\n"}, []string{"one", "two", "three"}},
		{"a line in pieces", []string{"o", "n", "e", "\n"}, []string{"one"}},
		{"a line that never ends", []string{"one\ntw"}, []string{"one"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, b := duplex.Pair()
				var lines []string
				c := duplex.Handle(b, duplex.Handler{Data: func(c *duplex.Conn, p []byte) {
					line, rest, whole := strings.Cut(string(p), "\n")
					if !whole {
						c.Unread(p)
						return
					}
					lines = append(lines, line)
					c.Unread([]byte(rest))
				}})
				for _, text := range tc.writes {
					send(t, a, text)
					synctest.Wait()
				}
				noError(t, a.CloseWrite())
				noError(t, c.Wait(t.Context()))
				if !slices.Equal(lines, tc.want) {
					t.Errorf("lines: %q, want %q", lines, tc.want)
				}
			})
		})
	}
}

func TestHandlerCannotBeGivenTwice(t *testing.T) {
	_, b := duplex.Pair()
	c := duplex.Handle(b, duplex.Handler{})
	func() {
		defer func() {
			if recover() == nil {
				t.Error("a second handler is accepted")
			}
		}()
		duplex.Handle(c, duplex.Handler{})
	}()
	noError(t, c.Close())
	wantError(t, c.Wait(t.Context()), net.ErrClosed)
}

func TestHandlerOnAStreamThatCannotHalfCloseClosesIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x, a := wholePair()
		var d diary
		c := duplex.Handle(x, d.handler())
		send(t, a, "x")
		synctest.Wait()
		noError(t, a.CloseWrite())
		receiveEnd(t, a, "")
		c.Wait(t.Context())
		d.want(t, "open", "data x", "end", "close")
	})
}

func TestHandlerIsOneGoroutine(t *testing.T) {
	before := runtime.NumGoroutine()
	const streams = 50
	var all []*duplex.Conn
	for range streams {
		_, b := duplex.Pair()
		all = append(all, duplex.Handle(b, duplex.Handler{Open: func(c *duplex.Conn) { c.Every(time.Hour, func() {}) }}))
	}
	if n := runtime.NumGoroutine() - before; n > streams {
		t.Errorf("%d goroutines for %d streams", n, streams)
	}
	for _, c := range all {
		noError(t, c.Close())
		c.Wait(context.Background())
	}
}
