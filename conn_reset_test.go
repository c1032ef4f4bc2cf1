package duplex_test

import (
	"context"
	"errors"
	"io"
	"syscall"
	"testing"
	"time"

	"github.com/duplex-go/duplex"
)

// On Linux a write takes the reset from the socket, and a read after it gets a
// plain end. A Conn knows better.
func TestConnNeverTakesAResetForAnEnd(t *testing.T) {
	readers := map[string]func(c *duplex.Conn) error{
		"Read": func(c *duplex.Conn) error {
			err := untilError(c)
			if again := untilError(c); again == io.EOF {
				return errors.New("the second read ends in order")
			}
			return err
		},
		"WriteTo": func(c *duplex.Conn) error { _, err := c.WriteTo(io.Discard); return err },
		"Chunks": func(c *duplex.Conn) error {
			for _, err := range duplex.Chunks(c) {
				if err != nil {
					return err
				}
			}
			return nil
		},
		"Handle": func(c *duplex.Conn) error {
			var got error
			duplex.Handle(c, duplex.Handler{
				End:   func(*duplex.Conn) { got = errors.New("End was called") },
				Error: func(_ *duplex.Conn, err error) { got = errors.Join(got, err) },
				Close: func(*duplex.Conn) { got = errors.Join(got, nil) },
			})
			c.Wait(context.Background())
			return got
		},
	}
	for name, read := range readers {
		t.Run(name, func(t *testing.T) {
			for range tenth(500) {
				far, near := tcpEnds(t)
				c := duplex.NewConn(near)
				wrote := background(func() error { _, err := io.Copy(struct{ io.Writer }{c}, endlessZeros{}); return err })
				done := background(func() error { return read(c) })
				receive(t, far, string(make([]byte, 100)))
				resetConn(t, far)
				err := within(t, "read", done)
				if !errors.Is(err, syscall.ECONNRESET) {
					t.Fatalf("the reader got %v", err)
				}
				within(t, "write", wrote)
				werr := c.WaitRead(t.Context())
				if !errors.Is(werr, syscall.ECONNRESET) {
					t.Errorf("WaitRead: %v", werr)
				}
				c.Close()
			}
		})
	}
}

func TestConnTakesAnEndBeforeAResetForOne(t *testing.T) {
	for range tenth(300) {
		far, near := tcpEnds(t)
		c := duplex.NewConn(near)
		send(t, far, "all there is")
		noError(t, far.CloseWrite())
		receive(t, c, "all there is")
		resetConn(t, far) // what we still write does not matter to what it sent
		for oneByteTo(c) == nil {
			time.Sleep(10 * time.Microsecond)
		}
		wantError(t, oneByte(c), io.EOF)
		c.Close()
	}
}
