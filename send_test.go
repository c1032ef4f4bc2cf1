package duplex_test

import (
	"bytes"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/duplex-go/duplex"
)

// inTimer calls f as a timer of c does, and returns what f does.
func inTimer[T any](t *testing.T, c *duplex.Conn, f func() T) <-chan T {
	t.Helper()
	ch := make(chan T, 1)
	c.After(0, func() { ch <- f() })
	return ch
}

// A timer sends what is short in a way of its own; who calls must not notice.
func TestShortAndLongBeatsFailAlike(t *testing.T) {
	for name, spoil := range map[string]func(t *testing.T, c, peer *net.TCPConn){
		"late":   func(t *testing.T, c, _ *net.TCPConn) { noError(t, c.SetWriteDeadline(time.Unix(1, 0))) },
		"closed": func(t *testing.T, c, _ *net.TCPConn) { noError(t, c.Close()) },
		"ended":  func(t *testing.T, c, _ *net.TCPConn) { noError(t, c.CloseWrite()) },
		"reset": func(t *testing.T, c, peer *net.TCPConn) {
			resetConn(t, peer)
			if _, err := io.Copy(io.Discard, c); err == nil { // which takes the reset
				t.Fatal("no reset")
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			var said [2]string
			for i, p := range [][]byte{make([]byte, 10), make([]byte, 1<<20)} {
				near, far := tcpEnds(t)
				c := duplex.NewConn(near)
				spoil(t, near, far)
				err := within(t, "write", inTimer(t, c, func() error {
					n, err := c.Write(p)
					if n != 0 {
						t.Errorf("%d bytes: wrote %d, %v", len(p), n, err)
					}
					return err
				}))
				if err == nil {
					t.Fatalf("%d bytes: no error", len(p))
				}
				said[i] = strings.NewReplacer(near.LocalAddr().String(), "here", near.RemoteAddr().String(), "there").Replace(err.Error())
			}
			if said[0] != said[1] {
				t.Errorf("a short write says %q, a long one %q", said[0], said[1])
			}
		})
	}
}

// fill writes zeros until not even one more fits in, and returns how many they are.
func fill(t *testing.T, c *net.TCPConn) (filled int) {
	for _, size := range []int{1 << 20, 1} {
		for n := 1; n > 0; filled += n {
			noError(t, c.SetWriteDeadline(time.Now().Add(20*time.Millisecond)))
			n, _ = c.Write(make([]byte, size))
		}
	}
	noError(t, c.SetWriteDeadline(time.Time{}))
	return filled
}

func TestShortBeatsWaitForAFullSocket(t *testing.T) {
	near, far := tcpEnds(t)
	zeros := fill(t, near)
	c := duplex.NewConn(near)
	want := make([]byte, 8<<20)
	for i := range want {
		want[i] = byte(i >> 8)
	}
	wrote := inTimer(t, c, func() error {
		for p := want; len(p) > 0; {
			n, err := c.Write(p[:min(len(p), 4<<10)])
			if err != nil {
				return err
			}
			p = p[n:]
		}
		return c.CloseWrite()
	})
	got, err := io.ReadAll(far)
	noError(t, err)
	noError(t, within(t, "write", wrote))
	if !bytes.Equal(got, append(make([]byte, zeros), want...)) {
		t.Errorf("%d bytes came, or others", len(got))
	}
}

func TestAShortBeatToAFullSocketEndsAtItsDeadlineAndAtClose(t *testing.T) {
	for name, end := range map[string]struct {
		do   func(c *duplex.Conn) error
		want error
	}{
		"deadline": {func(c *duplex.Conn) error { return c.SetWriteDeadline(time.Now()) }, os.ErrDeadlineExceeded},
		"close":    {func(c *duplex.Conn) error { return c.Close() }, net.ErrClosed},
	} {
		t.Run(name, func(t *testing.T) {
			near, _ := tcpEnds(t)
			fill(t, near)
			c := duplex.NewConn(near)
			begun := make(chan struct{})
			wrote := inTimer(t, c, func() error {
				close(begun)
				_, err := io.CopyBuffer(struct{ io.Writer }{c}, struct{ io.Reader }{endlessZeros{}}, make([]byte, 1000))
				return err
			})
			<-begun
			noError(t, end.do(c)) // whether it waits by then is not asked
			wantError(t, within(t, "write", wrote), end.want)
		})
	}
}
