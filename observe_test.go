package duplex_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"sync"
	"testing"

	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/duplextest"
)

// notebook is an Observer that writes down what it is told.
type notebook struct {
	mu     sync.Mutex
	lines  []string
	opened chan *duplex.Observed
	ended  chan duplex.Way
	closed chan error
}

func newNotebook() *notebook {
	return &notebook{opened: make(chan *duplex.Observed, 100), ended: make(chan duplex.Way, 200), closed: make(chan error, 100)}
}

func (n *notebook) note(format string, args ...any) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.lines = append(n.lines, fmt.Sprintf(format, args...))
}

func (n *notebook) Opened(o *duplex.Observed) {
	n.note("%v %s opened", o.Kind, o.A.Name)
	n.opened <- o
}

func (n *notebook) Ended(o *duplex.Observed, w duplex.Way, d duplex.Direction) {
	n.note("%v: %d bytes, %v, %v", w, d.Bytes, d.Reason, d.Err)
	n.ended <- w
}

func (n *notebook) Closed(o *duplex.Observed, err error) {
	n.note("closed: %v", err)
	n.closed <- err
}

func (n *notebook) text() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.lines)
}

func (n *notebook) want(t *testing.T, want ...string) {
	t.Helper()
	if got := n.text(); !slices.Equal(got, want) {
		t.Errorf("told %q, want %q", got, want)
	}
}

func TestAnObserverIsToldOfAJoinFromItsBeginningToItsEnd(t *testing.T) {
	n := newNotebook()
	a, b, done := joinedPairs(t, duplex.Joiner{Observer: n, Names: [2]string{"left", "right"}})
	o := within(t, "opened", n.opened)
	send(t, a, "hello")
	receive(t, b, "hello")
	noError(t, a.CloseWrite())
	if w := within(t, "the end", n.ended); w != duplex.AB {
		t.Errorf("%v ended", w)
	}
	// It is half-closed now.
	if f := o.Flow(duplex.AB); f != (duplex.Flow{Bytes: 5, Reason: duplex.Ended}) {
		t.Errorf("a to b: %+v", f)
	}
	send(t, b, "world!")
	receive(t, a, "world!")
	eventually(t, "the count", func() bool { return o.Flow(duplex.BA) == duplex.Flow{Bytes: 6} })
	noError(t, b.CloseWrite())
	noError(t, within(t, "join", done).err)
	n.want(t, "join left opened", "a to b: 5 bytes, ended, <nil>", "b to a: 6 bytes, ended, <nil>", "closed: <nil>")
	if o.B.Name != "right" || o.A.Addr != "" {
		t.Errorf("ends %+v and %+v", o.A, o.B)
	}
}

func TestAnObserverIsToldWhichDirectionOfAJoinFailed(t *testing.T) {
	n := newNotebook()
	a, _, done := joinedPairs(t, duplex.Joiner{Observer: n})
	cause := errors.New("no more")
	noError(t, a.Abort(cause))
	err := within(t, "join", done).err
	wantError(t, err, cause)
	wantError(t, within(t, "closed", n.closed), cause)
	o := within(t, "opened", n.opened)
	if got := n.text(); len(got) != 4 || o.Flow(duplex.AB).Reason != duplex.ReadFailed {
		t.Errorf("told %q", got)
	}
	if r := o.Flow(duplex.BA).Reason; r != duplex.Dropped && r != duplex.WriteFailed {
		t.Errorf("the other direction: %v", r)
	}
}

func TestWhatWaitsIsSampledAgainstItsMark(t *testing.T) {
	t.Run("pairs", func(t *testing.T) {
		n := newNotebook()
		a, b, done := joinedPairs(t, duplex.Joiner{Observer: n})
		o := within(t, "opened", n.opened)
		stuck := background(func() error { _, err := a.Write(make([]byte, 1<<20)); return err })
		eventually(t, "both marks", func() bool {
			waiting, mark := o.Waiting(duplex.AB)
			return o.Flow(duplex.AB).Holding && waiting == mark && mark == 2*duplex.DefaultHighWaterMark
		})
		if waiting, _ := o.Waiting(duplex.BA); waiting != 0 {
			t.Errorf("%d wait the other way", waiting)
		}
		noError(t, b.Close())
		<-stuck
		within(t, "join", done)
	})
	t.Run("tcp", func(t *testing.T) {
		if runtime.GOOS != "linux" {
			t.Skip("only Linux is asked for its queues")
		}
		n := newNotebook()
		a, nearA := tcpEnds(t)
		nearB, b := tcpEnds(t)
		done := background(func() error {
			_, err := duplex.Joiner{Observer: n}.Join(context.Background(), nearA, nearB)
			return err
		})
		o := within(t, "opened", n.opened)
		if o.A.Addr != a.LocalAddr().String() || o.B.Addr != b.LocalAddr().String() {
			t.Errorf("ends %+v and %+v", o.A, o.B)
		}
		sent := background(func() error {
			_, err := a.Write(make([]byte, 32<<20)) // more than all buffers hold
			return err
		})
		eventually(t, "the queues to fill", func() bool {
			waiting, mark := o.Waiting(duplex.AB)
			return waiting > 64<<10 && mark >= waiting
		})
		if waiting, mark := o.Waiting(duplex.BA); waiting != 0 || mark == 0 {
			t.Errorf("%d of %d wait the other way", waiting, mark)
		}
		noError(t, b.CloseWrite())
		_, err := io.Copy(io.Discard, struct{ io.Reader }{io.LimitReader(b, 32<<20)})
		noError(t, err)
		noError(t, within(t, "send", sent))
		noError(t, a.Close())
		noError(t, within(t, "join", done))
		if waiting, mark := o.Waiting(duplex.AB); waiting != 0 || mark != 0 {
			t.Errorf("after the end %d of %d wait", waiting, mark)
		}
	})
}

