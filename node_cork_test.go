package duplex_test

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/duplex-go/duplex"
)

// Group B: cork, and the hooks of a transform.

// nodeSink returns a Conn whose writes and end are noted on their way to the
// pair's other end.
func nodeSink(log *nodeLog) (*duplex.Conn, *duplex.PairEnd) {
	a, b := duplex.Pair()
	return duplex.NewConn(duplex.Wrap(a, duplex.Hooks{
		Write: func(p []byte) (int, error) {
			log.add("write %s", p)
			return a.Write(p)
		},
		CloseWrite: func() error {
			log.add("end")
			return a.CloseWrite()
		},
	})), b
}

func TestB1_CorkHoldsWritesUntilUncorkOrEnd(t *testing.T) {
	for _, tt := range []struct {
		name string
		out  func(*duplex.Conn) error
		want []string
	}{
		{"uncork", (*duplex.Conn).Uncork, []string{"write 1234"}},
		{"flush", (*duplex.Conn).Flush, []string{"write 1234"}},
		{"end", (*duplex.Conn).CloseWrite, []string{"write 1234", "end"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var log nodeLog
			c, peer := nodeSink(&log)
			c.Cork()
			for _, p := range []string{"1", "2", "3", "4"} {
				nodeSay(t, c, p)
			}
			log.want(t)
			if n := c.BytesWritten(); n != 0 {
				t.Errorf("%d bytes count as written under a cork", n)
			}
			if err := tt.out(c); err != nil {
				t.Error(err)
			}
			log.want(t, tt.want...)
			if n := c.BytesWritten(); n != 4 {
				t.Errorf("%d bytes count as written, want 4", n)
			}
			nodeHear(t, peer, "1234")
		})
	}
}

func TestB1_BatchIsCorkAndUncork(t *testing.T) {
	var log nodeLog
	failure := errors.New("the batch's own")
	c, _ := nodeSink(&log)
	err := c.Batch(func() error {
		nodeSay(t, c, "12")
		nodeSay(t, c, "34")
		return failure
	})
	if err != failure {
		t.Errorf("Batch returned %v", err)
	}
	log.want(t, "write 1234")
}

func TestB2_NestedCorkOpensAtTheOutermost(t *testing.T) {
	var log nodeLog
	c, peer := nodeSink(&log)
	c.Cork()
	nodeSay(t, c, "a")
	c.Cork()
	nodeSay(t, c, "b")
	if err := c.Uncork(); err != nil {
		t.Error(err)
	}
	nodeSay(t, c, "c")
	log.want(t)
	if err := c.Uncork(); err != nil {
		t.Error(err)
	}
	log.want(t, "write abc")
	if err := c.Uncork(); err != nil { // one too many is harmless
		t.Error(err)
	}
	nodeSay(t, c, "d")
	log.want(t, "write abc", "write d")
	nodeHear(t, peer, "abcd")
}

