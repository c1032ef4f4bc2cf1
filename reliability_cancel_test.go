package duplex_test

import (
	"context"
	"errors"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/duplextest"
)

// blocked is a call that waits for something that never comes, until its
// context ends.
type blocked struct {
	name string
	// call makes the call, in a bubble. later frees what it does not own.
	call func(ctx context.Context, later func(func())) error
	// had is the failure that the call knows of already, if there is one: the
	// first error wins.
	had error
}

// TestR09_EndOfContextEndsEveryBlockedCall ends the context of every call that
// takes one, in every state in which it can wait. It must return at once, in
// no virtual time at all, with the cause, and leave nothing running.
func TestR09_EndOfContextEndsEveryBlockedCall(t *testing.T) {
	for _, group := range []struct {
		name  string
		cases []blocked
	}{
		{"Join", blockedJoins()},
		{"Pipeline", blockedPipelines()},
		{"Shutdown", blockedShutdowns()},
		{"Wait", blockedWaits()},
		{"Server.Shutdown", blockedServers()},
	} {
		for _, c := range group.cases {
			t.Run(group.name+"/"+c.name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					var frees []func()
					ctx, cancel := context.WithCancelCause(context.Background())
					returned := make(chan error, 1)
					go func() { returned <- c.call(ctx, func(f func()) { frees = append(frees, f) }) }()
					time.Sleep(time.Second) // it has come to where it waits
					synctest.Wait()
					select {
					case err := <-returned:
						t.Fatalf("it did not block: %v", err)
					default:
					}
					enough := errors.New("enough of that")
					start := time.Now()
					cancel(enough)
					want := enough
					if c.had != nil {
						want = c.had
					}
					if err := <-returned; !errors.Is(err, want) {
						t.Errorf("it returned %v, want %v", err, want)
					}
					if d := time.Since(start); d != 0 {
						t.Errorf("it returned %v after the end of its context, want at once", d)
					}
					for _, f := range frees {
						f()
					}
				})
			})
		}
	}
}

// full returns a pair of which the first end cannot write any more.
func fullPair() (a, b *duplex.PairEnd) {
	a, b = duplex.Pair()
	if _, err := a.Write(speech[:duplex.DefaultHighWaterMark]); err != nil {
		panic(err)
	}
	return a, b
}

// stalled returns a stream of which a kind of call waits for ever.
func stalled(op duplextest.Op, s duplex.Stream) duplex.Stream {
	return duplextest.Fault{Op: op, N: 1, Kind: duplextest.Stall}.Stream(s)
}

func blockedJoins() []blocked {
	// A join of two pairs, after something was done with the outer ends.
	joined := func(name string, j duplex.Joiner, do func(a, b *duplex.PairEnd), wrap func(ja, jb duplex.Stream) (x, y duplex.Stream)) []blocked {
		var both []blocked
		eachWay(func(way string, join joinFunc) {
			both = append(both, blocked{name: name + ", " + way, call: func(ctx context.Context, later func(func())) error {
				a, ja := duplex.Pair()
				jb, b := duplex.Pair()
				later(func() { _, _ = a.Close(), b.Close() })
				go do(a, b)
				x, y := wrap(ja, jb)
				_, err := join(ctx, j, x, y)
				return err
			}})
		})
		return both
	}
	plain := func(ja, jb duplex.Stream) (x, y duplex.Stream) { return ja, jb }
	nothing := func(a, b *duplex.PairEnd) {}
	flood := func(s duplex.Stream) {
		for {
			if _, err := s.Write(speech[:50_000]); err != nil {
				return
			}
		}
	}
	writeFailed := joined("a write failed", duplex.Joiner{}, func(a, b *duplex.PairEnd) { _ = b.CloseRead(); flood(a) }, plain)
	for i := range writeFailed {
		writeFailed[i].had = duplex.ErrPeerClosed
	}
	all := writeFailed
	for _, some := range [][]blocked{
		joined("both read", duplex.Joiner{}, nothing, plain),
		joined("one writes", duplex.Joiner{}, func(a, b *duplex.PairEnd) { flood(a) }, plain),
		joined("both write", duplex.Joiner{}, func(a, b *duplex.PairEnd) { go flood(a); flood(b) }, plain),
		joined("half-closed and reading", duplex.Joiner{}, func(a, b *duplex.PairEnd) { _ = a.CloseWrite() }, plain),
		joined("half-closed and writing", duplex.Joiner{}, func(a, b *duplex.PairEnd) { _ = a.CloseWrite(); flood(b) }, plain),
		joined("KeepOpen and reading", duplex.Joiner{End: duplex.KeepOpen}, func(a, b *duplex.PairEnd) { _ = a.CloseWrite() }, plain),
		joined("one stalls in Read", duplex.Joiner{}, func(a, b *duplex.PairEnd) { flood(a) }, func(ja, jb duplex.Stream) (x, y duplex.Stream) {
			return stalled(duplextest.OpRead, ja), jb
		}),
		joined("one stalls in Write", duplex.Joiner{}, func(a, b *duplex.PairEnd) { flood(a) }, func(ja, jb duplex.Stream) (x, y duplex.Stream) {
			return ja, stalled(duplextest.OpWrite, jb)
		}),
		joined("one stalls in CloseWrite", duplex.Joiner{}, func(a, b *duplex.PairEnd) { _ = a.CloseWrite() }, func(ja, jb duplex.Stream) (x, y duplex.Stream) {
			return ja, stalled(duplextest.OpCloseWrite, jb)
		}),
		joined("layers", duplex.Joiner{}, func(a, b *duplex.PairEnd) { flood(duplex.Layer(a, frames)) }, func(ja, jb duplex.Stream) (x, y duplex.Stream) {
			return duplex.Layer(ja, frames), duplex.Layer(jb, frames)
		}),
		joined("Conns", duplex.Joiner{}, func(a, b *duplex.PairEnd) { flood(a) }, func(ja, jb duplex.Stream) (x, y duplex.Stream) {
			return duplex.NewConn(ja), duplex.NewConn(jb)
		}),
	} {
		all = append(all, some...)
	}
	return all
}

