package hub_test

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/duplex-go/duplex/endpoint"
	"github.com/duplex-go/duplex/hub"
	"github.com/nats-io/nats.go"
)

func TestTheZeroHubServesThisMachine(t *testing.T) {
	h := start(t, hub.Config{})
	if host, _, err := net.SplitHostPort(h.Addr()); host != "127.0.0.1" || err != nil {
		t.Errorf("it listens on %s", h.Addr())
	}
	if h.URL() != "nats://"+h.Addr() || h.ClusterAddr() != "" || h.Peers() != 0 {
		t.Errorf("URL %q, cluster %q, %d peers", h.URL(), h.ClusterAddr(), h.Peers())
	}
	heard := subscribe(t, client(t, h.URL()), "x")
	if err := client(t, h.URL()).Publish("x", []byte("hello")); err != nil {
		t.Fatal(err)
	}
	if m, err := heard.NextMsg(patience); err != nil || string(m.Data) != "hello" {
		t.Errorf("heard %v, %v", m, err)
	}
}

func TestImportingAHubMakesTheEmbeddedServerWork(t *testing.T) {
	l, err := endpoint.Listen(t.Context(), "nats://embedded/x")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	said := make(chan error, 1)
	go func() {
		s, err := endpoint.Dial(t.Context(), "nats://embedded/x")
		if err == nil {
			_, err = io.WriteString(s, "hello")
			err = errors.Join(err, s.Close())
		} else {
			_ = l.Close()
		}
		said <- err
	}()
	s, err := endpoint.Accept(t.Context(), l)
	if err == nil {
		var got []byte
		if got, err = io.ReadAll(s); string(got) != "hello" {
			t.Errorf("%q came", got)
		}
		_ = s.Close()
	}
	if err := errors.Join(err, <-said); err != nil {
		t.Error(err)
	}
}

// Close ends every connection, and the hub still says where it was.
func TestCloseEndsEveryConnection(t *testing.T) {
	h := start(t, hub.Config{Cluster: "127.0.0.1:0"})
	addr, cluster := h.Addr(), h.ClusterAddr()
	lost := make(chan struct{})
	client(t, h.URL(), nats.ClosedHandler(func(*nats.Conn) { close(lost) }))
	var closing sync.WaitGroup
	for range 3 { // all of which return when it is over
		closing.Go(func() {
			h.Close()
			for _, a := range []string{addr, cluster} {
				if c, err := net.Dial("tcp", a); err == nil {
					_ = c.Close()
					t.Errorf("something listens on %s", a)
				}
			}
		})
	}
	closing.Wait()
	<-lost
	h.Close()
	if h.Addr() != addr || h.URL() != "nats://"+addr || h.ClusterAddr() != cluster || h.Peers() != 0 {
		t.Errorf("afterwards: %s, %s, %s, %d peers", h.Addr(), h.URL(), h.ClusterAddr(), h.Peers())
	}
	if list, err := h.Clients(); len(list) > 0 {
		t.Errorf("afterwards: clients %v, %v", list, err)
	}
}

func TestClientsAreToldAndThoseThatHaveGone(t *testing.T) {
	h := start(t, hub.Config{})
	c := client(t, h.URL(), nats.Name("ann"))
	heard := subscribe(t, c, "x")
	if err := c.Publish("x", []byte("hello")); err != nil {
		t.Fatal(err)
	}
	if _, err := heard.NextMsg(patience); err != nil {
		t.Fatal(err)
	}
	var list []hub.Client
	var err error
	eventually(t, "what came to be counted", func() bool { // the server counts it once it has passed it on
		list, err = h.Clients()
		return err != nil || len(list) == 1 && list[0].In > 0
	})
	if err != nil {
		t.Fatal(err)
	}
	id, err := c.GetClientID()
	if err != nil {
		t.Fatal(err)
	}
	if a := list[0]; a.ID != id || a.Name != "ann" || a.In != 5 || a.Out != 5 || a.Subscriptions != 1 || a.Reason != "" || !strings.HasPrefix(a.Addr, "127.0.0.1:") || a.Began.IsZero() {
		t.Errorf("it is told as %+v", a)
	}
	c.Close()
	eventually(t, "the client to be gone", func() bool {
		list, err = h.Gone()
		return err != nil || len(list) == 1
	})
	if err != nil || list[0].ID != id || list[0].Reason != hub.Orderly {
		t.Errorf("gone: %+v, %v", list, err)
	}
	if list, err := h.Clients(); len(list) > 0 || err != nil {
		t.Errorf("clients %v, %v", list, err)
	}
}

func TestWrongOptionsAreErrorsThatNameThem(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for _, c := range []struct {
		config hub.Config
		want   string
	}{
		{hub.Config{Addr: "127.0.0.1"}, `"127.0.0.1" is not host:port`},
		{hub.Config{Addr: "127.0.0.1:70000"}, `"127.0.0.1:70000" has no port between`},
		{hub.Config{Addr: "127.0.0.1:-1"}, "has no port between"},
		{hub.Config{Addr: "127.0.0.1:nats"}, "has no port between"},
		{hub.Config{Cluster: "6222"}, `"6222" is not host:port`},
		{hub.Config{Routes: []string{"other"}}, `route "other" is not host:port`},
		{hub.Config{Name: "a b"}, "name"},
		{hub.Config{MaxPayload: -1}, "messages of -1 bytes"},
		{hub.Config{MaxPayload: 1<<32 + 1}, "messages of 4294967297 bytes"},
		{hub.Config{Password: "s3cret"}, "a password without a user"},
		{hub.Config{Addr: taken.Addr().String()}, "address already in use"},
		{hub.Config{Cluster: taken.Addr().String()}, "address already in use"},
	} {
		h, err := c.config.Start(t.Context())
		if err == nil {
			h.Close()
		}
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "hub") || strings.ContainsAny(err.Error(), "\n") || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%+v: %v", c.config, err)
		}
	}
}

// A hub whose start has been given up leaves nothing (goleak looks).
func TestAStartThatIsGivenUpLeavesNothing(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("not needed any more")
	cancel(why)
	if h, err := (hub.Config{}).Start(ctx); err == nil {
		h.Close()
		t.Error("it has started")
	} else if !errors.Is(err, why) {
		t.Error(err)
	}
}
