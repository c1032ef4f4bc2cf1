package duplex_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/duplex-go/duplex"
)

// waitingIn returns how many bytes wait to be read from e.
func waitingIn(e *duplex.PairEnd) int {
	in, _ := e.Waiting()
	return in
}

func TestPairWriterWaitsAtTheHighWaterMark(t *testing.T) {
	for _, mark := range []int{1, 2, 3, 4096, 4097, 64 << 10, 1 << 20, 0, -1} {
		t.Run(fmt.Sprint(mark), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				want := mark
				if mark <= 0 {
					want = duplex.DefaultHighWaterMark
				}
				a, b := duplex.PairConfig{HighWaterMark: mark}.Pair()
				send(t, a, string(pattern(want))) // up to the mark nobody waits
				write := background(func() error { return oneByteTo(a) })
				synctest.Wait()
				if _, out := a.Waiting(); out != want || waitingIn(b) != want {
					t.Errorf("%d bytes wait, want %d", out, want)
				}
				select {
				case err := <-write:
					t.Fatalf("a write went past the mark: %v", err)
				default:
				}
				receive(t, b, string(pattern(want)))
				noError(t, <-write)
				if waitingIn(b) != 1 {
					t.Errorf("%d bytes wait, want the late one", waitingIn(b))
				}
			})
		})
	}
}

func TestPairWriterWakesForHalfTheMarkOrForAllItWants(t *testing.T) {
	for _, tc := range []struct {
		name  string
		write int
		reads []int // one after the other
		waits []int // how many bytes wait after each
	}{
		{"a writer of much sleeps until half is free", 100, []int{3, 1, 3, 1}, []int{5, 8, 5, 8}},
		{"a writer of little goes on when it fits", 2, []int{1, 1}, []int{7, 8}},
		{"a writer of one byte", 1, []int{1}, []int{8}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, b := duplex.PairConfig{HighWaterMark: 8}.Pair()
				send(t, a, "12345678")
				go a.Write(make([]byte, tc.write))
				for i, n := range tc.reads {
					synctest.Wait()
					io.ReadFull(b, make([]byte, n))
					synctest.Wait()
					if waitingIn(b) != tc.waits[i] {
						t.Errorf("after read %d: %d bytes wait, want %d", i, waitingIn(b), tc.waits[i])
					}
				}
				b.Close()
			})
		})
	}
}

func TestPairHoldsNoBufferWhileNothingWaits(t *testing.T) {
	a, b := duplex.Pair()
	for _, n := range []int{1, 4096, 4097, duplex.DefaultHighWaterMark} {
		send(t, a, string(pattern(n)))
		if b.FirstBuffer() == nil {
			t.Fatal("bytes wait in no buffer")
		}
		receive(t, b, string(pattern(n)))
		if b.FirstBuffer() != nil {
			t.Errorf("after %d bytes a buffer stays", n)
		}
	}
}

