package duplex_test

import (
	"compress/gzip"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/duplextest"
)

func TestJoinStop_WritesOutWhatItHasReadAndEndsBothSides(t *testing.T) {
	for name, policy := range map[string]duplex.EndPolicy{"half": duplex.HalfClose, "keep": duplex.KeepOpen, "close": duplex.CloseBoth} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				stop, end := context.WithCancel(t.Context())
				a, b, done := joinedPairs(t, duplex.Joiner{Stop: stop, End: policy})
				// More than both pairs hold, so that a write of the join waits.
				sent := background(func() int {
					n, _ := a.Write(pattern(1 << 20))
					return n
				})
				send(t, b, "answer")
				synctest.Wait()
				end()
				synctest.Wait()
				got, err := io.ReadAll(b)
				noError(t, err)
				if string(got) != string(pattern(1 << 20)[:len(got)]) || len(got) < duplex.DefaultHighWaterMark {
					t.Errorf("b got %d bytes, not what a sent first", len(got))
				}
				receiveEnd(t, a, "answer")
				_, _ = a.Close(), b.Close()
				result := <-done
				noError(t, result.err)
				wantDirection(t, "a to b", result.AB, int64(len(got)), duplex.Stopped)
				wantDirection(t, "b to a", result.BA, 6, duplex.Stopped)
				<-sent
			})
		})
	}
}

func TestJoinStop_WaitsForItsPeersOnlySoLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stop, end := context.WithCancel(t.Context())
		a, b, done := joinedPairs(t, duplex.Joiner{Stop: stop})
		began := time.Now()
		end()
		receiveEnd(t, a, "")
		receiveEnd(t, b, "")
		result := <-done // neither peer ends
		noError(t, result.err)
		if took := time.Since(began); took != 2*time.Second {
			t.Errorf("the peers were waited for %v", took)
		}
	})
}

func TestJoinStop_BeforeItBeginsMovesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stop, end := context.WithCancel(t.Context())
		end()
		a, x := duplex.Pair()
		y, b := duplex.Pair()
		synctest.Wait()
		done := startJoin(t.Context(), duplex.Joiner{Stop: stop}, x, y)
		receiveEnd(t, a, "")
		receiveEnd(t, b, "")
		_, _ = a.Close(), b.Close()
		noError(t, (<-done).err)
	})
}

func TestJoinStop_ThatCannotWriteEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stop, end := context.WithCancel(t.Context())
		cut, give := context.WithCancelCause(t.Context())
		reason := errors.New("enough")
		a, b, done := joinedPairsUntil(cut, duplex.Joiner{Stop: stop})
		sent := background(func() error {
			_, err := a.Write(make([]byte, 1<<20))
			return err
		})
		synctest.Wait()
		end()
		time.Sleep(5 * time.Second)
		select {
		case result := <-done:
			t.Fatalf("the join returned %v with bytes unwritten", result.err)
		default:
		}
		give(reason)
		result := <-done
		wantError(t, result.err, reason)
		if result.AB.Reason != duplex.Canceled {
			t.Errorf("a to b: %v", result.AB.Reason)
		}
		if _, err := io.ReadAll(b); err == nil {
			t.Error("b took the cut for an end")
		}
		<-sent
	})
}

// deaf hides the deadlines of a stream.
type deaf struct{ duplex.Stream }

func (d deaf) Abort(cause error) error { return duplex.Abort(d.Stream, cause) }

func TestJoinStop_ClosesStreamsThatNoDeadlineReaches(t *testing.T) {
	for _, test := range []struct {
		name         string
		deafA, deafB bool
	}{{"one", true, false}, {"the other", false, true}, {"both", true, true}} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				stop, end := context.WithCancel(t.Context())
				a, x := duplex.Pair()
				b, y := duplex.Pair()
				var near, far duplex.Stream = x, y
				if test.deafA {
					near = deaf{x}
				}
				if test.deafB {
					far = deaf{y}
				}
				done := startJoin(t.Context(), duplex.Joiner{Stop: stop}, near, far)
				send(t, a, "question")
				send(t, b, "answer")
				receive(t, b, "question")
				receive(t, a, "answer")
				synctest.Wait()
				end()
				receiveEnd(t, a, "")
				receiveEnd(t, b, "")
				synctest.Wait() // or the peers' own ends come first
				_, _ = a.Close(), b.Close()
				result := <-done
				noError(t, result.err)
				wantDirection(t, "a to b", result.AB, 8, duplex.Stopped)
				wantDirection(t, "b to a", result.BA, 6, duplex.Stopped)
			})
		})
	}
}

