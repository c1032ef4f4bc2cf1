package nats_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/duplextest"
	"github.com/duplex-go/duplex/endpoint"
	"github.com/duplex-go/duplex/endpoint/internal/endpointtest"
	"github.com/duplex-go/duplex/endpoint/nats"
	"github.com/duplex-go/duplex/hub"
)

// eventually waits until ok returns true.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not after half a minute", what)
		}
	}
}

// cluster starts three hubs that know each other.
func cluster(t *testing.T) [3]*hub.Hub {
	t.Helper()
	var hubs [3]*hub.Hub
	for i := range hubs {
		c := hub.Config{Cluster: "127.0.0.1:0"}
		if i > 0 {
			c.Routes = []string{hubs[0].ClusterAddr()}
		}
		hubs[i] = start(t, c)
	}
	eventually(t, "the cluster to be whole", func() bool {
		return hubs[0].Peers() == 2 && hubs[1].Peers() == 2 && hubs[2].Peers() == 2
	})
	return hubs
}

// serve sends a name on every stream of a listener, and then the end.
func serve(t *testing.T, url, name string) {
	t.Helper()
	endpointtest.Serve(t, url, func(s duplex.Stream) {
		_, _ = io.WriteString(s, name)
		_ = s.CloseWrite()
		_, _ = io.Copy(io.Discard, s)
	})
}

func TestADiallerReachesOneOfManyListenersWhereverItRuns(t *testing.T) {
	hubs := cluster(t)
	for i, h := range hubs[:2] { // none at the third
		serve(t, h.URL()+"/svc,timeout=500ms", fmt.Sprint(i))
	}
	// One of another group is asked too, and the first answer counts.
	serve(t, hubs[1].URL()+"/svc,queue=other,timeout=500ms", "other")
	served := make(map[string]int)
	for i := range 60 {
		s, err := endpoint.Dial(t.Context(), hubs[i%3].URL()+"/svc,retry=10")
		if err != nil {
			t.Fatal(err)
		}
		name, err := io.ReadAll(s)
		if err != nil {
			t.Fatal(err)
		}
		served[string(name)]++
		_ = s.Close()
	}
	if served["0"] == 0 || served["1"] == 0 {
		t.Errorf("streams were served by %v", served)
	}
}

func TestAStreamThroughAClusterKeepsTheContract(t *testing.T) {
	hubs := cluster(t)
	// Between two hubs there are several connections, which all have to be there
	// before anybody looks for leaks.
	last, same := 0, 0
	eventually(t, "the routes to be there", func() bool {
		if n := runtime.NumGoroutine(); n != last {
			last, same = n, 0
		}
		same++
		return same > 200
	})
	subject := 0
	duplextest.Suite{MaxBuffered: 1 << 20}.Stream(t, func(t *testing.T) (a, b duplex.Stream) {
		subject++
		at := fmt.Sprintf("/contract.%d", subject)
		l, err := endpoint.Listen(t.Context(), hubs[0].URL()+at)
		if err != nil {
			t.Fatal(err)
		}
		accepted := make(chan duplex.Stream, 1)
		go func() {
			s, err := endpoint.Accept(t.Context(), l)
			if err != nil {
				t.Error(err)
			}
			accepted <- s
		}()
		a, err = endpoint.Dial(t.Context(), hubs[1].URL()+at+",retry=10")
		if err != nil {
			_ = l.Close()
			t.Fatal(err)
		}
		return a, <-accepted
	})
}

func TestAStreamOutlivesAServerThatItDoesNotUse(t *testing.T) {
	hubs := cluster(t)
	l, err := endpoint.Listen(t.Context(), hubs[0].URL()+"/x")
	if err != nil {
		t.Fatal(err)
	}
	accepted := make(chan duplex.Stream, 1)
	go func() {
		s, _ := endpoint.Accept(t.Context(), l)
		accepted <- s
	}()
	a, err := endpoint.Dial(t.Context(), hubs[1].URL()+"/x,retry=10,ping=50ms")
	if err != nil {
		t.Fatal(err)
	}
	b := <-accepted
	defer a.Close()
	defer b.Close()
	talk := func() error {
		if _, err := io.WriteString(a, "x"); err != nil {
			return err
		}
		_, err := io.ReadFull(b, make([]byte, 1))
		return err
	}
	if err := talk(); err != nil {
		t.Fatal(err)
	}
	hubs[2].Close()
	if err := talk(); err != nil {
		t.Errorf("without a third server: %v", err)
	}
	hubs[0].Close() // that of the listener
	if _, err := b.Read(make([]byte, 1)); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("without its server the listener's side gets %v", err)
	}
	if _, err := a.Read(make([]byte, 1)); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("without its peer's server the dialler gets %v", err)
	}
}

// A listener whose server is restarted takes streams again.
func TestAListenerOutlivesItsServer(t *testing.T) {
	h := start(t, hub.Config{})
	addr := h.Addr()
	serve(t, h.URL()+"/x", "served")
	h.Close()
	start(t, hub.Config{Addr: addr})
	eventually(t, "a stream", func() bool {
		s, err := endpoint.Dial(t.Context(), "nats://"+addr+"/x")
		if err != nil {
			return false
		}
		defer s.Close()
		got, err := io.ReadAll(s)
		return string(got) == "served" && err == nil
	})
}

