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

// However late the writer comes to tell of a reset that it has taken, the end
// that the reader got meanwhile is not believed.
func TestAResetThatAWriteIsSlowToTellIsNoEnd(t *testing.T) {
	// readers read c until it is over, while it is written to.
	for name, read := range map[string]func(c *duplex.Conn) error{
		"Conn": func(c *duplex.Conn) error {
			defer c.Close()
			wrote := background(func() error { _, err := io.Copy(struct{ io.Writer }{c}, endlessZeros{}); return err })
			err := untilError(c)
			<-wrote
			return err
		},
		"Conn under a copy": func(c *duplex.Conn) error {
			defer c.Close()
			wrote := background(func() error { _, err := c.ReadFrom(endlessZeros{}); return err })
			err := untilError(c)
			<-wrote
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			for range tenth(100) {
				far, near := tcpEnds(t)
				told := make(chan struct{})
				c := duplex.NewConn(duplex.Wrap(near, duplex.Hooks{
					Read: func(p []byte) (int, error) {
						n, err := near.Read(p)
						if err != nil {
							close(told)
						}
						return n, err
					},
					Write: func(p []byte) (int, error) {
						n, err := near.Write(p)
						if err != nil {
							<-told
							time.Sleep(5 * time.Millisecond) // the fault: a thread that gets no processor
						}
						return n, err
					},
				}))
				done := background(func() error { return read(c) })
				receive(t, far, string(make([]byte, 100)))
				resetConn(t, far)
				if err := within(t, "read", done); !errors.Is(err, syscall.ECONNRESET) {
					t.Fatalf("the reader got %v", err)
				}
			}
		})
	}
}
