package duplex_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/duplex-go/duplex"
)

func TestChunksGiveEverythingUntilTheEnd(t *testing.T) {
	for _, kind := range grounds {
		t.Run(kind.name, func(t *testing.T) {
			far, near := kind.ends(t)
			c := duplex.NewConn(near)
			wrote := background(func() error {
				_, err := far.Write(pattern(500_000))
				return errors.Join(err, far.CloseWrite())
			})
			var got []byte
			for p, err := range duplex.Chunks(c) {
				noError(t, err)
				if len(p) == 0 || len(p) > 64<<10 {
					t.Fatalf("a chunk of %d bytes", len(p))
				}
				got = append(got, p...)
			}
			noError(t, within(t, "write", wrote))
			if !bytes.Equal(got, pattern(500_000)) {
				t.Errorf("%d bytes came, differing", len(got))
			}
			noError(t, c.WaitRead(t.Context()))
			if c.BytesRead() != 500_000 {
				t.Errorf("%d bytes counted", c.BytesRead())
			}
		})
	}
}

func TestChunksComeAsTheyArrive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := duplex.Pair()
		go func() {
			for _, text := range []string{"one", "two", "three"} {
				a.Write([]byte(text))
				time.Sleep(time.Second)
			}
			a.CloseWrite()
		}()
		var got []string
		for p, err := range duplex.Chunks(b) {
			noError(t, err)
			got = append(got, string(p))
		}
		if len(got) != 3 || got[0] != "one" || got[2] != "three" {
			t.Errorf("chunks: %q", got)
		}
	})
}

func TestChunksErrorIsTheLastPair(t *testing.T) {
	broken := errors.New("broken")
	for name, r := range map[string]io.Reader{
		"after bytes":   io.MultiReader(bytes.NewReader([]byte("some")), iotest.ErrReader(broken)),
		"along with it": iotest.DataErrReader(io.MultiReader(bytes.NewReader([]byte("some")), iotest.ErrReader(broken))),
	} {
		t.Run(name, func(t *testing.T) {
			var got []byte
			var errs []error
			for p, err := range duplex.Chunks(r) {
				got = append(got, p...)
				errs = append(errs, err)
			}
			if string(got) != "some" || len(errs) != 2 || errs[0] != nil || errs[1] != broken {
				t.Errorf("%q and %v", got, errs)
			}
		})
	}
	c := duplex.NewConn(closedPairEnd())
	for _, err := range duplex.Chunks(c) {
		wantError(t, err, duplex.ErrClosed)
	}
	wantError(t, c.WaitRead(t.Context()), duplex.ErrClosed)
}

func closedPairEnd() *duplex.PairEnd {
	a, _ := duplex.Pair()
	a.Close()
	return a
}

func TestChunksBrokenOffLeaveTheRest(t *testing.T) {
	a, b := duplex.Pair()
	c := duplex.NewConn(b)
	send(t, a, "GET /\r\nbody")
	for p, err := range duplex.Chunks(c) {
		noError(t, err)
		c.Unread(p[7:]) // too much
		break
	}
	if c.BytesRead() != 7 {
		t.Errorf("%d bytes counted, want 7", c.BytesRead())
	}
	send(t, a, " and more")
	receive(t, c, "body and more")
}

func TestChunksGiveBackWithinTheLoopComesNext(t *testing.T) {
	a, b := duplex.Pair()
	c := duplex.NewConn(b)
	send(t, a, "abc")
	var got []string
	for p, err := range duplex.Chunks(c) {
		noError(t, err)
		got = append(got, string(p))
		if len(got) == 1 {
			send(t, a, "def")
			noError(t, a.CloseWrite())
			c.Unread(p[2:])
		}
	}
	if len(got) != 3 || got[1] != "c" || got[2] != "def" {
		t.Errorf("chunks: %q", got)
	}
	if c.BytesRead() != 6 {
		t.Errorf("%d bytes counted, want 6", c.BytesRead())
	}
}

func TestChunksGoOnAfterADeadline(t *testing.T) {
	a, b := duplex.Pair()
	c := duplex.NewConn(b)
	noError(t, c.SetReadDeadline(time.Unix(1, 0)))
	for _, err := range duplex.Chunks(c) {
		wantError(t, err, os.ErrDeadlineExceeded)
	}
	noError(t, c.SetReadDeadline(time.Time{}))
	send(t, a, "late")
	noError(t, a.CloseWrite())
	for p, err := range duplex.Chunks(c) {
		noError(t, err)
		if string(p) != "late" {
			t.Errorf("chunk %q", p)
		}
	}
}