func TestABroadcastReachesTheGroupsOfAllMachines(t *testing.T) {
	hubs := cluster(t)
	var groups [3]duplex.Group
	var casts [3]*nats.Broadcast
	var ends [3]*duplex.PairEnd
	for i := range groups {
		a, b := duplex.Pair()
		ends[i] = b
		if err := groups[i].Add(a); err != nil {
			t.Fatal(err)
		}
		var err error
		if casts[i], err = nats.NewBroadcast(t.Context(), hubs[i].URL()+"/beat", &groups[i]); err != nil {
			t.Fatal(err)
		}
		defer func() {
			_ = casts[i].Close()
			_, _ = a.Close(), b.Close()
			_ = groups[i].Close()
		}()
	}
	// A subscription takes a moment to be known in all of a cluster: each says
	// its own letter until everybody has heard all.
	var hearing sync.WaitGroup
	for i := range ends {
		hearing.Go(func() {
			heard := map[byte]bool{}
			p := make([]byte, 64)
			for len(heard) < 3 {
				n, err := ends[i].Read(p)
				if err != nil {
					t.Errorf("%d: %v", i, err)
					return
				}
				for _, c := range p[:n] {
					heard[c] = true
				}
			}
		})
	}
	all := make(chan struct{})
	go func() { hearing.Wait(); close(all) }()
	for tick := time.NewTicker(5 * time.Millisecond); ; {
		for i := range casts {
			if _, err := casts[i].Write([]byte{"abc"[i]}); err != nil {
				t.Fatal(err)
			}
		}
		select {
		case <-all:
			tick.Stop()
			if err := casts[0].Send(make([]byte, 2<<20)); err == nil || casts[0].Dropped() != 1 {
				t.Errorf("a message that is too large: %v, %d dropped", err, casts[0].Dropped())
			}
			return
		case <-tick.C:
		}
	}
}

// TestR39_ASlowReaderStopsItsWriterAndLosesNothing has a reader take nothing
// until its writer stands still, and only then read all.
func TestR39_ASlowReaderStopsItsWriterAndLosesNothing(t *testing.T) {
	size := int64(1 << 30)
	if !full() {
		size /= 10
	}
	dialled, accepted := endpointtest.Connect(t, shared().URL()+"/r39", "")
	defer dialled.Close()
	defer accepted.Close()
	sent := make(chan error, 1)
	go func() {
		_, err := io.Copy(dialled, io.LimitReader(counter(), size))
		sent <- errors.Join(err, dialled.CloseWrite())
	}()
	// Longer than a server or client takes to call somebody slow, were there no
	// credit: at full speed that is 64 MiB.
	r := &countingReader{want: counter()}
	for range 20 {
		if _, err := io.CopyN(r, accepted, 64<<10); err != nil {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Millisecond)
	}
	if _, err := io.Copy(r, struct{ io.Reader }{accepted}); err != nil {
		t.Error(err)
	}
	if err := <-sent; err != nil {
		t.Error(err)
	}
	if r.n != size {
		t.Errorf("%d of %d bytes have come", r.n, size)
	}
}

// counter returns bytes among which no two places look alike.
func counter() io.Reader { return new(places) }

type places struct{ at int }

var allPlaces = endpointtest.Tape(39, 0, 65_521) // a prime, so that no size in use divides it

func (c *places) Read(p []byte) (n int, err error) {
	for n < len(p) {
		k := copy(p[n:], allPlaces[c.at:])
		n += k
		c.at = (c.at + k) % len(allPlaces)
	}
	return n, nil
}

// countingReader is written to, and compares.
type countingReader struct {
	want io.Reader
	buf  []byte
	n    int64
}

func (r *countingReader) Write(p []byte) (int, error) {
	if len(r.buf) < len(p) {
		r.buf = make([]byte, len(p))
	}
	_, _ = r.want.Read(r.buf[:len(p)])
	if string(r.buf[:len(p)]) != string(p) {
		return 0, fmt.Errorf("other bytes after %d", r.n)
	}
	r.n += int64(len(p))
	return len(p), nil
}

func TestTheEmbeddedServerIsThereWhileItIsNeeded(t *testing.T) {
	duplextest.NoLeaks(t)
	a, b := endpointtest.Connect(t, "nats://embedded/x", "")
	c, d := endpointtest.Connect(t, "nats://embedded/y", "")
	at := a.(net.Conn).RemoteAddr()
	if at.Network() != "nats" || at.String() != b.(net.Conn).LocalAddr().String() {
		t.Errorf("the peer is %v", at)
	}
	for _, s := range []io.Closer{a, b} {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	if _, err := io.WriteString(c, "x"); err != nil {
		t.Error(err)
	}
	_, _ = c.Close(), d.Close()
}

func TestAPeerThatDoesNotAnswerIsGone(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	s, _ := forge(t, ",ping=20ms", func(own, theirs string) []*clientMsg { return []*clientMsg{ack(own, theirs)} })
	s, err := endpoint.Ready(ctx, s)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if n, err := s.Read(make([]byte, 1)); n != 0 || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("the reader got %d, %v", n, err)
	}
	if _, err := s.Write([]byte("x")); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("the writer got %v", err)
	}
}
