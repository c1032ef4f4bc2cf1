package endpoint_test

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"sync/atomic"
	"testing"

	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/endpoint"
)

// cutter is a connection that from a moment on takes a few bytes more and then
// nothing: what TLS wrote is cut.
type cutter struct {
	net.Conn
	left atomic.Int64 // how much goes through; negative is all
}

func (c *cutter) Write(p []byte) (int, error) {
	if left := c.left.Load(); left >= 0 && left < int64(len(p)) {
		c.left.Store(0)
		if _, err := c.Conn.Write(p[:left]); err != nil {
			return 0, err
		}
		return len(p), nil
	}
	return c.Conn.Write(p)
}

// TestR07_ACutOfTLSIsNeverAnEnd lets a peer of Go's own write something and
// then end the TCP connection, without a close_notify, between two records and
// within one.
func TestR07_ACutOfTLSIsNeverAnEnd(t *testing.T) {
	tries := tenth(1000)
	for i := range tries {
		version := []uint16{tls.VersionTLS12, tls.VersionTLS13}[i&1]
		within := i&2 != 0
		listening := i&4 != 0
		size := []int{0, 1, 700, 40_000}[i/8%4]
		if err := cutOnce(t, version, within, listening, size, i); err != nil {
			t.Errorf("try %d, TLS %#x, within a record %v, listening %v, %d bytes: %v", i, version, within, listening, size, err)
		}
	}
}

func cutOnce(t *testing.T, version uint16, within, listening bool, size, try int) error {
	finished := make(chan error, 1)
	talk := func(raw net.Conn, side func(net.Conn, *tls.Config) *tls.Conn) error {
		defer raw.Close()
		c := &cutter{Conn: raw}
		c.left.Store(-1)
		peer := side(c, trusting(version))
		if err := peer.Handshake(); err != nil {
			return err
		}
		if _, err := peer.Write(make([]byte, size)); err != nil {
			return err
		}
		if within {
			c.left.Store(int64(1 + try%60)) // of a record's header, and of its body
			if _, err := peer.Write(make([]byte, 100)); err != nil {
				return err
			}
		}
		if err := raw.(*net.TCPConn).CloseWrite(); err != nil {
			return err
		}
		_, err := io.Copy(io.Discard, raw) // a reset would be another test
		return err
	}
	var s duplex.Stream
	if listening {
		l, err := endpoint.Listen(t.Context(), "tls://127.0.0.1:0"+serverOptions())
		if err != nil {
			return err
		}
		go func() {
			raw, err := net.Dial("tcp", l.Addr().String())
			if err == nil {
				err = talk(raw, tls.Client)
			}
			finished <- err
		}()
		if s, err = endpoint.Accept(t.Context(), l); err != nil {
			return err
		}
	} else {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		defer l.Close()
		go func() {
			raw, err := l.Accept()
			if err == nil {
				err = talk(raw, tls.Server)
			}
			finished <- err
		}()
		if s, err = endpoint.Dial(t.Context(), "tls://"+l.Addr().String()+clientOptions()); err != nil {
			return err
		}
	}
	n, err := io.Copy(io.Discard, s)
	_, again := s.Read(make([]byte, 1))
	cerr := s.Close()
	switch {
	case n != int64(size):
		return fmt.Errorf("%d bytes came", n)
	case !errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("the reader got %v", err)
	case !errors.Is(again, io.ErrUnexpectedEOF):
		return fmt.Errorf("the next read got %v", again)
	}
	return errors.Join(cerr, <-finished)
}

// TestAnAbortOfTLSIsNoEnd is the other direction: what we cut is a cut to our
// peer, even to one that does not know better.
func TestAnAbortOfTLSIsNoEnd(t *testing.T) {
	dialled, accepted := connect(t, "tls://127.0.0.1:0"+serverOptions(), clientOptions())
	defer dialled.Close()
	if _, err := io.WriteString(accepted, "half of"); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(dialled, make([]byte, 7)); err != nil {
		t.Fatal(err)
	}
	if err := duplex.Abort(accepted, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := dialled.Read(make([]byte, 1)); err == nil || errors.Is(err, io.EOF) {
		t.Errorf("the peer of an abort got %v", err)
	}
}
