package duplex_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/duplex-go/duplex"
)

// recorded returns a Conn on a stream that keeps the size of each write to it.
func recorded() (c *duplex.Conn, writes *[]int) {
	x, _ := duplex.PairConfig{HighWaterMark: 1 << 20}.Pair()
	writes = new([]int)
	return duplex.NewConn(duplex.Wrap(x, duplex.Hooks{Write: func(p []byte) (int, error) {
		*writes = append(*writes, len(p))
		return len(p), nil
	}})), writes
}

func TestCorkMakesOneWriteOfMany(t *testing.T) {
	const large = 64 << 10
	zeros := make([]byte, 200<<10)
	write := func(sizes ...int) func(c *duplex.Conn) error {
		return func(c *duplex.Conn) error {
			for _, n := range sizes {
				if m, err := c.Write(zeros[:n]); m != n || err != nil {
					return fmt.Errorf("write of %d: %d, %w", n, m, err)
				}
			}
			return nil
		}
	}
	for _, tc := range []struct {
		name string
		do   func(c *duplex.Conn) error
		want []int
	}{
		{"nothing", func(c *duplex.Conn) error { return nil }, nil},
		{"nothing but empty writes", write(0, 0), nil},
		{"one", write(5), []int{5}},
		{"many small", write(1, 2, 3, 4), []int{10}},
		{"as much as is held back", write(large-1, 1), []int{large}},
		{"more than is held back", write(large-1, 2), []int{large - 1, 2}},
		{"much at once", write(100 << 10), []int{100 << 10}},
		{"much in the middle", write(10, 100<<10, 10, 10), []int{10, 100 << 10, 20}},
		{"nested", func(c *duplex.Conn) error {
			return errors.Join(write(1)(c), c.Batch(func() error { return write(2, 3)(c) }), write(4)(c))
		}, []int{10}},
		{"flush in the middle", func(c *duplex.Conn) error {
			return errors.Join(write(1, 2)(c), c.Flush(), write(3, 4)(c))
		}, []int{3, 7}},
		{"buffers in the middle", func(c *duplex.Conn) error {
			err := write(1, 2)(c)
			_, berr := c.WriteBuffers(zeros[:3], zeros[:4])
			return errors.Join(err, berr, write(5)(c))
		}, []int{3, 3, 4, 5}},
		{"end in the middle", func(c *duplex.Conn) error { return errors.Join(write(1, 2)(c), c.CloseWrite()) }, []int{3}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c, writes := recorded()
			noError(t, c.Batch(func() error { return tc.do(c) }))
			if !slices.Equal(*writes, tc.want) {
				t.Errorf("writes below: %v, want %v", *writes, tc.want)
			}
		})
	}
}

func TestCorkLetsOutInOneReadOfThePeer(t *testing.T) {
	a, b := tcpEnds(t)
	c := duplex.NewConn(a)
	noError(t, c.Batch(func() error {
		for range 50 {
			if _, err := io.WriteString(c, "twenty bytes a line\n"); err != nil {
				return err
			}
		}
		return nil
	}))
	buf := make([]byte, 4096)
	n, err := b.Read(buf) // fifty segments would not come at once
	noError(t, err)
	if n != 1000 {
		t.Errorf("the first read got %d bytes of 1000", n)
	}
	n64, err := c.WriteBuffers([]byte("one "), []byte("two "), []byte("three"))
	noError(t, err)
	n, err = b.Read(buf)
	noError(t, err)
	if n64 != 13 || string(buf[:n]) != "one two three" {
		t.Errorf("vectored write of %d bytes arrives as %q", n64, buf[:n])
	}
}

func TestUncorkWithoutACorkDoesNothing(t *testing.T) {
	c, writes := recorded()
	noError(t, c.Uncork())
	send(t, c, "x")
	if len(*writes) != 1 {
		t.Error("a write is held back without a cork")
	}
	c.Cork()
	noError(t, c.CloseWrite()) // takes every cork out
	noError(t, c.Uncork())
}

func TestBatchReturnsTheFirstError(t *testing.T) {
	first, second := errors.New("of the function"), errors.New("of the write")
	x, _ := duplex.Pair()
	c := duplex.NewConn(duplex.Wrap(x, duplex.Hooks{Write: func([]byte) (int, error) { return 0, second }}))
	wantError(t, c.Batch(func() error { io.WriteString(c, "x"); return first }), first)
	wantError(t, c.Batch(func() error { io.WriteString(c, "x"); return nil }), second)
}

