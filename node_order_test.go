package duplex_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/duplex-go/duplex"
)

// Group A: order, backpressure, end.

// Node's write says false at the mark and takes the bytes all the same; the
// mark here is a bound, and the write that would pass it waits.
func TestA1_WriterWaitsAtTheMarkAndNotBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := duplex.PairConfig{HighWaterMark: 4}.Pair()
		nodeSay(t, a, "abc")
		nodeSay(t, a, "d") // reaches the mark and does not wait

		var drained atomic.Int32
		go func() {
			nodeSay(t, a, "e")
			drained.Add(1)
		}()
		synctest.Wait()
		if n := drained.Load(); n != 0 {
			t.Error("a write above the mark did not wait")
		}
		nodeHear(t, b, "abcd")
		synctest.Wait()
		if n := drained.Load(); n != 1 {
			t.Error("the writer still waits although everything was read")
		}

		nodeSay(t, a, "fgh") // full again
		if err := a.CloseWrite(); err != nil {
			t.Errorf("ending a full writer: %v", err)
		}
		nodeHearEnd(t, b, "efgh")
	})
}

func TestA1_EndOfAFullWriterLetsNoWaitingWriteThrough(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := duplex.PairConfig{HighWaterMark: 4}.Pair()
		nodeSay(t, a, "abcd")
		late := make(chan error, 1)
		go func() {
			_, err := io.WriteString(a, "e")
			late <- err
		}()
		synctest.Wait()
		if err := a.CloseWrite(); err != nil {
			t.Errorf("ending a full writer: %v", err)
		}
		if err := <-late; !errors.Is(err, duplex.ErrEnded) {
			t.Errorf("the waiting write got %v", err)
		}
		nodeHearEnd(t, b, "abcd")
	})
}

// One chunk waits for the reader and one is in the writer's hands: a transform
// runs in the goroutine that writes and takes no chunk that has no room.
func TestA2_TransformWithoutReaderStopsItsWriter(t *testing.T) {
	const text = "abcdefghij"
	synctest.Test(t, func(t *testing.T) {
		var transformed atomic.Int32
		upper := duplex.Map(func(p []byte) []byte {
			transformed.Add(1)
			return bytes.ToUpper(p)
		})
		a, b := duplex.PairConfig{HighWaterMark: 1}.Pair()
		l := duplex.Layer(a, duplex.Codec{Encode: upper})
		go func() {
			for _, c := range text {
				nodeSay(t, l, string(c))
			}
			if err := l.CloseWrite(); err != nil {
				t.Error(err)
			}
		}()
		synctest.Wait()
		if n := transformed.Load(); n != 2 {
			t.Errorf("%d chunks were transformed while nobody read, want 2", n)
		}
		nodeHearEnd(t, b, strings.ToUpper(text))
	})
}

func TestA2_TransformAloneHoldsNoMoreThanTheMark(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := duplex.Transform{}.Stream()
		piece := strings.Repeat("x", 1<<10)
		var written atomic.Int64
		go func() {
			for range 2 * duplex.DefaultHighWaterMark >> 10 {
				nodeSay(t, s, piece)
				written.Add(int64(len(piece)))
			}
			if err := s.CloseWrite(); err != nil {
				t.Error(err)
			}
		}()
		synctest.Wait()
		if n := written.Load(); n != duplex.DefaultHighWaterMark {
			t.Errorf("%d bytes were written while nobody read, want %d", n, duplex.DefaultHighWaterMark)
		}
		nodeHearEnd(t, s, strings.Repeat("x", 2*duplex.DefaultHighWaterMark))
	})
}

func TestA3_SlowestOfThreeSinksSetsThePace(t *testing.T) {
	const chunk, chunks = "12345678", 8
	for stuck := range 3 {
		synctest.Test(t, func(t *testing.T) {
			src, feed := duplex.Pair()
			var ins, outs [3]*duplex.PairEnd
			for i := range ins {
				ins[i], outs[i] = duplex.PairConfig{HighWaterMark: len(chunk)}.Pair()
			}
			all := io.MultiWriter(ins[0], ins[1], ins[2])
			done := make(chan error, 1)
			go func() { done <- duplex.Pipeline(t.Context(), duplex.From(src), duplex.To(all)) }()

			var heard [3]atomic.Int64
			listen := func(i int) {
				for p, err := range duplex.Chunks(outs[i]) {
					if err != nil {
						t.Error(err)
					}
					heard[i].Add(int64(len(p)))
				}
			}
			for i := range ins {
				if i != stuck {
					go listen(i)
				}
			}
			for range chunks {
				nodeSay(t, feed, chunk)
				synctest.Wait() // so that each is a chunk of its own
			}
			for i := range heard {
				// The stuck one holds one chunk, and the next is on its way to it.
				if n := heard[i].Load(); n > 2*int64(len(chunk)) {
					t.Errorf("sink %d stuck: sink %d got %d bytes", stuck, i, n)
				}
			}
			go listen(stuck)
			if err := feed.CloseWrite(); err != nil {
				t.Error(err)
			}
			if err := <-done; err != nil {
				t.Error(err)
			}
			for i := range ins { // a plain writer's end is its owner's business
				if err := ins[i].CloseWrite(); err != nil {
					t.Error(err)
				}
			}
			synctest.Wait()
			for i := range heard {
				if n := heard[i].Load(); n != int64(len(chunk)*chunks) {
					t.Errorf("sink %d stuck: sink %d got %d bytes in the end", stuck, i, n)
				}
			}
		})
	}
}

