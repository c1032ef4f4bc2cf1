package nats_test

import (
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/endpoint"
	"github.com/duplex-go/duplex/endpoint/internal/endpointtest"
	"github.com/duplex-go/duplex/endpoint/nats"
	"github.com/duplex-go/duplex/flow"
	client "github.com/nats-io/nats.go"
)

// gate stands between one client and a server. While it is locked, what the
// client sends waits.
type gate struct {
	net.Listener
	sync.Mutex
}

func newGate(t *testing.T, server string) *gate {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g := &gate{Listener: l}
	var tasks sync.WaitGroup
	tasks.Go(func() {
		near, err := l.Accept()
		if err != nil {
			return
		}
		defer near.Close()
		far, err := net.Dial("tcp", server)
		if err != nil {
			return
		}
		tasks.Go(func() {
			defer near.Close()
			_, _ = io.Copy(near, far)
		})
		defer far.Close()
		_, _ = io.Copy(gated{far, g}, near)
	})
	t.Cleanup(func() {
		_ = l.Close()
		tasks.Wait()
	})
	return g
}

type gated struct {
	io.Writer
	gate *gate
}

func (g gated) Write(p []byte) (int, error) {
	g.gate.Lock()
	defer g.gate.Unlock()
	return g.Writer.Write(p)
}

// A server learns only after a while that a listener has been closed, and may
// have sent it a dialler by then.
func TestADiallerThatComesToAClosingListenerAsksAgain(t *testing.T) {
	for name, another := range map[string]bool{"another listens": true, "nobody else listens": false} {
		t.Run(name, func(t *testing.T) {
			c := raw(t)
			subject := "closing." + c.NewInbox()[len("_INBOX."):]
			url := shared().URL() + "/" + subject
			g := newGate(t, shared().Addr())
			closing, err := endpoint.Listen(t.Context(), "nats://"+g.Addr().String()+"/"+subject)
			if err != nil {
				t.Fatal(err)
			}
			// A stream of before keeps the listener's connection open.
			before, taken := endpointtest.ConnectTo(t, closing, url)
			defer before.Close()
			defer taken.Close()

			hellos, err := c.SubscribeSync(subject)
			if err != nil {
				t.Fatal(err)
			}
			if err := c.Flush(); err != nil {
				t.Fatal(err)
			}
			var tasks sync.WaitGroup
			defer tasks.Wait()
			g.Lock()
			release := sync.OnceFunc(g.Unlock)
			defer release()
			tasks.Go(func() { _ = closing.Close() })
			if _, err := closing.Accept(); !errors.Is(err, net.ErrClosed) {
				t.Fatalf("accepting ends with %v", err)
			}
			var dialErr error
			dialled := make(chan struct{})
			tasks.Go(func() {
				defer close(dialled)
				s, err := endpoint.Dial(t.Context(), url)
				if dialErr = err; err == nil {
					_, dialErr = io.WriteString(s, "hello")
					_ = s.Close()
				}
			})
			// The server sends it to the one that is closing, since there is no other.
			if _, err := hellos.NextMsg(10 * time.Second); err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(hellos.Unsubscribe(), c.Flush()); err != nil {
				t.Fatal(err)
			}
			if !another {
				release()
				if <-dialled; !errors.Is(dialErr, nats.ErrNoListener) {
					t.Errorf("dialling: %v", dialErr)
				}
				return
			}
			l, err := endpoint.Listen(t.Context(), url)
			if err != nil {
				t.Fatal(err)
			}
			tasks.Go(func() {
				if <-dialled; dialErr != nil {
					_ = l.Close()
				}
			})
			release()
			s, err := endpoint.Accept(t.Context(), l)
			if <-dialled; dialErr != nil || err != nil {
				t.Fatalf("dialling: %v, accepting: %v", dialErr, err)
			}
			defer s.Close()
			if got, err := io.ReadAll(s); string(got) != "hello" || err != nil {
				t.Errorf("%q has come, %v", got, err)
			}
		})
	}
}

// When Close has returned, the server sends nobody to the listener any more.
func TestAListenerThatHasBeenClosedIsSentNobody(t *testing.T) {
	c := raw(t)
	for range 50 {
		// Their listener is closed, and its connection is not.
		a, b := endpointtest.Connect(t, shared().URL()+"/closed", "")
		if m, err := c.Request("closed", hello(1), 10*time.Second); !errors.Is(err, client.ErrNoResponders) {
			t.Errorf("an opening is answered with %v, %v", m, err)
		}
		_, _ = a.Close(), b.Close()
	}
}

// A stream that is aborted while it waits to be accepted may not have answered
// before: its RESET names it, as all that it says does.
func TestAStreamThatIsAbortedBeforeItHasAnsweredIsRefused(t *testing.T) {
	c := raw(t)
	opening, err := c.SubscribeSync("aborted")
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Flush(); err != nil {
		t.Fatal(err)
	}
	dialled := make(chan error, 1)
	go func() {
		s, err := endpoint.Dial(t.Context(), shared().URL()+"/aborted")
		if err == nil {
			_ = s.Close()
		}
		dialled <- err
	}()
	m, err := opening.NextMsg(10 * time.Second)
	if err == nil {
		err = c.PublishRequest(m.Reply, c.NewInbox(), flow.Frame{Kind: flow.Reset, Payload: []byte("not today")}.Append(nil))
	}
	if derr := <-dialled; err != nil || derr == nil || !strings.Contains(derr.Error(), "refused: ") || !strings.Contains(derr.Error(), "not today") {
		t.Errorf("dialling: %v, answering: %v", derr, err)
	}
}

// The server goes on sending to a listener whose machine has vanished.
func TestADiallerThatGetsNoAnswerAsksAgain(t *testing.T) {
	c := raw(t)
	url := shared().URL() + "/vanished"
	vanished, err := c.QueueSubscribeSync("vanished", "duplex")
	if err != nil {
		t.Fatal(err)
	}
	late, err := c.SubscribeSync("_INBOX.late")
	if err == nil {
		err = c.Flush()
	}
	if err != nil {
		t.Fatal(err)
	}
	var dialled duplex.Stream
	var dialErr error
	done := make(chan struct{})
	var tasks sync.WaitGroup
	defer tasks.Wait()
	tasks.Go(func() {
		defer close(done)
		dialled, dialErr = endpoint.Dial(t.Context(), url)
	})
	question, err := vanished.NextMsg(10 * time.Second)
	if err != nil {
		t.Fatal(err)
	}
	l, err := endpoint.Listen(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	tasks.Go(func() {
		if <-done; dialErr != nil {
			_ = l.Close()
		}
	})
	if err := errors.Join(vanished.Unsubscribe(), c.Flush()); err != nil {
		t.Fatal(err)
	}
	accepted, err := endpoint.Accept(t.Context(), l)
	if err != nil {
		t.Fatal(err)
	}
	defer accepted.Close()
	if <-done; dialErr != nil {
		t.Fatal(dialErr)
	}
	defer dialled.Close()
	// Whoever answers the first question after all has no stream.
	if err := c.PublishRequest(question.Reply, late.Subject, flow.Frame{Kind: flow.Window, Offset: 1000}.Append(nil)); err != nil {
		t.Fatal(err)
	}
	m, err := late.NextMsg(10 * time.Second)
	if err != nil {
		t.Fatal(err)
	}
	if f, _, err := flow.Parse(m.Data); f.Kind != flow.Reset || err != nil {
		t.Errorf("an answer that comes too late is answered with %v, %v", f, err)
	}
}