func TestPairDeadlines(t *testing.T) {
	const soon = time.Second
	read, write := oneByte, func(e *duplex.PairEnd) error { return oneByteTo(e) }
	fill := func(e *duplex.PairEnd) { e.Write([]byte{0}) }
	for _, tc := range []struct {
		name string
		set  func(e *duplex.PairEnd, t time.Time) error
		call func(e *duplex.PairEnd) error
		// ready makes the call possible again.
		ready func(e, peer *duplex.PairEnd)
	}{
		{"read", (*duplex.PairEnd).SetReadDeadline, func(e *duplex.PairEnd) error { return read(e) },
			func(e, peer *duplex.PairEnd) { fill(peer) }},
		{"read by both", (*duplex.PairEnd).SetDeadline, func(e *duplex.PairEnd) error { return read(e) },
			func(e, peer *duplex.PairEnd) { fill(peer) }},
		{"write", (*duplex.PairEnd).SetWriteDeadline, write,
			func(e, peer *duplex.PairEnd) { oneByte(peer) }},
		{"write by both", (*duplex.PairEnd).SetDeadline, write,
			func(e, peer *duplex.PairEnd) { oneByte(peer) }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e, peer := duplex.PairConfig{HighWaterMark: 1}.Pair()
				fill(e)
				late := func(what string, err error) {
					t.Helper()
					var timeout interface{ Timeout() bool }
					if !errors.Is(err, os.ErrDeadlineExceeded) || !errors.As(err, &timeout) || !timeout.Timeout() {
						t.Errorf("%s: %v", what, err)
					}
				}

				noError(t, tc.set(e, time.Now().Add(-soon)))
				late("past", tc.call(e))

				noError(t, tc.set(e, time.Now().Add(soon)))
				late("future", tc.call(e)) // the bubble's clock jumps there
				late("still past", tc.call(e))

				noError(t, tc.set(e, time.Time{}))
				pending := background(func() error { return tc.call(e) })
				synctest.Wait()
				noError(t, tc.set(e, time.Now().Add(-soon)))
				late("set under a pending call", <-pending)

				noError(t, tc.set(e, time.Now().Add(soon)))
				pending = background(func() error { return tc.call(e) })
				time.Sleep(soon / 2)
				noError(t, tc.set(e, time.Now().Add(soon)))
				time.Sleep(soon / 2) // the first limit passes
				synctest.Wait()
				select {
				case err := <-pending:
					t.Fatalf("a limit that was moved ended a call: %v", err)
				default:
				}
				tc.ready(e, peer)
				noError(t, <-pending)

				noError(t, tc.set(e, time.Time{}))
				pending = background(func() error { return tc.call(e) })
				time.Sleep(time.Hour)
				tc.ready(e, peer)
				noError(t, <-pending)
			})
		})
	}
}

func TestPairDeadlineHoldsBackWaitingBytesUntilItIsLifted(t *testing.T) {
	a, b := duplex.Pair()
	send(t, a, "here")
	noError(t, b.SetReadDeadline(time.Unix(1, 0)))
	wantError(t, oneByte(b), os.ErrDeadlineExceeded)
	noError(t, b.SetReadDeadline(time.Time{}))
	receive(t, b, "here")
}

func TestPairLateWriteSaysHowMuchArrives(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := duplex.PairConfig{HighWaterMark: 4}.Pair()
		noError(t, a.SetWriteDeadline(time.Now().Add(time.Second)))
		n, err := a.Write([]byte("abcdefgh"))
		wantError(t, err, os.ErrDeadlineExceeded)
		if n != 4 {
			t.Errorf("the late write took %d bytes, want the mark's 4", n)
		}
		noError(t, a.SetWriteDeadline(time.Time{}))
		rest := background(func() error { _, err := a.Write([]byte("abcdefgh")[n:]); a.CloseWrite(); return err })
		receiveEnd(t, b, "abcdefgh")
		noError(t, <-rest)
	})
}

func TestPairHandsBuffersToAnotherPairUncopied(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := duplex.Pair()
		c, d := duplex.Pair()
		send(t, a, string(pattern(60<<10)))
		buffer := b.FirstBuffer()
		go b.WriteTo(c)
		synctest.Wait()
		if d.FirstBuffer() != buffer {
			t.Error("the bytes were copied")
		}
		receive(t, d, string(pattern(60<<10)))
		noError(t, a.CloseWrite())
	})
}

func TestPairCopiesNearlyEmptyBuffersTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := duplex.Pair()
		c, d := duplex.Pair()
		go b.WriteTo(c)
		for range 50 {
			send(t, a, "1 of many")
			synctest.Wait() // each is on its way alone
		}
		first := d.FirstBuffer()
		receive(t, d, "1 of many1 of ")
		if waitingIn(d) != 50*9-14 || d.FirstBuffer() != first {
			t.Error("small pieces wait in a buffer each")
		}
		noError(t, a.CloseWrite())
	})
}

