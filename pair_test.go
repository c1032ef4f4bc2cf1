package duplex_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/duplex-go/duplex"
)

func TestPairCarriesEveryByteInOrderBothWays(t *testing.T) {
	const total = 1 << 20
	for _, tc := range []struct{ mark, write, read int }{
		{0, 1 << 16, 1 << 16},
		{0, 1000, 1 << 20},
		{0, 1 << 20, 777},
		{1, 100, 64},
		{5, 3, 2},
		{4096, 4097, 4095},
		{1 << 20, 1 << 20, 1 << 20},
	} {
		t.Run(fmt.Sprintf("mark %d, writes of %d, reads of %d", tc.mark, tc.write, tc.read), func(t *testing.T) {
			a, b := duplex.PairConfig{HighWaterMark: tc.mark}.Pair()
			size := total
			if tc.mark > 0 && tc.mark < 100 {
				size = total / 100
			}
			want := pattern(size)
			var wg sync.WaitGroup
			for _, ends := range [][2]*duplex.PairEnd{{a, b}, {b, a}} {
				wg.Go(func() {
					rnd := rand.New(rand.NewPCG(1, uint64(tc.write)))
					for p := want; len(p) > 0; {
						n := min(len(p), 1+rnd.IntN(tc.write))
						if m, err := ends[0].Write(p[:n]); m != n || err != nil {
							t.Errorf("Write of %d: %d, %v", n, m, err)
							return
						}
						p = p[n:]
					}
					if err := ends[0].CloseWrite(); err != nil {
						t.Error(err)
					}
				})
				wg.Go(func() {
					rnd := rand.New(rand.NewPCG(2, uint64(tc.read)))
					var got []byte
					buf := make([]byte, tc.read)
					for {
						n, err := ends[1].Read(buf[:1+rnd.IntN(tc.read)])
						got = append(got, buf[:n]...)
						if err == io.EOF {
							break
						}
						if err != nil {
							t.Error(err)
							return
						}
					}
					if !bytes.Equal(got, want) {
						t.Errorf("%d bytes arrived, differing from the %d written", len(got), len(want))
					}
				})
			}
			wg.Wait()
		})
	}
}

func TestPairEndComesAfterTheLastByteAndLeavesTheOtherDirectionOpen(t *testing.T) {
	a, b := duplex.Pair()
	send(t, a, "question")
	noError(t, a.CloseWrite())
	noError(t, a.CloseWrite()) // twice is harmless
	receive(t, b, "question")
	for range 2 {
		wantError(t, oneByte(b), io.EOF)
	}
	wantError(t, oneByteTo(a), duplex.ErrEnded, io.ErrClosedPipe)
	send(t, b, "answer")
	noError(t, b.CloseWrite())
	receiveEnd(t, a, "answer")
}

func TestPairEndWakesAReaderThatWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := duplex.Pair()
		read := background(func() error { return oneByte(b) })
		synctest.Wait()
		noError(t, a.CloseWrite())
		wantError(t, <-read, io.EOF)
	})
}

func TestPairEndStopsAWriteUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := duplex.PairConfig{HighWaterMark: 4}.Pair()
		type result struct {
			n   int
			err error
		}
		write := background(func() result {
			n, err := a.Write([]byte("abcdefgh"))
			return result{n, err}
		})
		synctest.Wait()
		noError(t, a.CloseWrite())
		got := <-write
		wantError(t, got.err, duplex.ErrEnded)
		receiveEnd(t, b, "abcdefgh"[:got.n])
	})
}

func TestPairCloseUnblocksItsOwnCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, _ := duplex.PairConfig{HighWaterMark: 1}.Pair()
		read := background(func() error { return oneByte(a) })
		write := background(func() error { _, err := a.Write([]byte("xx")); return err })
		synctest.Wait()
		second := background(func() error { return oneByteTo(a) }) // waits for its turn
		synctest.Wait()
		noError(t, a.Close())
		for _, err := range []error{<-read, <-write, <-second} {
			wantError(t, err, duplex.ErrClosed, net.ErrClosed, io.ErrClosedPipe)
		}
	})
}

