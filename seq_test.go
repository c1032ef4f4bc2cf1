package duplex_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net"
	"os"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/duplex-go/duplex"
)

// pieces yields texts, then err if it is not nil, and notes its cleanup.
func pieces(cleaned *bool, err error, texts ...string) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		defer func() { *cleaned = true }()
		for _, text := range texts {
			if !yield([]byte(text), nil) {
				return
			}
		}
		if err != nil {
			yield(nil, err)
		}
	}
}

func TestASequenceIsReadPieceByPiece(t *testing.T) {
	var cleaned bool
	r := duplex.FromSeq(pieces(&cleaned, nil, "one", "", "two", "three"))
	if err := iotest.TestReader(r, []byte("onetwothree")); err != nil {
		t.Error(err)
	}
	if !cleaned {
		t.Error("the sequence did not come to its end")
	}
}

func TestAnErrorOfASequenceFollowsItsPieces(t *testing.T) {
	var cleaned bool
	broken := errors.New("broken")
	r := duplex.FromSeq(pieces(&cleaned, broken, "one"))
	defer r.Close()
	if got, err := io.ReadAll(r); string(got) != "one" || !errors.Is(err, broken) {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestClosingASequenceRunsItsCleanup(t *testing.T) {
	var cleaned bool
	r := duplex.FromSeq(pieces(&cleaned, nil, "one", "two"))
	if _, err := r.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	if err := r.Close(); err != nil || !cleaned {
		t.Errorf("cleaned: %v, %v", cleaned, err)
	}
	if _, err := r.Read(make([]byte, 1)); !errors.Is(err, net.ErrClosed) {
		t.Errorf("read after close: %v", err)
	}
}

func TestAPipelineThatFailsCleansItsSequenceUp(t *testing.T) {
	var cleaned bool
	full := errors.New("full")
	err := duplex.Pipeline(t.Context(),
		duplex.From(duplex.FromSeq(pieces(&cleaned, nil, "one", "two"))),
		duplex.StageFunc(func(_ context.Context, r io.Reader, _ io.Writer) error {
			_, _ = r.Read(make([]byte, 1)) // the sequence has begun
			return full
		}))
	if !errors.Is(err, full) || !cleaned {
		t.Errorf("cleaned: %v, %v", cleaned, err)
	}
}

func ExampleFromSeq() {
	countdown := func(yield func([]byte, error) bool) {
		for i := 3; i > 0; i-- {
			if !yield(fmt.Appendln(nil, i), nil) {
				return
			}
		}
	}
	err := duplex.Pipeline(context.Background(),
		duplex.From(duplex.FromSeq(countdown)),
		duplex.Map(func(p []byte) []byte { return []byte(strings.ReplaceAll(string(p), "1", "go")) }),
		duplex.Sink{Writer: os.Stdout, KeepOpen: true})
	if err != nil {
		fmt.Println(err)
	}
	// Output:
	// 3
	// 2
	// go
}

func TestASequenceIsCleanedUpAfterItsError(t *testing.T) {
	cleaned := false
	failed := errors.New("failed")
	_, err := io.ReadAll(duplex.FromSeq(func(yield func([]byte, error) bool) {
		defer func() { cleaned = true }()
		yield([]byte("piece"), failed)
	}))
	wantError(t, err, failed)
	if !cleaned {
		t.Error("what has been read to its error still waits to go on")
	}
}