func blockedPipelines() []blocked {
	silent := func(later func(func())) *duplex.PairEnd {
		a, b := duplex.Pair()
		later(func() { _, _ = a.Close(), b.Close() })
		return a
	}
	deaf := func(later func(func())) *duplex.PairEnd {
		a, b := fullPair()
		later(func() { _, _ = a.Close(), b.Close() })
		return a
	}
	run := func(name string, stages func(later func(func())) []duplex.Stage) blocked {
		return blocked{name: name, call: func(ctx context.Context, later func(func())) error {
			return duplex.Pipeline(ctx, stages(later)...)
		}}
	}
	endless := func(func(func())) duplex.Source { return duplex.From(zeros{}) }
	upper := duplex.Map(func(p []byte) []byte { return p })
	return []blocked{
		run("the source reads", func(later func(func())) []duplex.Stage {
			return []duplex.Stage{duplex.From(silent(later)), duplex.To(io.Discard)}
		}),
		run("the source reads and is kept open", func(later func(func())) []duplex.Stage {
			return []duplex.Stage{duplex.Source{Reader: silent(later), KeepOpen: true}, duplex.To(io.Discard)}
		}),
		run("the sink writes", func(later func(func())) []duplex.Stage {
			return []duplex.Stage{endless(later), duplex.To(deaf(later))}
		}),
		run("the sink writes and is kept open", func(later func(func())) []duplex.Stage {
			return []duplex.Stage{endless(later), duplex.Sink{Writer: deaf(later), KeepOpen: true}}
		}),
		run("the sink writes after a map", func(later func(func())) []duplex.Stage {
			return []duplex.Stage{endless(later), upper, duplex.To(deaf(later))}
		}),
		run("the sink writes after a codec", func(later func(func())) []duplex.Stage {
			return []duplex.Stage{endless(later), frames.Encode, frames.Decode, duplex.To(deaf(later))}
		}),
		run("a decoder reads", func(later func(func())) []duplex.Stage {
			return []duplex.Stage{duplex.From(silent(later)), gzipCodec.Decode, duplex.To(io.Discard)}
		}),
		run("a stream in the middle is written to", func(later func(func())) []duplex.Stage {
			return []duplex.Stage{endless(later), duplex.Via(deaf(later)), duplex.To(io.Discard)}
		}),
		run("a stream in the middle is read", func(later func(func())) []duplex.Stage {
			return []duplex.Stage{duplex.From(silent(later)), duplex.Via(silent(later)), duplex.To(io.Discard)}
		}),
		run("a stream in the middle is ended", func(later func(func())) []duplex.Stage {
			return []duplex.Stage{duplex.From(eof{}), duplex.Via(stalled(duplextest.OpCloseWrite, silent(later))), duplex.To(io.Discard)}
		}),
		run("the sink is ended", func(later func(func())) []duplex.Stage {
			return []duplex.Stage{duplex.From(eof{}), duplex.To(stalled(duplextest.OpCloseWrite, silent(later)))}
		}),
		run("a function reads", func(later func(func())) []duplex.Stage {
			return []duplex.Stage{duplex.From(silent(later)), duplex.StageFunc(func(_ context.Context, r io.Reader, w io.Writer) error {
				_, err := io.Copy(w, r)
				return err
			}), duplex.To(io.Discard)}
		}),
		run("a function writes", func(later func(func())) []duplex.Stage {
			return []duplex.Stage{endless(later), duplex.StageFunc(func(_ context.Context, r io.Reader, w io.Writer) error {
				_, err := io.Copy(w, r)
				return err
			}), duplex.To(deaf(later))}
		}),
		run("a function waits for its context", func(later func(func())) []duplex.Stage {
			return []duplex.Stage{duplex.From(silent(later)), duplex.StageFunc(func(ctx context.Context, _ io.Reader, _ io.Writer) error {
				<-ctx.Done()
				return ctx.Err()
			})}
		}),
		run("pipes of package io", func(later func(func())) []duplex.Stage {
			r, _ := io.Pipe()
			_, w := io.Pipe()
			return []duplex.Stage{duplex.From(r), duplex.To(w)}
		}),
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

type eof struct{}

func (eof) Read([]byte) (int, error) { return 0, io.EOF }

func blockedShutdowns() []blocked {
	return []blocked{
		{name: "the peer does not end", call: func(ctx context.Context, later func(func())) error {
			a, b := duplex.Pair()
			later(func() { _ = b.Close() })
			return duplex.Shutdown(ctx, a)
		}},
		{name: "a layer cannot send its trailer", call: func(ctx context.Context, later func(func())) error {
			a, b := fullPair()
			later(func() { _ = b.Close() })
			return duplex.Shutdown(ctx, duplex.Layer(a, frames))
		}},
		{name: "CloseWrite stalls", call: func(ctx context.Context, later func(func())) error {
			a, b := duplex.Pair()
			later(func() { _ = b.Close() })
			return duplex.Shutdown(ctx, stalled(duplextest.OpCloseWrite, a))
		}},
	}
}

func blockedWaits() []blocked {
	wait := func(name string, handled bool, f func(*duplex.Conn, context.Context) error) blocked {
		return blocked{name: name, call: func(ctx context.Context, later func(func())) error {
			a, b := duplex.Pair()
			later(func() { _, _ = a.Close(), b.Close() })
			c := duplex.NewConn(a)
			if handled {
				c = duplex.Handle(a, duplex.Handler{})
			}
			return f(c, ctx)
		}}
	}
	return []blocked{
		wait("for both", false, (*duplex.Conn).Wait),
		wait("for both, with a handler", true, (*duplex.Conn).Wait),
		wait("for the reading direction", false, (*duplex.Conn).WaitRead),
		wait("for the writing direction", false, (*duplex.Conn).WaitWrite),
	}
}

// blockedServers shut a server down whose one connection has no end in sight.
func blockedServers() []blocked {
	serve := func(name string, srv func() *duplex.Server, deaf bool) blocked {
		return blocked{name: name, call: func(ctx context.Context, later func(func())) error {
			l := newMemoryListener()
			s := srv()
			served := make(chan error, 1)
			go func() { served <- s.Serve(l) }()
			a, b := duplex.Pair()
			if deaf {
				a, b = fullPair()
			}
			l.conns <- a
			_, _ = b.Write([]byte("go on"))
			later(func() { _ = b.Close() })
			for s.Active() == 0 {
				time.Sleep(time.Millisecond)
			}
			time.Sleep(time.Millisecond) // the handler waits now
			err := s.Shutdown(ctx)
			if serr := <-served; serr != duplex.ErrServerClosed {
				return serr
			}
			return err
		}}
	}
	return []blocked{
		serve("a handler that hears nothing", func() *duplex.Server { return new(duplex.Server) }, false),
		serve("a callback that writes", func() *duplex.Server {
			return &duplex.Server{Handler: duplex.Handler{Data: func(c *duplex.Conn, _ []byte) {
				_, _ = c.Write([]byte("more"))
			}}}
		}, true),
		serve("a half-open handler", func() *duplex.Server {
			return &duplex.Server{Handler: duplex.Handler{HalfOpen: true}}
		}, false),
		serve("a handler that was told", func() *duplex.Server {
			return &duplex.Server{Handler: duplex.Handler{Shutdown: func(c *duplex.Conn) { _ = c.CloseWrite() }}}
		}, false),
		serve("a function that reads", func() *duplex.Server {
			return &duplex.Server{Func: func(_ context.Context, s duplex.Stream) error {
				_, err := io.Copy(io.Discard, s)
				return err
			}}
		}, false),
		serve("a function that writes", func() *duplex.Server {
			return &duplex.Server{Func: func(_ context.Context, s duplex.Stream) error {
				_, err := s.Write([]byte("more"))
				return err
			}}
		}, true),
		serve("a function that waits for its context", func() *duplex.Server {
			return &duplex.Server{Func: func(ctx context.Context, _ duplex.Stream) error {
				<-ctx.Done()
				return nil
			}}
		}, false),
		serve("a connection that is being closed in order", func() *duplex.Server {
			return &duplex.Server{Func: func(context.Context, duplex.Stream) error { return nil }}
		}, false),
	}
}

// memoryListener accepts connections that need no socket.
type memoryListener struct {
	conns chan net.Conn
	gone  chan struct{}
}

func newMemoryListener() *memoryListener {
	return &memoryListener{conns: make(chan net.Conn), gone: make(chan struct{})}
}

func (l *memoryListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.gone:
		return nil, net.ErrClosed
	}
}

func (l *memoryListener) Close() error {
	select {
	case <-l.gone:
	default:
		close(l.gone)
	}
	return nil
}

func (l *memoryListener) Addr() net.Addr { return &net.UnixAddr{Name: "memory", Net: "memory"} }
