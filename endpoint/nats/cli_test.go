package nats_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/endpoint"
	"github.com/duplex-go/duplex/endpoint/internal/endpointtest"
	"github.com/duplex-go/duplex/hub"
	client "github.com/nats-io/nats.go"
)

// cli returns a call of NATS's own command, which DUPLEX_NATS_CLI names.
func cli(t *testing.T, h *hub.Hub, args ...string) *exec.Cmd {
	t.Helper()
	path := os.Getenv("DUPLEX_NATS_CLI")
	if path == "" {
		if os.Getenv("CI") != "" {
			t.Fatal("DUPLEX_NATS_CLI does not name NATS's command: CI must install it")
		}
		t.Skip("DUPLEX_NATS_CLI does not name NATS's command")
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, path, append([]string{"--server", h.URL()}, args...)...)
	cmd.Env = append(os.Environ(), "NO_COLOR=1", "XDG_CONFIG_HOME="+t.TempDir()) // no settings of the user's
	return cmd
}

// listens starts a call that waits for messages, and returns once the hub knows.
// heard waits for its end; the test ends it otherwise.
func listens(t *testing.T, h *hub.Hub, args ...string) (heard func() string) {
	t.Helper()
	cmd := cli(t, h, args...)
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var failed error
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		failed = cmd.Wait()
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-ended
	})
	heard = func() string {
		t.Helper()
		<-ended
		if failed != nil {
			t.Fatalf("nats %q: %v %s", args, failed, &said)
		}
		return out.String()
	}
	for {
		clients, err := h.Clients()
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range clients {
			if strings.Contains(c.Name, "CLI") && c.Subscriptions > 0 {
				return heard
			}
		}
		select {
		case <-ended:
			t.Fatalf("nats %q ends: %q", args, heard())
		case <-time.After(time.Millisecond):
		}
	}
}

// says makes a call that ends by itself.
func says(t *testing.T, h *hub.Hub, args ...string) string {
	t.Helper()
	out, err := cli(t, h, args...).Output()
	if err != nil {
		var exit *exec.ExitError
		_ = errors.As(err, &exit)
		t.Fatalf("nats %q: %v %s", args, err, exit.Stderr)
	}
	return string(out)
}

func TestR81_NATSsCommandPublishesAndHears(t *testing.T) {
	h := start(t, hub.Config{})
	c, err := client.Connect(h.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	sub, err := c.SubscribeSync("news.>")
	if err := errors.Join(err, c.Flush()); err != nil {
		t.Fatal(err)
	}
	heard := listens(t, h, "subscribe", "news.*", "--count", "2", "--raw")
	says(t, h, "publish", "news.today", "from the command")
	m, err := sub.NextMsg(time.Minute)
	if err != nil || string(m.Data) != "from the command" {
		t.Fatalf("Go hears %v, %v", m, err)
	}
	if err := errors.Join(c.Publish("news.later", []byte("from Go")), c.Flush()); err != nil {
		t.Fatal(err)
	}
	if got := heard(); got != "from the command\nfrom Go\n" {
		t.Errorf("the command hears %q", got)
	}
}

func TestR81_NATSsCommandAsksAndAnswers(t *testing.T) {
	h := start(t, hub.Config{})
	listens(t, h, "reply", "ask", "an answer")
	if got := says(t, h, "request", "ask", "a question", "--raw"); strings.TrimRight(got, "\n") != "an answer" {
		t.Errorf("it is answered %q", got)
	}
}

func TestR81_NATSsCommandIsNotLetIn(t *testing.T) {
	h := start(t, hub.Config{User: "ann", Password: "s3cret"})
	if out, err := cli(t, h, "publish", "x", "hello").CombinedOutput(); err == nil || !strings.Contains(string(out), "Authorization Violation") {
		t.Errorf("without a password: %v, %s", err, out)
	}
	says(t, h, "--user", "ann", "--password", "s3cret", "publish", "x", "hello")
}

// TestR81_WhatNATSsCommandSaysIsNoStream has it talk to subjects of ours.
func TestR81_WhatNATSsCommandSaysIsNoStream(t *testing.T) {
	h := start(t, hub.Config{})
	l, err := endpoint.Listen(t.Context(), h.URL()+"/ours,backlog=1")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	stream := func() (near, far duplex.Stream) {
		t.Helper()
		return endpointtest.ConnectTo(t, l, h.URL()+"/ours")
	}
	talk := func(near, far duplex.Stream) {
		t.Helper()
		_, err := io.WriteString(near, "hello")
		if err := errors.Join(err, near.CloseWrite()); err != nil {
			t.Error(err)
		}
		if got, err := io.ReadAll(far); string(got) != "hello" || err != nil {
			t.Errorf("%q, %v", got, err)
		}
		if err := errors.Join(far.CloseWrite(), near.Close(), far.Close()); err != nil {
			t.Error(err)
		}
	}
	// To the listener, which answers whoever can be answered.
	says(t, h, "publish", "ours", "garbage")
	if got := says(t, h, "request", "ours", "garbage", "--raw"); strings.Count(got, "this is not a stream of duplex") != 1 {
		t.Errorf("it is answered %q", got)
	}
	talk(stream()) // for which there was room
	// To a stream, which fails for one reason; another one does not.
	near, far := stream()
	other, another := stream()
	says(t, h, "publish", far.(net.Conn).LocalAddr().String(), "garbage")
	_, err = io.ReadAll(far)
	if err == nil || !strings.Contains(err.Error(), `came from ""`) || strings.Contains(err.Error(), "\n") {
		t.Errorf("we get %v", err)
	}
	if _, err := io.ReadAll(near); err == nil {
		t.Error("the other side gets an end")
	}
	_, _ = near.Close(), far.Close()
	talk(other, another)
}
