package duplex_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"testing/iotest"
	"time"

	"github.com/duplex-go/duplex"
)

// A transfer is what moves bytes under Conn.WriteTo, Conn.ReadFrom, Join and
// Pipeline.

func TestTransferMovesEverythingAndTellsTheAccountBetweenSockets(t *testing.T) {
	const size = 600_000
	want := pattern(size)
	for _, from := range grounds {
		for _, to := range grounds {
			t.Run(from.name+" to "+to.name, func(t *testing.T) {
				source, in := from.ends(t)
				sink, out := to.ends(t)
				src, dst := duplex.NewConn(in), duplex.NewConn(out)
				wrote := background(func() error {
					_, err := source.Write(want)
					return errors.Join(err, source.CloseWrite())
				})
				got := background(func() []byte { p, _ := io.ReadAll(sink); return p })
				n, err := io.Copy(dst, src)
				noError(t, err)
				noError(t, dst.CloseWrite())
				noError(t, within(t, "write", wrote))
				if n != size || !bytes.Equal(within(t, "read", got), want) {
					t.Errorf("%d bytes moved, want %d", n, size)
				}
				if src.BytesRead() != size || dst.BytesWritten() != size {
					t.Errorf("counters: %d read, %d written", src.BytesRead(), dst.BytesWritten())
				}
				noError(t, src.WaitRead(t.Context()))
			})
		}
	}
}

func TestTransferSendsFilesOfAllSizes(t *testing.T) {
	for _, size := range []int{0, 1, 4<<20 - 1, 4 << 20, 4<<20 + 1, 9 << 20} {
		want := pattern(size)
		name := filepath.Join(t.TempDir(), "file")
		noError(t, os.WriteFile(name, want, 0o600))
		for _, to := range grounds {
			if size > 1 && to.name != "tcp" {
				continue // the steps in which a file goes are those of TCP
			}
			file, err := os.Open(name)
			noError(t, err)
			sink, out := to.ends(t)
			got := background(func() []byte { p, _ := io.ReadAll(sink); return p })
			dst := duplex.NewConn(out)
			n, err := dst.ReadFrom(file)
			noError(t, err)
			noError(t, dst.CloseWrite())
			noError(t, file.Close())
			if n != int64(size) || dst.BytesWritten() != n || !bytes.Equal(within(t, "read", got), want) {
				t.Errorf("%d of %d bytes of a file went to %s", n, size, to.name)
			}
		}
	}
}

func TestTransferSendsAFileFromWhereItStands(t *testing.T) {
	name := filepath.Join(t.TempDir(), "file")
	noError(t, os.WriteFile(name, []byte("0123456789"), 0o600))
	file, err := os.Open(name)
	noError(t, err)
	defer file.Close()
	_, err = file.Seek(4, io.SeekStart)
	noError(t, err)
	sink, out := tcpEnds(t)
	dst := duplex.NewConn(out)
	_, err = dst.ReadFrom(file)
	noError(t, err)
	noError(t, dst.CloseWrite())
	receiveEnd(t, sink, "456789")
}

func TestTransferSaysWhoseErrorItIs(t *testing.T) {
	broken := errors.New("broken")
	t.Run("a reader that fails after some bytes", func(t *testing.T) {
		sink, out := tcpEnds(t)
		dst := duplex.NewConn(out)
		n, err := dst.ReadFrom(io.MultiReader(bytes.NewReader(pattern(100_000)), iotest.ErrReader(broken)))
		wantError(t, err, broken)
		if n != 100_000 {
			t.Errorf("%d bytes counted", n)
		}
		noError(t, dst.CloseWrite()) // dst itself has not failed
		receiveEnd(t, sink, string(pattern(100_000)))
	})
	t.Run("a socket that is reset while it is read", func(t *testing.T) {
		source, in := tcpEnds(t)
		sink, out := tcpEnds(t)
		src, dst := duplex.NewConn(in), duplex.NewConn(out)
		copied := background(func() error { _, err := dst.ReadFrom(src); return err })
		send(t, source, "x")
		receive(t, sink, "x")
		resetConn(t, source)
		wantError(t, within(t, "copy", copied), syscall.ECONNRESET)
		wantError(t, src.WaitRead(t.Context()), syscall.ECONNRESET)
		noError(t, dst.CloseWrite())
	})
	t.Run("a socket that is reset while it is written to", func(t *testing.T) {
		source, in := tcpEnds(t)
		sink, out := tcpEnds(t)
		src, dst := duplex.NewConn(in), duplex.NewConn(out)
		copied := background(func() error { _, err := dst.ReadFrom(src); return err })
		fillUp(t, source)
		resetConn(t, sink)
		err := within(t, "copy", copied)
		if !errors.Is(err, syscall.ECONNRESET) && !errors.Is(err, syscall.EPIPE) {
			t.Errorf("the copy returned %v", err)
		}
		werr := dst.WaitWrite(t.Context())
		if !errors.Is(werr, syscall.ECONNRESET) && !errors.Is(werr, syscall.EPIPE) {
			t.Errorf("the writing side learned of %v", werr)
		}
	})
}

func TestTransferLeavesDeadlinesToItsCaller(t *testing.T) {
	source, in := tcpEnds(t)
	sink, out := tcpEnds(t)
	src, dst := duplex.NewConn(in), duplex.NewConn(out)
	send(t, source, "before ")
	noError(t, src.SetReadDeadline(time.Now().Add(50*time.Millisecond)))
	n, err := io.Copy(dst, src)
	wantError(t, err, os.ErrDeadlineExceeded)
	if n != 7 {
		t.Errorf("%d bytes moved before the deadline, want 7", n)
	}
	receive(t, sink, "before ")
	noError(t, src.SetReadDeadline(time.Time{}))
	send(t, source, "after")
	noError(t, source.CloseWrite())
	_, err = io.Copy(dst, src) // a deadline that has passed is no end
	noError(t, err)
	noError(t, dst.CloseWrite())
	receiveEnd(t, sink, "after")
}

func TestTransferTakesShortWritesForErrors(t *testing.T) {
	a, b := duplex.Pair()
	send(t, b, "four")
	c := duplex.NewConn(a)
	n, err := c.WriteTo(writerFunc(func(p []byte) (int, error) { return len(p) - 1, nil }))
	wantError(t, err, io.ErrShortWrite)
	if n != 3 {
		t.Errorf("%d bytes counted, want the 3 that were taken", n)
	}
}
