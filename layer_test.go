package duplex_test

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/duplex-go/duplex"
)

// layers puts a codec on both ends of a pair.
func layers(codec duplex.Codec) (a, b *duplex.Layered) {
	x, y := duplex.Pair()
	return duplex.Layer(x, codec), duplex.Layer(y, codec)
}

func TestLayerCarriesBothDirectionsAndTheirEnds(t *testing.T) {
	for _, codec := range stdCodecs {
		t.Run(codec.Encode.String(), func(t *testing.T) {
			a, b := layers(codec)
			var wg sync.WaitGroup
			for _, ends := range [][2]*duplex.Layered{{a, b}, {b, a}} {
				wg.Go(func() {
					_, err := ends[0].Write(pattern(200_000))
					if err := errors.Join(err, ends[0].CloseWrite(), ends[0].CloseWrite()); err != nil {
						t.Error(err)
					}
				})
				wg.Go(func() {
					got, err := io.ReadAll(ends[1])
					if err != nil || !bytes.Equal(got, pattern(200_000)) {
						t.Errorf("%d bytes and %v", len(got), err)
					}
				})
			}
			wg.Wait()
			wantError(t, oneByteTo(a), duplex.ErrEnded)
			noError(t, a.Close())
			noError(t, b.Close())
		})
	}
}

func TestLayerInverseDecodesWhatIsWritten(t *testing.T) {
	x, b := duplex.Pair()
	a := duplex.Layer(x, stdHex.Inverse())
	_, err := a.Write([]byte("6f6b"))
	noError(t, err)
	noError(t, a.CloseWrite())
	receiveEnd(t, b, "ok")
	send(t, b, "ok")
	receive(t, a, "6f6b")
	noError(t, a.Close())
}

func TestLayerAutoFlushHoldsNothingBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := layers(stdGzip)
		a.AutoFlush = true
		for range 3 {
			send(t, a, "at once")
			receive(t, b, "at once")
		}
	})
}

func TestLayerSendsWhatACallMakesInOneWrite(t *testing.T) {
	x, _ := duplex.Pair()
	var writes []int
	counted := duplex.Wrap(x, duplex.Hooks{Write: func(p []byte) (int, error) {
		writes = append(writes, len(p))
		return len(p), nil
	}})
	chatty := duplex.Encoder(func(w io.Writer) io.WriteCloser {
		return &hookedCloser{writerFunc(func(p []byte) (int, error) {
			for i := range p { // a write for every byte
				w.Write(p[i : i+1])
			}
			return len(p), nil
		}), func() error { w.Write([]byte("tra")); w.Write([]byte("iler")); return nil }, func() {}}
	})
	l := duplex.Layer(counted, duplex.Codec{Encode: chatty})
	send(t, l, "many little ones")
	noError(t, l.CloseWrite())
	if len(writes) != 2 || writes[0] != 16 || writes[1] != 7 {
		t.Errorf("writes of %v bytes below, want 16 and 7", writes)
	}
}

func TestLayerCloseGivesUpWithoutATrailer(t *testing.T) {
	a, b := layers(stdGzip)
	send(t, a, "some text")
	noError(t, a.Flush())
	noError(t, a.Close())
	receive(t, b, "some text")
	wantError(t, oneByte(b), io.ErrUnexpectedEOF)
	for name, err := range map[string]error{
		"Read": oneByte(a), "Write": oneByteTo(a), "Flush": a.Flush(), "CloseWrite": a.CloseWrite(),
	} {
		if !errors.Is(err, net.ErrClosed) {
			t.Errorf("%s after Close: %v", name, err)
		}
	}
}

func TestLayerAbortPassesItsCauseToThePeer(t *testing.T) {
	cause := errors.New("no more")
	a, b := layers(stdGzip)
	send(t, a, "some text")
	noError(t, a.Flush())
	noError(t, a.Abort(cause))
	receive(t, b, "some text")
	wantError(t, oneByte(b), duplex.ErrAborted, cause)
	for _, err := range []error{oneByte(a), oneByteTo(a), a.Flush(), a.CloseWrite()} {
		wantError(t, err, net.ErrClosed, cause)
	}
}

func TestLayerCloseUnblocksPendingCalls(t *testing.T) {
	for _, codec := range stdCodecs {
		synctest.Test(t, func(t *testing.T) {
			a, b := layers(codec)
			read := background(func() error { return oneByte(a) })
			noise := make([]byte, 100_000)
			rand.NewChaCha8([32]byte{}).Read(noise)
			write := background(func() error {
				for {
					if _, err := a.Write(noise); err != nil {
						return err
					}
				}
			})
			synctest.Wait()
			noError(t, a.Close())
			wantError(t, <-read, net.ErrClosed)
			wantError(t, <-write, net.ErrClosed)
			noError(t, b.Close())
		})
	}
}

func TestLayerLateWriteLosesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x, y := duplex.PairConfig{HighWaterMark: 10}.Pair()
		a, b := duplex.Layer(x, stdHex), duplex.Layer(y, stdHex)
		noError(t, a.SetWriteDeadline(time.Now().Add(time.Second)))
		text := "more than fits below the mark"
		n, err := io.WriteString(a, text)
		wantError(t, err, os.ErrDeadlineExceeded)
		if m, err := io.WriteString(a, text[n:]); m != 0 {
			t.Errorf("a write past the deadline took %d bytes: %v", m, err)
		}
		noError(t, a.SetWriteDeadline(time.Time{}))
		rest := background(func() error {
			_, err := io.WriteString(a, text[n:])
			return errors.Join(err, a.CloseWrite())
		})
		receiveEnd(t, b, text)
		noError(t, <-rest)
	})
}

func TestLayerDeadlinesAreThoseOfTheStreamBelow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, _ := layers(stdXor)
		noError(t, a.SetDeadline(time.Now().Add(time.Second)))
		wantError(t, oneByte(a), os.ErrDeadlineExceeded)
		wantError(t, oneByteTo(a), os.ErrDeadlineExceeded)
		noError(t, a.SetDeadline(time.Time{}))
		noError(t, oneByteTo(a))
	})
	none := duplex.Layer(struct{ duplex.Stream }{}, duplex.Codec{})
	wantError(t, none.SetDeadline(time.Now()), os.ErrNoDeadline, errors.ErrUnsupported)
}

func TestLayerSaysWhatLiesBelow(t *testing.T) {
	x, y := duplex.Pair()
	a := duplex.Layer(x, stdGzip)
	if a.Unwrap() != duplex.Stream(x) || !duplex.CanCloseWrite(a) {
		t.Error("the layer hides the stream below")
	}
	if a.LocalAddr().Network() != "pair" || a.RemoteAddr().Network() != "pair" {
		t.Error("the layer hides the addresses below")
	}
	whole := duplex.Layer(duplex.FromConn(struct{ net.Conn }{y}), stdXor)
	if duplex.CanCloseWrite(whole) {
		t.Error("a layer cannot half-close what cannot")
	}
	wantError(t, whole.CloseWrite(), duplex.ErrNoCloseWrite)
	bare := duplex.Layer(struct{ duplex.Stream }{}, duplex.Codec{})
	if bare.LocalAddr().String() != "stream" || bare.RemoteAddr().Network() != "stream" {
		t.Error("a stream without addresses has no placeholder")
	}
}

func TestLayerSecondCloseWriteIsHarmlessOnASocketThatIsOver(t *testing.T) {
	x, far := tcpEnds(t)
	a := duplex.Layer(x, stdXor)
	noError(t, a.CloseWrite())
	receiveEnd(t, far, "")
	noError(t, far.Close())
	receiveEnd(t, a, "")
	noError(t, a.CloseWrite()) // the kernel says ENOTCONN here
	noError(t, a.Close())
}

func TestTransformStreamBoundsWhatWaits(t *testing.T) {
	for _, tr := range []duplex.Transform{{}, stdXor.Encode, stdHex.Decode, duplex.Compose(stdHex.Encode, stdHex.Decode)} {
		synctest.Test(t, func(t *testing.T) {
			s := tr.Stream()
			var wrote int
			writer := background(func() error {
				for {
					n, err := io.WriteString(s, "0123456789abcdef")
					wrote += n
					if err != nil {
						return err
					}
				}
			})
			synctest.Wait() // the writer waits for a reader
			if wrote < 1000 || wrote > 2*duplex.DefaultHighWaterMark {
				t.Errorf("%v took %d bytes that nobody reads", tr, wrote)
			}
			noError(t, s.Close())
			wantError(t, <-writer, net.ErrClosed)
		})
	}
}

func TestTransformStreamFailureReachesBothSides(t *testing.T) {
	t.Run("of the encoder", func(t *testing.T) {
		broken := errors.New("broken encoder")
		synctest.Test(t, func(t *testing.T) {
			s := duplex.Encoder(func(io.Writer) io.WriteCloser {
				return &hookedCloser{iotestWriter{broken}, func() error { return broken }, func() {}}
			}).Stream()
			read := background(func() error { return oneByte(s) })
			synctest.Wait()
			wantError(t, oneByteTo(s), broken)
			wantError(t, <-read, broken)
			wantError(t, oneByteTo(s), broken)
		})
	})
	t.Run("of the decoder", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := stdHex.Decode.Stream()
			send(t, s, "zz")
			err := oneByte(s)
			if err == nil || err == io.EOF {
				t.Fatalf("bad input reads as %v", err)
			}
			wantError(t, oneByteTo(s), err)
		})
	})
}

func TestTransformStreamGivesBytesBeforeItsInputEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := stdXor.Encode.Stream()
		send(t, s, "\x5a\x5b")
		receive(t, s, "\x00\x01")
		noError(t, s.CloseWrite())
		receiveEnd(t, s, "")
	})
}