func TestLayersAreSeenWithWhatTheyMadeOfTheBytes(t *testing.T) {
	double := duplex.Map(func(p []byte) []byte { return append(p, p...) }).Named("double")
	triple := duplex.Map(func(p []byte) []byte { return bytes.Repeat(p, 3) }).Named("triple")
	n := newNotebook()
	a, nearA := tcpEnds(t)
	nearB, b := tcpEnds(t)
	inner := duplex.Layer(nearB, duplex.Codec{Encode: triple, Decode: double})
	layered := duplex.NewConn(duplex.Layer(inner, duplex.Codec{Encode: duplex.Compose(double, triple), Decode: triple}))
	done := background(func() error {
		_, err := duplex.Joiner{Observer: n}.Join(context.Background(), nearA, layered)
		return err
	})
	o := within(t, "opened", n.opened)
	send(t, a, "x")
	receive(t, b, "xxxxxxxxxxxxxxxxxx")
	send(t, b, "y")
	receive(t, a, "yyyyyy")
	_, _ = a.CloseWrite(), b.CloseWrite()
	noError(t, within(t, "join", done))
	for w, want := range map[duplex.Way]string{
		duplex.AB: "[{[double triple] 1 6} {[triple] 6 18}]",
		duplex.BA: "[{[double] 1 2} {[triple] 2 6}]",
	} {
		if got := fmt.Sprint(o.Layers(w)); got != want {
			t.Errorf("%v: %s, want %s", w, got, want)
		}
	}
	if written, read := inner.BytesEncoded(); written != 18 || read != 1 {
		t.Errorf("encoded %d and %d", written, read)
	}
}

func TestADecoderThatEncodesIsCountedToo(t *testing.T) {
	pass := duplex.Decoder(func(r io.Reader) io.Reader { return struct{ io.Reader }{r} })
	a, b := duplex.Pair()
	l := duplex.Layer(a, duplex.Codec{Encode: pass, Decode: pass})
	send(t, l, "hello")
	receive(t, b, "hello")
	send(t, b, "you")
	receive(t, l, "you")
	if written, read := l.BytesEncoded(); written != 5 || read != 3 {
		t.Errorf("encoded %d and %d", written, read)
	}
	noError(t, l.Close())
}

func TestAnObserverIsToldOfAServersConnections(t *testing.T) {
	cause := errors.New("enough")
	for _, test := range []struct {
		name   string
		serve  *duplex.Server
		client func(t *testing.T, c duplex.Stream)
		want   []string
	}{
		{"an echo that ends in order",
			&duplex.Server{Handler: duplex.Handler{Data: func(c *duplex.Conn, p []byte) { _, _ = c.Write(p) }}},
			func(t *testing.T, c duplex.Stream) {
				send(t, c, "hello")
				noError(t, c.CloseWrite())
				receiveEnd(t, c, "hello")
			},
			[]string{"stream  opened", "a to b: 5 bytes, ended, <nil>", "b to a: 5 bytes, ended, <nil>", "closed: <nil>"}},
		{"a handler that aborts",
			&duplex.Server{Handler: duplex.Handler{Data: func(c *duplex.Conn, p []byte) { _ = c.Abort(cause) }}},
			func(t *testing.T, c duplex.Stream) { send(t, c, "hello"); _ = oneByte(c) },
			[]string{"stream  opened", "a to b: 5 bytes, dropped, enough", "b to a: 0 bytes, dropped, enough", "closed: enough"}},
		{"a handler that closes",
			&duplex.Server{Handler: duplex.Handler{Data: func(c *duplex.Conn, p []byte) { _ = c.Close() }}},
			func(t *testing.T, c duplex.Stream) { send(t, c, "hello"); _ = oneByte(c) },
			[]string{"stream  opened", "a to b: 5 bytes, dropped, <nil>", "b to a: 0 bytes, dropped, <nil>", "closed: <nil>"}},
		{"a function that fails",
			&duplex.Server{Func: func(_ context.Context, s duplex.Stream) error { return errors.Join(oneByte(s), cause) }},
			func(t *testing.T, c duplex.Stream) { send(t, c, "x"); _ = oneByte(c) },
			[]string{"stream  opened", "a to b: 1 bytes, dropped, enough", "b to a: 0 bytes, dropped, enough", "closed: enough"}},
		{"a function that is done",
			&duplex.Server{Func: func(_ context.Context, s duplex.Stream) error { _, err := io.WriteString(s, "bye"); return err }},
			func(t *testing.T, c duplex.Stream) {
				noError(t, c.CloseWrite())
				receiveEnd(t, c, "bye")
			},
			[]string{"stream  opened", "b to a: 3 bytes, ended, <nil>", "a to b: 0 bytes, ended, <nil>", "closed: <nil>"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			n := newNotebook()
			server := test.serve
			server.Observer = n
			_, addr := startServer(t, server)
			c := dial(t, addr)
			test.client(t, c)
			within(t, "closed", n.closed)
			n.want(t, test.want...)
			if o := within(t, "opened", n.opened); o.A.Addr == "" {
				t.Error("the peer has no address")
			}
		})
	}
}