func TestPairWriteToKeepsOrderAmongPiecesOfAllSizes(t *testing.T) {
	for _, marks := range [][2]int{{0, 0}, {0, 100}, {64 << 10, 5000}, {100, 64 << 10}} {
		t.Run(fmt.Sprint(marks), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, b := duplex.PairConfig{HighWaterMark: marks[0]}.Pair()
				c, d := duplex.PairConfig{HighWaterMark: marks[1]}.Pair()
				want := pattern(120_000)
				go func() {
					for p, n := want, 1; len(p) > 0; n = n*3%70_001 + 1 {
						n = min(n, len(p))
						a.Write(p[:n])
						p = p[n:]
					}
					a.CloseWrite()
				}()
				moved := background(func() int64 {
					n, err := b.WriteTo(c)
					noError(t, err)
					c.CloseWrite()
					return n
				})
				got, err := io.ReadAll(d)
				noError(t, err)
				if !bytes.Equal(got, want) || <-moved != int64(len(want)) {
					t.Errorf("%d bytes arrived, differing from what was written", len(got))
				}
			})
		})
	}
}

func TestPairWriteToStopsWhenItsDestinationIsGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := duplex.Pair()
		c, d := duplex.PairConfig{HighWaterMark: 40 << 10}.Pair()
		moved := background(func() error {
			n, err := b.WriteTo(c)
			if n != 40<<10 {
				t.Errorf("%d bytes counted, want those that were taken", n)
			}
			return err
		})
		send(t, a, string(pattern(40<<10)))
		synctest.Wait()
		send(t, a, string(pattern(40<<10))) // handed over whole or not at all
		synctest.Wait()
		noError(t, d.Close())
		wantError(t, <-moved, duplex.ErrPeerClosed)
	})
}

func TestPairReadFromAndWriteToReturnTheErrorsOfTheOtherSide(t *testing.T) {
	broken := errors.New("broken")
	a, b := duplex.Pair()
	n, err := a.ReadFrom(io.MultiReader(bytes.NewReader(pattern(10)), iotest.ErrReader(broken)))
	if n != 10 {
		t.Errorf("%d bytes counted, want 10", n)
	}
	wantError(t, err, broken)
	receive(t, b, string(pattern(10)))

	send(t, a, "x")
	_, err = b.WriteTo(writerFunc(func(p []byte) (int, error) { return 0, broken }))
	wantError(t, err, broken)
	send(t, a, "xx")
	_, err = b.WriteTo(writerFunc(func(p []byte) (int, error) { return 1, nil }))
	wantError(t, err, io.ErrShortWrite)

	noError(t, a.CloseWrite())
	n, err = b.WriteTo(io.Discard)
	if n != 0 || err != nil {
		t.Errorf("WriteTo at the end: %d, %v", n, err)
	}
}

type writerFunc func(p []byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

type readerFunc func(p []byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func TestPairReadFromDoesNotEndTheDirection(t *testing.T) {
	a, b := duplex.Pair()
	_, err := a.ReadFrom(bytes.NewReader([]byte("one")))
	noError(t, err)
	send(t, a, "two")
	receive(t, b, "onetwo")
}

func TestPairReadFromGivesUpOnAReaderThatNeverProgresses(t *testing.T) {
	a, _ := duplex.Pair()
	_, err := a.ReadFrom(readerFunc(func(p []byte) (int, error) { return 0, nil }))
	wantError(t, err, io.ErrNoProgress)
}

func TestPairWriteAndReadAllocateNothing(t *testing.T) {
	if underRace {
		t.Skip("the race detector makes pools forget")
	}
	for _, size := range []int{1, 64, 4 << 10, 64 << 10} {
		a, b := duplex.Pair()
		p := make([]byte, size)
		round := func() {
			a.Write(p)
			io.ReadFull(b, p)
		}
		if n := testing.AllocsPerRun(200, round); n != 0 {
			t.Errorf("a write and read of %d bytes allocates %v times", size, n)
		}
	}
}
