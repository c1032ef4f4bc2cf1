package nats_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/endpoint"
	"github.com/duplex-go/duplex/endpoint/nats"
	"github.com/duplex-go/duplex/flow"
	"github.com/duplex-go/duplex/hub"
	client "github.com/nats-io/nats.go"
)

// raw returns a connection of NATS's own client to the shared hub.
func raw(t *testing.T) *client.Conn {
	t.Helper()
	c, err := client.Connect(shared().URL())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// hello opens a stream that may be sent so many bytes.
func hello(window uint64) []byte {
	return flow.Frame{Kind: flow.Window, Offset: window}.Append([]byte("duplex1\n"))
}

// forge has a listener take a stream of a peer that is not ours: it gets the
// messages that makes returns for the subject of the listener's side.
func forge(t *testing.T, options string, messages func(own, theirs string) []*client.Msg) (duplex.Stream, *client.Subscription) {
	t.Helper()
	c := raw(t)
	subject := "forged." + client.NewInbox()[len("_INBOX."):]
	l, err := endpoint.Listen(t.Context(), shared().URL()+"/"+subject+options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	own := c.NewInbox()
	answers, err := c.SubscribeSync(own)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.PublishRequest(subject, own, hello(1000)); err != nil {
		t.Fatal(err)
	}
	answer, err := answers.NextMsg(10 * time.Second)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range messages(own, answer.Reply) {
		if err := c.PublishMsg(m); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Flush(); err != nil {
		t.Fatal(err)
	}
	a, err := l.Accept() // not yet Ready: a message may be its failure
	if err != nil {
		t.Fatal(err)
	}
	return a.(duplex.Stream), answers
}

func TestAPeerThatBreaksTheProtocolGetsOneClearError(t *testing.T) {
	const gap = "bytes were lost on the way"
	message := func(frames ...flow.Frame) []byte {
		var m []byte
		for _, f := range frames {
			m = f.Append(m)
		}
		return m
	}
	for _, c := range []struct {
		name, want string
		data       []byte
		from       string // in place of the peer's own subject
	}{
		{"garbage", "unknown kind 71", []byte("GET / HTTP/1.1\r\n\r\n"), ""},
		{"nothing", "an empty message", []byte{}, ""},
		{"more than it has credit for", "was allowed 10000", message(flow.Frame{Kind: flow.Data, Payload: make([]byte, 10_001)}), ""},
		{"a gap", gap, message(flow.Frame{Kind: flow.Data, Offset: 5, Payload: []byte("x")}), ""},
		{"an end behind a gap", gap, message(flow.Frame{Kind: flow.Fin, Offset: 5}), ""},
		{"bytes behind its end", "behind its end", message(flow.Frame{Kind: flow.Fin}, flow.Frame{Kind: flow.Data, Payload: []byte("x")}), ""},
		{"an offset that overflows", "was allowed 10000", message(flow.Frame{Kind: flow.Data, Offset: 1<<64 - 1, Payload: []byte("xx")}), ""},
		{"an acknowledgement of what was not sent", "ACK 1 of 0 bytes", message(flow.Frame{Kind: flow.Ack, Offset: 1}), ""},
		{"a message of somebody else", `came from "_INBOX.else"`, message(flow.Frame{Kind: flow.Ack}), "_INBOX.else"},
		{"a message of nobody", `came from ""`, message(flow.Frame{Kind: flow.Ack}), "-"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, answers := forge(t, ",window=10000", func(own, theirs string) []*client.Msg {
				m := &client.Msg{Subject: theirs, Reply: own, Data: c.data}
				switch c.from {
				case "":
				case "-":
					m.Reply = ""
				default:
					m.Reply = c.from
				}
				return []*client.Msg{m}
			})
			defer s.Close()
			_, err := endpoint.Ready(t.Context(), s)
			if err == nil {
				_, err = io.Copy(io.Discard, s)
			}
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") || len(err.Error()) > 300 {
				t.Errorf("we get %v", err)
			}
			if (c.want == gap) != errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("is %v an unexpected EOF?", err)
			}
			answer, nerr := answers.NextMsg(10 * time.Second)
			if nerr != nil {
				t.Fatal(nerr)
			}
			f, _, perr := flow.Parse(answer.Data)
			if perr != nil || f.Kind != flow.Reset || !strings.Contains(string(f.Payload), c.want) {
				t.Errorf("the peer gets %v %q, %v", f.Kind, f.Payload, perr)
			}
		})
	}
}

func TestAForgedOpeningIsRefused(t *testing.T) {
	c := raw(t)
	l, err := endpoint.Listen(t.Context(), shared().URL()+"/opening,backlog=1")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	orders, err := c.SubscribeSync("orders.delete")
	if err != nil {
		t.Fatal(err)
	}
	// Whoever opens must not choose what we publish to.
	if err := c.PublishRequest("opening", "orders.delete", hello(1)); err != nil {
		t.Fatal(err)
	}
	for _, o := range []struct {
		name, want string
		data       []byte
	}{
		{"garbage", "not a stream of duplex", []byte("GET /")},
		{"another version", "not a stream of duplex", []byte("duplex2\n")},
		{"no frames", "empty message", []byte("duplex1\n")},
		{"a cut frame", "within a frame's head", hello(1)[:12]},
		{"bytes without credit", "allowed 0 bytes", flow.Frame{Kind: flow.Data, Offset: 1, Payload: []byte("x")}.Append([]byte("duplex1\n"))},
	} {
		m, err := c.Request("opening", o.data, 10*time.Second)
		if err != nil {
			t.Fatalf("%s: %v", o.name, err)
		}
		f, _, err := flow.Parse(m.Data)
		if err != nil || f.Kind != flow.Reset || !strings.Contains(string(f.Payload), o.want) {
			t.Errorf("%s is answered with %v %q, %v", o.name, f.Kind, f.Payload, err)
		}
	}
	if n, _, _ := orders.Pending(); n > 0 {
		t.Error("an order was published for who opened")
	}
	// Those were not even queued: there is room for one.
	s, err := endpoint.Dial(t.Context(), shared().URL()+"/opening")
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if s, err := endpoint.Dial(t.Context(), shared().URL()+"/opening"); err == nil || !strings.Contains(err.Error(), "1 streams wait to be accepted already") {
		t.Errorf("a stream for which there is no room: %v, %v", s, err)
	}
}