func TestAConnThatWasOverBeforeItIsObservedIsToldOfAtOnce(t *testing.T) {
	a, _ := duplex.Pair()
	c := duplex.NewConn(a)
	noError(t, c.Close())
	n := newNotebook()
	c.Observe(n, "late")
	n.want(t, "stream late opened", "a to b: 0 bytes, dropped, <nil>", "b to a: 0 bytes, dropped, <nil>", "closed: <nil>")
	noError(t, c.Close())
	if got := n.text(); len(got) != 4 {
		t.Errorf("told %q", got)
	}
}

// Whoever closes, aborts, reads and writes at the same time: each thing is told
// once and in order.
func TestAnObserverIsToldEachThingOnceHoweverMuchHappensAtOnce(t *testing.T) {
	for range 200 {
		a, b := duplex.Pair()
		c := duplex.NewConn(a)
		n := newNotebook()
		var all sync.WaitGroup
		all.Go(func() { c.Observe(n, "") })
		all.Go(func() { _ = c.Close() })
		all.Go(func() { _ = c.Abort(nil) })
		all.Go(func() { _ = c.CloseWrite() })
		all.Go(func() { _ = oneByte(c) })
		all.Go(func() { _ = oneByteTo(c) })
		all.Wait()
		_ = b.Close()
		got := n.text()
		if len(got) != 4 || got[0] != "stream  opened" || got[3][:6] != "closed" {
			t.Fatalf("told %q", got)
		}
	}
}

// block is an Observer that does not return until it may.
type block struct {
	*notebook
	name string
	may  chan struct{}
}

func (b *block) Ended(o *duplex.Observed, w duplex.Way, d duplex.Direction) {
	if o.A.Name == b.name {
		<-b.may
	}
	b.notebook.Ended(o, w, d)
}

// A blocked observer stalls its own stream and no other (R37).
func TestR37_ABlockedObserverStallsItsOwnStreamOnly(t *testing.T) {
	duplextest.NoLeaks(t)
	obs := &block{newNotebook(), "stalled", make(chan struct{})}
	a, b, stalled := joinedPairs(t, duplex.Joiner{Observer: obs, Names: [2]string{"stalled", ""}})
	_, _ = a.CloseWrite(), b.CloseWrite()
	for range 10 {
		x, y, done := joinedPairs(t, duplex.Joiner{Observer: obs})
		send(t, x, "hello")
		receive(t, y, "hello")
		_, _ = x.CloseWrite(), y.CloseWrite()
		noError(t, within(t, "another join", done).err)
	}
	select {
	case r := <-stalled:
		t.Errorf("the join that is held up has ended: %+v", r)
	default:
	}
	close(obs.may)
	noError(t, within(t, "join", stalled).err)
}

func TestALookAtADirectionAllocatesNothing(t *testing.T) {
	n := newNotebook()
	a, nearA := tcpEnds(t)
	nearB, b := tcpEnds(t)
	done := background(func() error {
		_, err := duplex.Joiner{Observer: duplex.Observers{n}}.Join(context.Background(), nearA, nearB)
		return err
	})
	o := within(t, "opened", n.opened)
	if n := testing.AllocsPerRun(100, func() { o.Flow(duplex.AB) }); n != 0 {
		t.Errorf("a look at a direction allocates %v times", n)
	}
	_, _ = a.Close(), b.Close()
	_ = within(t, "join", done)
}