func TestPairCallsAfterCloseSaySo(t *testing.T) {
	a, b := duplex.Pair()
	send(t, b, "unread")
	noError(t, a.Close())
	noError(t, a.Close())
	for name, err := range map[string]error{
		"Read":             oneByte(a),
		"Write":            oneByteTo(a),
		"CloseWrite":       a.CloseWrite(),
		"SetDeadline":      a.SetDeadline(time.Now()),
		"SetReadDeadline":  a.SetReadDeadline(time.Time{}),
		"SetWriteDeadline": a.SetWriteDeadline(time.Time{}),
		"empty Read":       func() error { _, err := a.Read(nil); return err }(),
		"empty Write":      func() error { _, err := a.Write(nil); return err }(),
	} {
		if !errors.Is(err, net.ErrClosed) {
			t.Errorf("%s after Close: %v", name, err)
		}
	}
}

func TestPairPeerOfACloseReadsTheRestAndCannotWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := duplex.PairConfig{HighWaterMark: 8}.Pair()
		send(t, a, "last")
		write := background(func() error { _, err := b.Write(make([]byte, 20)); return err })
		synctest.Wait()
		noError(t, a.Close())
		wantError(t, <-write, duplex.ErrPeerClosed, syscall.EPIPE, io.ErrClosedPipe)
		if err := oneByteTo(b); errors.Is(err, net.ErrClosed) {
			t.Errorf("a peer's close is taken for one's own: %v", err)
		}
		noError(t, b.CloseWrite()) // a peer that is gone needs no end
		receiveEnd(t, b, "last")
	})
}

func TestPairCloseReadStopsThePeersWritesOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := duplex.PairConfig{HighWaterMark: 2}.Pair()
		write := background(func() error { _, err := b.Write(make([]byte, 3)); return err })
		synctest.Wait()
		noError(t, a.CloseRead())
		wantError(t, <-write, duplex.ErrPeerClosed)
		wantError(t, oneByte(a), net.ErrClosed)
		if in, _ := a.Waiting(); in != 0 {
			t.Errorf("%d bytes still wait for nobody", in)
		}
		send(t, a, "on")
		receive(t, b, "on")
	})
}

func TestPairAbortShowsItsCauseToBothSides(t *testing.T) {
	cause := errors.New("the cause")
	for _, tc := range []struct {
		name  string
		cause error
		want  error
	}{{"with a cause", cause, cause}, {"without", nil, duplex.ErrAborted}} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, b := duplex.PairConfig{HighWaterMark: 8}.Pair()
				ownRead := background(func() error { return oneByte(a) })
				peerWrite := background(func() error { _, err := b.Write(make([]byte, 9)); return err })
				synctest.Wait()
				wantError(t, <-ownRead) // it got one of the nine; the write goes on
				send(t, a, "waiting")
				synctest.Wait()
				ownRead = background(func() error { _, err := io.Copy(io.Discard, a); return err })
				synctest.Wait()
				noError(t, a.Abort(tc.cause))

				for _, err := range []error{<-ownRead, oneByte(a), oneByteTo(a), a.CloseWrite()} {
					wantError(t, err, net.ErrClosed, duplex.ErrClosed, tc.want)
				}
				<-peerWrite
				receive(t, b, "waiting") // what was written comes first
				for _, err := range []error{oneByte(b), oneByteTo(b), b.CloseWrite()} {
					wantError(t, err, duplex.ErrAborted, tc.want)
					if errors.Is(err, net.ErrClosed) || err == io.EOF {
						t.Errorf("the peer of an abort gets %v", err)
					}
					if abort := (*duplex.AbortError)(nil); !errors.As(err, &abort) {
						t.Errorf("%T is no AbortError", err)
					}
				}
			})
		})
	}
}

func TestPairAbortAfterAnEndCannotTakeItBack(t *testing.T) {
	cause := errors.New("too late")
	a, b := duplex.Pair()
	send(t, a, "all")
	noError(t, a.CloseWrite())
	noError(t, a.Abort(cause))
	receiveEnd(t, b, "all")
	wantError(t, oneByteTo(b), duplex.ErrAborted, cause)
}