func TestWhoeverComesForAStreamThatIsNoMoreIsToldSo(t *testing.T) {
	s, _ := forge(t, "", func(_, _ string) []*client.Msg { return nil })
	at := s.(net.Conn).LocalAddr().String()
	_ = s.Close()
	c := raw(t)
	m, err := c.Request(at, flow.Frame{Kind: flow.Ack}.Append(nil), 10*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	f, _, err := flow.Parse(m.Data)
	if err != nil || f.Kind != flow.Reset || string(f.Payload) != "this stream has been closed" || m.Reply != "" {
		t.Errorf("the answer is %v %q with reply %q, %v", f.Kind, f.Payload, m.Reply, err)
	}
	// Nothing is answered to a RESET: two that have forgotten each other would
	// never stop.
	answers, err := c.SubscribeSync(c.NewInbox())
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range []flow.Kind{flow.Reset, flow.Ack} { // the second one's answer comes behind the first one's
		if err := c.PublishRequest(at, answers.Subject, flow.Frame{Kind: k}.Append(nil)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := answers.NextMsg(10 * time.Second); err != nil {
		t.Fatal(err)
	}
	if n, _, _ := answers.Pending(); n > 0 {
		t.Error("a RESET was answered")
	}
}

func TestDiallingSaysWhatIsWrong(t *testing.T) {
	locked := start(t, hub.Config{User: "ann", Password: "s3cret"})
	small := start(t, hub.Config{MaxPayload: 200})
	shared := shared().URL()
	for _, c := range []struct{ url, want string }{
		{shared + "/nobody", "nobody listens on the subject (connection refused)"},
		{"nats://127.0.0.1:1/x", "connection refused"},
		{locked.URL() + "/x", "does not let us in"},
		{strings.Replace(locked.URL(), "//", "//ann:wrong@", 1) + "/x", "does not let us in"},
		{strings.Replace(locked.URL(), "//", "//ann:s3cret@", 1) + "/x", "nobody listens"},
		{shared + "/x,tls", "does not speak TLS"},
		{shared + "/x,creds=/does/not/exist", "no such file"},
		{shared + "/x,nkey=/does/not/exist", "no such file"},
		{small.URL() + "/x", "takes messages of 200 bytes at most"},
		{"nats://127.0.0.1:1/x,server=127.0.0.1:2", "none of the servers can be reached"},
	} {
		s, err := endpoint.Dial(t.Context(), c.url)
		if err == nil {
			_ = s.Close()
		}
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "s3cret") || strings.Contains(err.Error(), "wrong@") {
			t.Errorf("%s: %v", c.url, err)
		}
		if l, err := endpoint.Listen(t.Context(), c.url); err == nil {
			_ = l.Close()
			if !strings.Contains(c.want, "nobody") {
				t.Errorf("%s can be listened on", c.url)
			}
		}
	}
	_, err := endpoint.Dial(t.Context(), shared+"/nobody")
	if !errors.Is(err, nats.ErrNoListener) || !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("%v is not a refused connection", err)
	}
}

func TestWrongEndpointsAreFoundBeforeAnythingIsOpened(t *testing.T) {
	for _, url := range []string{
		"nats:x", "nats://127.0.0.1", "nats://127.0.0.1/", "nats://127.0.0.1/a b", "nats://127.0.0.1/a.*", "nats://127.0.0.1/>", "nats://127.0.0.1/a..b",
		"nats://127.0.0.1/a/b", "nats://127.0.0.1:port/a", "nats://127.0.0.1:70000/a", "nats://127.0.0.1/a,inbox=x.>", "listen:nats://127.0.0.1/a,queue=a b",
		"nats://127.0.0.1/a,queue=b", "nats://127.0.0.1/a,server=embedded", "nats://127.0.0.1/a,creds=x,nkey=y", "nats://ann:b@embedded/a",
		"nats://127.0.0.1/a,insecure,ca=x", "nats://127.0.0.1/a,key=x",
	} {
		if _, err := endpoint.Parse(url); !errors.Is(err, endpoint.ErrUsage) {
			t.Errorf("%s: %v", url, err)
		}
	}
}

func TestAPasswordIsNotShown(t *testing.T) {
	s, err := endpoint.Parse("nats://ann:s3cret%40@h:1/x")
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(s); got != "nats://***@h:1/x" {
		t.Errorf("it is shown as %s", got)
	}
	if _, err := endpoint.Dial(t.Context(), "nats://t0ken@127.0.0.1:1/x"); err == nil || strings.Contains(err.Error(), "t0ken") {
		t.Errorf("an error says %v", err)
	}
}

type clientMsg = client.Msg

// ack is a message that says nothing but that a peer is there.
func ack(own, theirs string) *client.Msg {
	return &client.Msg{Subject: theirs, Reply: own, Data: flow.Frame{Kind: flow.Ack}.Append(nil)}
}