func TestCorkKeepsWhatADeadlineLeavesOfAHeldWrite(t *testing.T) {
	for name, next := range map[string]func(c *duplex.Conn) error{
		"Write": func(c *duplex.Conn) error { _, err := io.WriteString(c, "-next"); return err },
		"Batch": func(c *duplex.Conn) error {
			return c.Batch(func() error { _, err := io.WriteString(c, "-next"); return err })
		},
		"Buffers": func(c *duplex.Conn) error { _, err := c.WriteBuffers([]byte("-ne"), []byte("xt")); return err },
		"ReadFrom": func(c *duplex.Conn) error {
			_, err := c.ReadFrom(strings.NewReader("-next"))
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			x, far := duplex.PairConfig{HighWaterMark: 4}.Pair()
			c := duplex.NewConn(x)
			noError(t, c.SetWriteDeadline(time.Now().Add(10*time.Millisecond)))
			wantError(t, c.Batch(func() error { _, err := io.WriteString(c, "held back"); return err }), os.ErrDeadlineExceeded)
			wantError(t, c.CloseWrite(), os.ErrDeadlineExceeded) // nor does it end with a gap
			noError(t, c.SetWriteDeadline(time.Time{}))
			done := background(func() error { return errors.Join(next(c), c.CloseWrite()) })
			receiveEnd(t, far, "held back-next")
			noError(t, within(t, "write", done))
			if c.BytesWritten() != 14 {
				t.Errorf("%d bytes counted, want 14", c.BytesWritten())
			}
		})
	}
}

func TestCorkKeepsTheOrderAndTheWholenessOfManyWriters(t *testing.T) {
	const writers, each = 6, 200
	a, b := duplex.Pair()
	c := duplex.NewConn(a)
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			line := bytes.Repeat([]byte{byte('a' + w)}, 100)
			for i := range each {
				if i%10 == 0 {
					c.Cork()
				}
				if _, err := c.Write(line); err != nil {
					t.Error(err)
				}
				if i%10 == 9 {
					if err := c.Uncork(); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	go func() {
		wg.Wait()
		c.CloseWrite()
	}()
	got, err := io.ReadAll(b)
	noError(t, err)
	if len(got) != writers*each*100 {
		t.Fatalf("%d bytes arrived, want %d", len(got), writers*each*100)
	}
	for ; len(got) > 0; got = got[100:] {
		if bytes.Count(got[:100], got[:1]) != 100 {
			t.Fatalf("a write was interleaved: %q", got[:100])
		}
	}
}

// shouting embeds a socket, whose vectored writes it gets with it, and has a
// Write of its own.
type shouting struct{ *net.TCPConn }

func (s shouting) Write(p []byte) (int, error) { return s.TCPConn.Write(bytes.ToUpper(p)) }

func TestVectoredWritesDoNotPassAStreamsOwnWriteBy(t *testing.T) {
	for name, write := range map[string]func(s duplex.Stream) error{
		"WriteBuffers": func(s duplex.Stream) error {
			_, err := duplex.NewConn(s).WriteBuffers([]byte("abc"), []byte("def"))
			return err
		},
		"Cork": func(s duplex.Stream) error {
			c := duplex.NewConn(s)
			return c.Batch(func() error {
				_, err := io.WriteString(c, "abcdef")
				return err
			})
		},
	} {
		t.Run(name, func(t *testing.T) {
			a, b := tcpEnds(t)
			noError(t, write(shouting{a}))
			receive(t, b, "ABCDEF")
		})
	}
}

func TestCorkTakesNothingThatCanNoLongerLeave(t *testing.T) {
	for name, end := range map[string]func(c *duplex.Conn) error{
		"Close":      (*duplex.Conn).Close,
		"CloseWrite": (*duplex.Conn).CloseWrite,
		"both":       func(c *duplex.Conn) error { return errors.Join(c.CloseWrite(), c.Close()) },
	} {
		t.Run(name, func(t *testing.T) {
			a, _ := duplex.Pair()
			c := duplex.NewConn(a)
			noError(t, end(c))
			c.Cork()
			wantError(t, oneByteTo(c), io.ErrClosedPipe)
			wantError(t, c.Uncork(), io.ErrClosedPipe) // for who has not looked
			noError(t, c.Uncork())
		})
	}
}

func TestBatchThatPanicsLeavesNoCork(t *testing.T) {
	a, b := duplex.Pair()
	c := duplex.NewConn(a)
	func() {
		defer func() { _ = recover() }()
		_ = c.Batch(func() error { panic("fail") })
	}()
	send(t, c, "text")
	noError(t, b.SetReadDeadline(time.Now().Add(patience)))
	receive(t, b, "text")
}