func TestA4_EndWaitsUntilEverythingIsRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := duplex.Pair()
		c := duplex.NewConn(b)
		nodeSay(t, a, "data")
		if err := a.CloseWrite(); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		if err := c.WaitRead(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("the direction was over before anybody read: %v", err)
		}
		nodeHear(t, c, "data")
		for range 2 { // and stays so
			if n, err := c.Read(make([]byte, 1)); n != 0 || err != io.EOF {
				t.Errorf("read %d bytes, %v at the end", n, err)
			}
		}
		if err := c.WaitRead(t.Context()); err != nil {
			t.Errorf("after the end: %v", err)
		}
	})
}

func TestA4_HandlerSeesTheEndOnceAfterTheData(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := duplex.Pair()
		var log nodeLog
		h := log.handler()
		slow := make(chan struct{})
		h.Data = func(_ *duplex.Conn, p []byte) {
			log.add("data %s", p)
			<-slow
		}
		nodeSay(t, a, "data")
		if err := a.CloseWrite(); err != nil {
			t.Fatal(err)
		}
		c := duplex.Handle(b, h)
		time.Sleep(time.Hour) // of the bubble's own time
		log.want(t, "open", "data data")
		close(slow)
		if err := c.Wait(t.Context()); err != nil {
			t.Error(err)
		}
		log.want(t, "open", "data data", "end", "close")
	})
}

// Every write after the end is told so by its result; nothing else is.
func TestA5_WriteAfterTheEndFailsEachTime(t *testing.T) {
	l := nodeListen(t)
	tcp := nodeDial(t, l.Addr())
	pair := func() duplex.Stream { a, _ := duplex.Pair(); return a }
	for _, tt := range []struct {
		name   string
		stream duplex.Stream
		want   error
	}{
		{"pair", pair(), duplex.ErrEnded},
		{"conn", duplex.NewConn(pair()), duplex.ErrEnded},
		{"wrapper", duplex.Wrap(pair(), duplex.Hooks{}), duplex.ErrEnded},
		{"layer", duplex.Layer(pair(), duplex.Codec{}), duplex.ErrEnded},
		{"transform", duplex.Transform{}.Stream(), duplex.ErrEnded},
		{"tcp", tcp, syscall.EPIPE},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for range 2 { // a second end is none
				if err := tt.stream.CloseWrite(); err != nil {
					t.Errorf("end: %v", err)
				}
			}
			for range 2 {
				if n, err := io.WriteString(tt.stream, "late"); n != 0 || !errors.Is(err, tt.want) {
					t.Errorf("wrote %d bytes after the end: %v, want %v", n, err, tt.want)
				}
			}
			if c, ok := tt.stream.(*duplex.Conn); ok {
				if err := c.WaitWrite(t.Context()); err != nil {
					t.Errorf("the end is no longer in order: %v", err)
				}
			}
			if err := tt.stream.Close(); err != nil {
				t.Error(err)
			}
			if _, err := io.WriteString(tt.stream, "later"); !errors.Is(err, net.ErrClosed) {
				t.Errorf("write after close: %v", err)
			}
		})
	}
}

func TestA6_EndComesAfterThePendingChunkAndTheTrailer(t *testing.T) {
	var log nodeLog
	a, b := duplex.Pair()
	sink := duplex.Wrap(a, duplex.Hooks{
		Write: func(p []byte) (int, error) {
			log.add("write %s", p)
			return a.Write(p)
		},
		CloseWrite: func() error {
			log.add("end")
			return a.CloseWrite()
		},
	})
	final := duplex.Encoder(func(w io.Writer) *nodeEncoder {
		return &nodeEncoder{Writer: w, close: func(w io.Writer) error {
			_, err := io.WriteString(w, "trailer")
			return err
		}}
	})
	c := duplex.NewConn(duplex.Layer(sink, duplex.Codec{Encode: final}))
	c.Cork()
	nodeSay(t, c, "pending")
	if err := c.CloseWrite(); err != nil {
		t.Error(err)
	}
	log.want(t, "write pending", "write trailer", "end")
	nodeHearEnd(t, b, "pendingtrailer")
}

func TestA6_FailedEndIsReportedAndIsNone(t *testing.T) {
	failure := errors.New("no trailer")
	for name, stream := range map[string]func(s duplex.Stream) duplex.Stream{
		"the stream's own": func(s duplex.Stream) duplex.Stream {
			return duplex.Wrap(s, duplex.Hooks{CloseWrite: func() error { return failure }})
		},
		"an encoder's": func(s duplex.Stream) duplex.Stream {
			return duplex.Layer(s, duplex.Codec{Encode: duplex.Encoder(func(w io.Writer) *nodeEncoder {
				return &nodeEncoder{Writer: w, close: func(io.Writer) error { return failure }}
			})})
		},
	} {
		t.Run(name, func(t *testing.T) {
			a, b := duplex.Pair()
			c := duplex.NewConn(stream(a))
			nodeSay(t, c, "data")
			if err := c.CloseWrite(); !errors.Is(err, failure) {
				t.Errorf("the end returned %v", err)
			}
			if err := c.WaitWrite(t.Context()); !errors.Is(err, failure) {
				t.Errorf("waiting for the end returned %v", err)
			}
			if err := c.Abort(failure); err != nil {
				t.Error(err)
			}
			nodeHearError(t, b, "data", failure)
		})
	}
}

func TestA7_UnreadBytesComeFirstAgain(t *testing.T) {
	a, b := duplex.Pair()
	nodeSay(t, a, "world")
	if err := a.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	c := duplex.NewConn(b)
	nodeHear(t, c, "wo")
	c.Unread([]byte("wo"))
	if n := c.BytesRead(); n != 0 {
		t.Errorf("%d bytes count as read", n)
	}
	nodeHear(t, c, "w")
	c.Unread([]byte("w"))
	nodeHearEnd(t, c, "world")

	c.Unread([]byte("again")) // Node refuses this; here the end waits once more
	nodeHearEnd(t, c, "again")
}
