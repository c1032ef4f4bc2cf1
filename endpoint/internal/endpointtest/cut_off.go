package endpointtest

import (
	"bytes"
	"errors"
	"io"
	"os"
	"testing"
	"time"

	"github.com/duplex-go/duplex"
)

// CutOff has deadlines end writes from a to b again and again, while b makes room
// now and then, and then ends a, if it can, or closes it. What a Write has counted
// must come, once and in order, and nothing else. It closes both.
func CutOff(t *testing.T, a, b duplex.Stream, canEnd bool) {
	t.Helper()
	d := a.(interface{ SetWriteDeadline(time.Time) error })
	tape := Tape(4, 0, 64<<20)
	sent, cuts, read := 0, 0, 0
	got := make([]byte, len(tape))
	for i := 0; cuts < 40 && sent < len(tape); i++ {
		if err := d.SetWriteDeadline(time.Now().Add(time.Duration(i%4) * time.Millisecond)); err != nil {
			t.Fatal(err)
		}
		n, err := a.Write(tape[sent:min(len(tape), sent+1+i*77_777%1_000_000)])
		sent += n
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded):
			cuts++
		case err != nil:
			t.Fatalf("after %d bytes and %d deadlines: %v", sent, cuts, err)
		}
		if i%3 > 0 || sent-read < 200_000 { // what has been cut off may wait for the next write
			continue
		}
		n, err = b.Read(got[read : read+50_000])
		if read += n; err != nil {
			t.Fatalf("after %d bytes: %v", read, err)
		}
	}
	t.Logf("%d deadlines, %d bytes", cuts, sent)
	if cuts < 40 {
		t.Errorf("only %d deadlines have ended writes", cuts)
	}
	if err := d.SetWriteDeadline(time.Time{}); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() {
		if canEnd {
			ended <- a.CloseWrite()
		} else {
			ended <- a.Close()
		}
	}()
	for {
		n, err := b.Read(got[read:])
		if read += n; err == io.EOF {
			break
		}
		if err != nil {
			t.Fatalf("after %d of %d bytes: %v", read, sent, err)
		}
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if read != sent || !bytes.Equal(got[:read], tape[:read]) {
		t.Errorf("%d bytes were written, %d have come, or others", sent, read)
	}
	_, _ = a.Close(), b.Close()
}
