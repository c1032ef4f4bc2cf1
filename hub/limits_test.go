package hub_test

import (
	"errors"
	"testing"

	"github.com/duplex-go/duplex/hub"
	"github.com/nats-io/nats.go"
)

func TestClientsHaveToLogIn(t *testing.T) {
	h := start(t, hub.Config{User: "ann", Password: "s3cret"})
	subscribe(t, client(t, h.URL(), nats.UserInfo("ann", "s3cret")), "x")
	for _, login := range [][]nats.Option{{}, {nats.UserInfo("ann", "")}, {nats.UserInfo("ann", "guessed")}, {nats.UserInfo("", "s3cret")}, {nats.Token("s3cret")}} {
		c, err := nats.Connect(h.URL(), login...)
		if err == nil {
			c.Close()
		}
		if !errors.Is(err, nats.ErrAuthorization) {
			t.Errorf("with %d options: %v", len(login), err)
		}
	}
}

// Who sends more than it may is cut off, and nobody else.
func TestALargerMessageThanMayBeIsRefused(t *testing.T) {
	for _, c := range []struct {
		config hub.Config
		most   int
	}{{hub.Config{}, 1 << 20}, {hub.Config{MaxPayload: 1000}, 1000}} {
		h := start(t, c.config)
		heard, sender := subscribe(t, client(t, h.URL()), "x"), client(t, h.URL())
		if sender.MaxPayload() != int64(c.most) {
			t.Errorf("it takes %d bytes, want %d", sender.MaxPayload(), c.most)
		}
		if err := sender.Publish("x", make([]byte, c.most)); err != nil {
			t.Error(err)
		}
		if m, err := heard.NextMsg(patience); err != nil || len(m.Data) != c.most {
			t.Errorf("the largest message: %v", err)
		}
		if err := sender.Publish("x", make([]byte, c.most+1)); !errors.Is(err, nats.ErrMaxPayload) {
			t.Errorf("a larger one: %v", err)
		}
		forger := dialRaw(t, h.Addr()) // which does not ask its library
		forger.say("CONNECT {}\r\nPUB x %d\r\n", c.most+1)
		forger.hears("-ERR 'Maximum Payload Violation'")
		forger.isCutOff()
		if err := sender.Publish("x", []byte("still here")); err != nil {
			t.Error(err)
		}
		if m, err := heard.NextMsg(patience); err != nil || string(m.Data) != "still here" {
			t.Errorf("afterwards: %v, %v", m, err)
		}
	}
}

func TestAPeerThatSpeaksGarbageIsCutOff(t *testing.T) {
	h := start(t, hub.Config{Cluster: "127.0.0.1:0"})
	for _, addr := range []string{h.Addr(), h.ClusterAddr()} {
		stranger := dialRaw(t, addr)
		stranger.say("GET / HTTP/1.1\r\n\r\n")
		stranger.isCutOff()
	}
	endless := dialRaw(t, h.Addr())
	endless.say("CONNECT {}\r\nPUB ")
	endless.say("%s", make([]byte, 100_000))
	endless.isCutOff()
	subscribe(t, client(t, h.URL()), "x")
}
