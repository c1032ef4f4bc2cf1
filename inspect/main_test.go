package inspect_test

import (
	"context"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/inspect"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is how long a test waits for what must happen.
const patience = 30 * time.Second

// eventually waits until ok returns true.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not after %v", what, patience)
		}
	}
}

// joined is a join under observation with both of its peers.
type joined struct {
	a, b *duplex.PairEnd // the peers of the join's two streams
	done chan error
}

// join joins two pairs under r until the test ends.
func join(t testing.TB, r duplex.Observer, a, b string) *joined {
	t.Helper()
	farA, nearA := duplex.Pair()
	nearB, farB := duplex.Pair()
	j := &joined{farA, farB, make(chan error, 1)}
	joiner := duplex.Joiner{Observer: r, Names: [2]string{a, b}, Linger: time.Hour}
	opened := make(chan struct{})
	joiner.Observer = duplex.Observers{r, notify{opened}}
	finished := make(chan struct{})
	go func() {
		defer close(finished)
		_, err := joiner.Join(context.Background(), nearA, nearB)
		j.done <- err
	}()
	<-opened
	t.Cleanup(func() {
		_, _ = j.a.Close(), j.b.Close()
		<-finished
	})
	return j
}

// notify is an Observer that says when something is open.
type notify struct{ opened chan struct{} }

func (n notify) Opened(*duplex.Observed)                            { close(n.opened) }
func (notify) Ended(*duplex.Observed, duplex.Way, duplex.Direction) {}
func (notify) Closed(*duplex.Observed, error)                       {}

// pass sends text from one peer to the other, which reads it.
func pass(t testing.TB, from, to *duplex.PairEnd, text string) {
	t.Helper()
	if _, err := io.WriteString(from, text); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(to, make([]byte, len(text))); err != nil {
		t.Fatal(err)
	}
}

// end ends both sides and waits for the join.
func (j *joined) end(t testing.TB) {
	t.Helper()
	_, _ = j.a.CloseWrite(), j.b.CloseWrite()
	if err := <-j.done; err != nil {
		t.Fatal(err)
	}
}

// only returns the only row.
func only(t testing.TB, v inspect.View) inspect.Row {
	t.Helper()
	if len(v.Rows) != 1 {
		t.Fatalf("%d rows: %+v", len(v.Rows), v.Rows)
	}
	return v.Rows[0]
}

var errGone = errors.New("gone for good")