func TestJoinStop_WritesAnEncodersTrailerAndTellsOfAnUnfinishedDecoder(t *testing.T) {
	codec := duplex.Codec{
		Encode: duplex.Encoder(gzip.NewWriter),
		Decode: duplex.TryDecoder(gzip.NewReader),
	}
	for _, back := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			stop, end := context.WithCancel(t.Context())
			a, x := duplex.Pair()
			y, b := duplex.Pair()
			done := startJoin(t.Context(), duplex.Joiner{Stop: stop}, x, duplex.Layer(y, codec))
			send(t, a, "question")
			if back {
				w := gzip.NewWriter(b)
				send(t, w, "answer")
				noError(t, w.Flush())
				receive(t, a, "answer")
			} else {
				noError(t, gzip.NewWriter(b).Close()) // a whole stream, and an end
				noError(t, b.CloseWrite())
			}
			synctest.Wait()
			end()
			r, err := gzip.NewReader(b)
			noError(t, err)
			receiveEnd(t, r, "question")
			receiveEnd(t, a, "")
			_, _ = a.Close(), b.Close()
			result := <-done
			if !back {
				noError(t, result.err)
				return
			}
			wantError(t, result.err, io.ErrUnexpectedEOF)
			for _, d := range []duplex.Direction{result.AB, result.BA} { // the order is tested both ways
				if d.Reason != duplex.Stopped || (d.Err != nil) != (d.Bytes == 6) {
					t.Errorf("%d bytes, %v, %v", d.Bytes, d.Reason, d.Err)
				}
			}
		})
	}
}

// A close with bytes unread resets a TCP connection, which would destroy what
// its peer has not read yet: the join has to drain first.
func TestJoinStop_OfSocketsLosesNothingThatItHasTaken(t *testing.T) {
	duplextest.NoLeaks(t)
	ends := map[string]func(testing.TB) (duplex.Stream, duplex.Stream){
		"tcp":  func(t testing.TB) (duplex.Stream, duplex.Stream) { return tcpEnds(t) },
		"unix": func(t testing.TB) (duplex.Stream, duplex.Stream) { return unixEnds(t) },
		"tls":  func(t testing.TB) (duplex.Stream, duplex.Stream) { return tlsEnds(t) },
	}
	for name, connect := range ends {
		t.Run(name, func(t *testing.T) {
			for i := range tenth(100) {
				random := rand.New(rand.NewPCG(uint64(i), 25))
				a, x := connect(t)
				y, b := tcpEnds(t)
				stop, end := context.WithCancel(t.Context())
				j := duplex.Joiner{Stop: stop, Traffic: new(duplex.Traffic)}
				done := startJoin(t.Context(), j, x, y)
				// Both peers send all the time, and read a part now, the rest
				// after the stop.
				sending := func(s duplex.Stream) <-chan struct{} {
					return background(func() struct{} {
						for {
							if _, err := s.Write(make([]byte, 10_000)); err != nil {
								_ = s.CloseWrite()
								return struct{}{}
							}
						}
					})
				}
				fromA, fromB := sending(a), sending(b)
				before := random.Int64N(4 << 20)
				_, err := io.CopyN(io.Discard, b, before)
				noError(t, err)
				end()
				rest := background(func() int64 { return received(t, b) })
				atA := received(t, a)
				atB := before + within(t, "b", rest)
				noError(t, errors.Join(ignoreReset(a.Close()), ignoreReset(b.Close())))
				result := within(t, "join", done)
				<-fromA
				<-fromB
				noError(t, result.err)
				ab, ba := result.AB, result.BA
				if ab.Reason != duplex.Stopped || ba.Reason != duplex.Stopped || ab.Bytes+ba.Bytes != atA+atB {
					t.Fatalf("round %d: %v, %v; %d and %d bytes taken, %d and %d received",
						i, ab.Reason, ba.Reason, ab.Bytes, ba.Bytes, atB, atA)
				}
			}
		})
	}
}

// received reads s to its end and returns how many bytes there were.
func received(t testing.TB, s duplex.Stream) int64 {
	n, err := io.Copy(io.Discard, struct{ io.Reader }{s})
	if err != nil {
		t.Errorf("after %d bytes: %v", n, err)
	}
	return n
}

// ignoreReset returns err unless it says that the peer has gone.
func ignoreReset(err error) error {
	if errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) || errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}
