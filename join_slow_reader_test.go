package duplex_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/duplex-go/duplex"
)

// TestJoinNeverCutsASlowReader has a peer take a few bytes at a time of what
// one single write of the join waits to hand over: for longer than the bound on
// silence, while nothing is silent.
func TestJoinNeverCutsASlowReader(t *testing.T) {
	eachWay(func(way string, join joinFunc) {
		t.Run(way, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, ja := duplex.Pair()
				jb, b := duplex.PairConfig{HighWaterMark: 100}.Pair()
				const size = 10_000
				go func() {
					_, _ = a.Write(speech[:size])
					_ = a.CloseWrite()
				}()
				_ = b.CloseWrite()
				heard := make(chan int)
				go func() {
					total, buf := 0, make([]byte, 20)
					for {
						n, err := b.Read(buf)
						total += n
						if err != nil {
							if err != io.EOF {
								t.Errorf("the slow reader got %v after %d bytes", err, total)
							}
							heard <- total
							return
						}
						time.Sleep(time.Second)
					}
				}()
				j := duplex.Joiner{Linger: 10 * time.Second, Idle: 20 * time.Second}
				if _, err := join(context.Background(), j, ja, jb); err != nil {
					t.Errorf("the join returned %v", err)
				}
				if n := <-heard; n != size {
					t.Errorf("the slow reader got %d of %d bytes", n, size)
				}
			})
		})
	})
}

// TestJoinNeverCutsASlowReaderBehindTLS is the same with a TLS connection, which
// hides what the connection below it has moved.
func TestJoinNeverCutsASlowReaderBehindTLS(t *testing.T) {
	client, server := tlsConfigs() // not in the bubble, where it is another year
	synctest.Test(t, func(t *testing.T) {
		a, ja := duplex.Pair()
		below, far := duplex.PairConfig{HighWaterMark: 100}.Pair()
		jb := tls.Server(below, server)
		b := tls.Client(duplex.Wrap(far, duplex.Hooks{Read: func(p []byte) (int, error) {
			time.Sleep(time.Second)
			return far.Read(p[:min(len(p), 20)])
		}}), client)
		go func() { _ = b.Handshake() }()
		noError(t, jb.Handshake())
		const size = 10_000
		go func() {
			_, _ = a.Write(speech[:size])
			_ = a.CloseWrite()
		}()
		heard := background(func() []byte {
			_ = b.CloseWrite()
			p, err := io.ReadAll(b)
			noError(t, err)
			return p
		})
		j := duplex.Joiner{Linger: 10 * time.Second, Idle: 20 * time.Second}
		_, err := j.Join(t.Context(), ja, jb)
		noError(t, err)
		if n := len(<-heard); n != size {
			t.Errorf("the slow reader got %d of %d bytes", n, size)
		}
		_ = b.Close()
	})
}

// TestJoinKeepOpenSaysThatAReaderStopped has a survivor of KeepOpen fall silent
// because its reader does not take what it has said: no end, but a loss.
func TestJoinKeepOpenSaysThatAReaderStopped(t *testing.T) {
	eachWay(func(way string, join joinFunc) {
		t.Run(way, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, ja := duplex.PairConfig{HighWaterMark: 100}.Pair()
				jb, b := duplex.Pair()
				_ = a.CloseWrite()
				_, _ = b.Write(speech[:1000])
				res, err := join(context.Background(), duplex.Joiner{End: duplex.KeepOpen}, ja, jb)
				if !errors.Is(err, duplex.ErrIdle) || res.BA.Reason != duplex.Idle {
					t.Errorf("the join returned %v, and %q for the survivor", err, res.BA.Reason)
				}
				if p, err := io.ReadAll(a); len(p) != 100 || !errors.Is(err, duplex.ErrAborted) {
					t.Errorf("the reader that had stopped then got %d bytes and %v, want 100 and an abort", len(p), err)
				}
			})
		})
	})
}

// TestJoinCanceledWhileItCloses ends the context while the join only drains
// what the loser of CloseBoth still sends.
func TestJoinCanceledWhileItCloses(t *testing.T) {
	eachWay(func(way string, join joinFunc) {
		t.Run(way, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, ja := duplex.Pair()
				jb, b := duplex.Pair()
				_ = a.CloseWrite() // b never ends
				const cancelled = time.Second
				ctx, cancel := context.WithTimeout(context.Background(), cancelled)
				defer cancel()
				start := time.Now()
				_, _ = join(ctx, duplex.Joiner{End: duplex.CloseBoth}, ja, jb)
				if d := time.Since(start); d > cancelled {
					t.Errorf("cancelled after %v, the join returned after %v", cancelled, d)
				}
				_, _ = a.Close(), b.Close()
			})
		})
	})
}