func TestPairFirstOfCloseAndAbortWins(t *testing.T) {
	first, second := errors.New("first"), errors.New("second")
	a, b := duplex.Pair()
	noError(t, a.Abort(first))
	noError(t, a.Abort(second))
	noError(t, a.Close())
	wantError(t, oneByte(b), first)
	wantError(t, oneByte(a), first)

	a, b = duplex.Pair()
	noError(t, a.Close())
	noError(t, a.Abort(second))
	wantError(t, oneByte(b), io.EOF)
	wantError(t, oneByteTo(b), duplex.ErrPeerClosed)
	if err := oneByte(a); err != duplex.ErrClosed {
		t.Errorf("an abort after a close changed the error to %v", err)
	}

	a, b = duplex.Pair()
	noError(t, a.CloseRead())
	noError(t, a.Abort(second)) // its other direction only
	wantError(t, oneByteTo(b), duplex.ErrPeerClosed)
	wantError(t, oneByte(b), duplex.ErrAborted, second)
}

func TestPairEmptyCallsSayHowThingsStand(t *testing.T) {
	type call func(e *duplex.PairEnd) (int, error)
	read := call(func(e *duplex.PairEnd) (int, error) { return e.Read(nil) })
	write := call(func(e *duplex.PairEnd) (int, error) { return e.Write(nil) })
	for _, tc := range []struct {
		name  string
		setup func(a, b *duplex.PairEnd)
		call  call
		want  error
	}{
		{"read, nothing waits", func(a, b *duplex.PairEnd) {}, read, nil},
		{"read, bytes wait", func(a, b *duplex.PairEnd) { b.Write([]byte("x")); b.CloseWrite() }, read, nil},
		{"read, ended", func(a, b *duplex.PairEnd) { b.CloseWrite() }, read, io.EOF},
		{"read, aborted", func(a, b *duplex.PairEnd) { b.Abort(nil) }, read, duplex.ErrAborted},
		{"read, late", func(a, b *duplex.PairEnd) { a.SetReadDeadline(time.Unix(1, 0)) }, read, os.ErrDeadlineExceeded},
		{"write", func(a, b *duplex.PairEnd) {}, write, nil},
		{"write, full", func(a, b *duplex.PairEnd) { a.Write(make([]byte, duplex.DefaultHighWaterMark)) }, write, nil},
		{"write, ended", func(a, b *duplex.PairEnd) { a.CloseWrite() }, write, duplex.ErrEnded},
		{"write, peer gone", func(a, b *duplex.PairEnd) { b.Close() }, write, duplex.ErrPeerClosed},
		{"write, late", func(a, b *duplex.PairEnd) { a.SetWriteDeadline(time.Unix(1, 0)) }, write, os.ErrDeadlineExceeded},
	} {
		t.Run(tc.name, func(t *testing.T) {
			a, b := duplex.Pair()
			tc.setup(a, b)
			n, err := tc.call(a)
			if n != 0 || !errors.Is(err, tc.want) {
				t.Errorf("got %d, %v, want 0, %v", n, err, tc.want)
			}
		})
	}
}

func TestPairWritersAreNotInterleaved(t *testing.T) {
	const writers, each, size = 8, 40, 100
	a, b := duplex.PairConfig{HighWaterMark: 33}.Pair()
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for range each {
				if _, err := a.Write(bytes.Repeat([]byte{byte('a' + w)}, size)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	go func() {
		wg.Wait()
		a.CloseWrite()
	}()
	got, err := io.ReadAll(b)
	noError(t, err)
	if len(got) != writers*each*size {
		t.Fatalf("%d bytes arrived, want %d", len(got), writers*each*size)
	}
	for ; len(got) > 0; got = got[size:] {
		if bytes.Count(got[:size], got[:1]) != size {
			t.Fatalf("a write was interleaved: %q", got[:size])
		}
	}
}

func TestPairReadersShareWhatWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := duplex.Pair()
		var reads []<-chan error
		for range 3 {
			reads = append(reads, background(func() error { return oneByte(b) }))
		}
		synctest.Wait()
		send(t, a, "xyz")
		for _, read := range reads {
			noError(t, <-read) // a reader left asleep deadlocks the bubble
		}
	})
}

func TestPairIsAConnectionWithAddresses(t *testing.T) {
	a, _ := duplex.Pair()
	for _, addr := range []net.Addr{a.LocalAddr(), a.RemoteAddr()} {
		if addr.Network() != "pair" || addr.String() != "pair" {
			t.Errorf("address is %v of network %v", addr, addr.Network())
		}
	}
}