// What the cork cannot hold goes to the sink in one vectored write where that
// has it; a sink without gets the pieces in order.
func TestB2_BatchAboveTheCorkKeepsTheOrder(t *testing.T) {
	held, large := strings.Repeat("h", 60<<10), strings.Repeat("l", 10<<10)
	var log nodeLog
	c, peer := nodeSink(&log)
	err := c.Batch(func() error {
		nodeSay(t, c, held)
		log.want(t)
		go nodeHear(t, peer, held+large)
		nodeSay(t, c, large)
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	log.want(t, "write "+held, "write "+large)
}

// nodeTail is a transform that adds a tail at the end of what passes.
var nodeTail = duplex.Encoder(func(w io.Writer) *nodeEncoder {
	return &nodeEncoder{Writer: w, close: func(w io.Writer) error {
		_, err := io.WriteString(w, "tail")
		return err
	}}
})

func TestB3_TailIsTheLastDataBeforeTheEnd(t *testing.T) {
	for name, use := range map[string]func(t *testing.T) io.Reader{
		"alone": func(t *testing.T) io.Reader {
			s := nodeTail.Stream()
			nodeSay(t, s, "data")
			nodeNoError(t, s.CloseWrite())
			return s
		},
		"layer": func(t *testing.T) io.Reader {
			a, b := duplex.Pair()
			l := duplex.Layer(a, duplex.Codec{Encode: nodeTail})
			nodeSay(t, l, "data")
			nodeNoError(t, l.CloseWrite())
			return b
		},
		"writer": func(t *testing.T) io.Reader {
			var out bytes.Buffer
			w := nodeTail.Writer(&out)
			nodeSay(t, w, "data")
			nodeNoError(t, w.Close())
			return &out
		},
		"reader": func(t *testing.T) io.Reader { return nodeTail.Reader(strings.NewReader("data")) },
		"stage": func(t *testing.T) io.Reader {
			var out bytes.Buffer
			nodeNoError(t, duplex.Pipeline(t.Context(), duplex.From(strings.NewReader("data")), nodeTail, duplex.To(&out)))
			return &out
		},
	} {
		t.Run(name, func(t *testing.T) { nodeHearEnd(t, use(t), "datatail") })
	}
}

func nodeNoError(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Error(err)
	}
}

// Node's final and flush hooks are both an encoder's Close, which may take its
// time and writes what it has to.
func TestB4_SlowFinalComesBeforeBothEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log nodeLog
		s := duplex.Encoder(func(w io.Writer) *nodeEncoder {
			return &nodeEncoder{Writer: w, close: func(w io.Writer) error {
				log.add("final")
				time.Sleep(time.Second)
				log.add("flush")
				_, err := io.WriteString(w, "flushed")
				return err
			}}
		}).Stream()
		finished := make(chan error, 1) // before or after the reader's end: no promise
		go func() {
			nodeSay(t, s, "data")
			synctest.Wait() // until it is read
			finished <- s.CloseWrite()
		}()
		for p, err := range duplex.Chunks(s) {
			nodeNoError(t, err)
			log.add("%s", p)
		}
		log.add("end")
		nodeNoError(t, <-finished)
		log.want(t, "data", "final", "flush", "flushed", "end")
	})
}

func TestB4_FailedFlushIsAnErrorAfterTheData(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		failure := errors.New("flush failed")
		s := duplex.Encoder(func(w io.Writer) *nodeEncoder {
			return &nodeEncoder{Writer: w, close: func(io.Writer) error {
				time.Sleep(time.Second)
				return failure
			}}
		}).Stream()
		go func() {
			nodeSay(t, s, "data")
			if err := s.CloseWrite(); !errors.Is(err, failure) {
				t.Errorf("the end returned %v", err)
			}
		}()
		nodeHearError(t, s, "data", failure)
	})
}

// What is made at the first byte may take its time: writers wait, each in its
// turn, and nothing passes before.
func TestB5_WritesWaitForASlowConstructor(t *testing.T) {
	failure := errors.New("cannot construct")
	for _, tt := range []struct {
		name string
		err  error
		want []string
	}{
		{"that succeeds", nil, []string{"constructed", "end <nil>", "wrote first <nil>", "wrote second <nil>"}},
		{"that fails", failure, []string{"constructed", "end " + failure.Error(), "wrote first " + failure.Error(), "wrote second " + failure.Error()}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var log nodeLog
				a, b := duplex.Pair()
				l := duplex.Layer(a, duplex.Codec{Encode: duplex.TryEncoder(func(w io.Writer) (*nodeEncoder, error) {
					time.Sleep(time.Second)
					log.add("constructed")
					return &nodeEncoder{Writer: w}, tt.err
				})})
				for _, text := range []string{"first", "second"} {
					go func() {
						_, err := io.WriteString(l, text)
						log.add("wrote %s %v", text, err)
					}()
					synctest.Wait()
				}
				go func() { log.add("end %v", l.CloseWrite()) }()
				synctest.Wait()
				log.want(t)
				if in, _ := b.Waiting(); in != 0 {
					t.Errorf("%d bytes passed before there was an encoder", in)
				}
				time.Sleep(2 * time.Second) // the bubble's own
				synctest.Wait()
				// Whose note comes first of those that return at once is up to the
				// scheduler; the bytes below are in turn.
				slices.Sort(log.notes[min(1, len(log.notes)):])
				log.want(t, tt.want...)
				if tt.err == nil {
					nodeHearEnd(t, b, "firstsecond")
				} else if in, _ := b.Waiting(); in != 0 {
					t.Errorf("%d bytes passed without an encoder", in)
				}
			})
		})
	}
}
