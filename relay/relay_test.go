package relay_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/endpoint"
	"github.com/duplex-go/duplex/relay"
	"github.com/duplex-go/duplex/tap"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// spec parses an endpoint.
func spec(t *testing.T, text string) *endpoint.Spec {
	t.Helper()
	s, err := endpoint.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// mirror is a server that sends back what it gets, through a transform.
func mirror(t *testing.T, through ...duplex.Stage) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &duplex.Server{Func: func(ctx context.Context, s duplex.Stream) error {
		stages := append([]duplex.Stage{duplex.Source{Reader: s, Live: true}}, through...)
		return duplex.Pipeline(ctx, append(stages, duplex.To(s))...)
	}}
	done := make(chan error, 1)
	go func() { done <- server.Serve(l) }()
	t.Cleanup(func() {
		_ = server.Close()
		<-done
	})
	return "tcp://" + l.Addr().String()
}

// running is a relay under way.
type running struct {
	*relay.Relay
	url    chan string // where it listens
	done   chan error
	failed chan error
	cancel context.CancelFunc
}

// start runs r in the background until the test ends.
func start(t *testing.T, r *relay.Relay) *running {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	run := &running{Relay: r, url: make(chan string, 1), done: make(chan error, 1), failed: make(chan error, 100), cancel: cancel}
	r.Events.Listening = func(url string) { run.url <- url }
	r.Events.Ended = func(_ relay.Info, _ duplex.Result, _ time.Duration, err error) { run.failed <- err }
	r.Events.Failed = func(err error) { run.failed <- err }
	finished := make(chan struct{})
	go func() {
		defer close(finished)
		run.done <- r.Run(ctx)
	}()
	t.Cleanup(func() {
		cancel()
		<-finished
	})
	return run
}

// dial connects to a URL.
func dial(t *testing.T, url string) duplex.Stream {
	t.Helper()
	s, err := endpoint.Dial(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// ask sends everything, ends, and returns the answer.
func ask(t *testing.T, s duplex.Stream, question []byte) []byte {
	t.Helper()
	go func() {
		_, _ = s.Write(question)
		_ = s.CloseWrite()
	}()
	answer, err := io.ReadAll(s)
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

func TestARelayJoinsOneConnectionAndEnds(t *testing.T) {
	r := start(t, &relay.Relay{A: spec(t, "listen:tcp://127.0.0.1:0"), B: spec(t, mirror(t, duplex.Map(bytes.ToUpper)))})
	question := bytes.Repeat([]byte("what?"), 100_000)
	if got := ask(t, dial(t, <-r.url), question); !bytes.Equal(got, bytes.ToUpper(question)) {
		t.Errorf("got %d bytes", len(got))
	}
	if err := <-r.done; err != nil {
		t.Error(err)
	}
	if ab, ba := r.Traffic(); ab != 500_000 || ba != 500_000 {
		t.Errorf("traffic %d, %d", ab, ba)
	}
}

func TestAForkingRelayServesManyAndEndsInOrder(t *testing.T) {
	for _, swapped := range []bool{false, true} {
		front, back := spec(t, "listen:tcp://127.0.0.1:0,fork"), spec(t, mirror(t))
		r := &relay.Relay{A: front, B: back}
		if swapped {
			r.A, r.B = back, front
		}
		run := start(t, r)
		url := <-run.url
		for i := range 10 {
			question := fmt.Appendf(nil, "question %d", i)
			if got := ask(t, dial(t, url), question); !bytes.Equal(got, question) {
				t.Errorf("got %q, want %q", got, question)
			}
			if err := <-run.failed; err != nil {
				t.Error(err)
			}
		}
		// One that is under way when the end comes may finish.
		last := dial(t, url)
		if _, err := io.WriteString(last, "still"); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(last, make([]byte, 5)); err != nil {
			t.Fatal(err)
		}
		run.cancel()
		if got := ask(t, last, []byte(" here")); string(got) != " here" {
			t.Errorf("after the end: %q", got)
		}
		if err := <-run.done; err != nil {
			t.Error(err)
		}
	}
}

func TestACodecStandsBetweenTheTwo(t *testing.T) {
	swapCase := duplex.Map(func(p []byte) []byte {
		for i, c := range p {
			if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' {
				p[i] = c ^ 0x20
			}
		}
		return p
	})
	r := start(t, &relay.Relay{
		A: spec(t, "listen:tcp://127.0.0.1:0"), B: spec(t, mirror(t, duplex.Map(bytes.ToUpper))),
		Codec: &duplex.Codec{Encode: duplex.Map(bytes.ToLower), Decode: swapCase},
	})
	if got := ask(t, dial(t, <-r.url), []byte("Hello")); string(got) != "hello" { // lower, upper, swapped
		t.Errorf("got %q", got)
	}
	if err := <-r.done; err != nil {
		t.Error(err)
	}
}

func TestTapsSeeBothDirections(t *testing.T) {
	var out, back bytes.Buffer
	r := start(t, &relay.Relay{
		A: spec(t, "listen:tcp://127.0.0.1:0"), B: spec(t, mirror(t, duplex.Map(bytes.ToUpper))),
		Taps: func(relay.Info) ([]tap.Tap, error) {
			return []tap.Tap{tap.Tee(tap.Out, &out), tap.Tee(tap.Back, &back)}, nil
		},
	})
	ask(t, dial(t, <-r.url), []byte("hello"))
	if err := <-r.done; err != nil || out.String() != "hello" || back.String() != "HELLO" {
		t.Errorf("out %q, back %q, %v", &out, &back, err)
	}
}

func TestMoreBytesThanAllowedIsAFailureThatBothSidesSee(t *testing.T) {
	r := start(t, &relay.Relay{
		A: spec(t, "listen:tcp://127.0.0.1:0"), B: spec(t, mirror(t)), MaxBytes: 1000,
	})
	s := dial(t, <-r.url)
	if got := ask(t, s, make([]byte, 1000)); len(got) != 1000 {
		t.Errorf("%d bytes at the limit", len(got))
	}
	if err := <-r.done; err != nil {
		t.Error(err)
	}

	r = start(t, &relay.Relay{
		A: spec(t, "listen:tcp://127.0.0.1:0"), B: spec(t, mirror(t)), MaxBytes: 1000,
	})
	s = dial(t, <-r.url)
	if _, err := s.Write(make([]byte, 1001)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(s); err == nil {
		t.Error("the client got a clean end")
	}
	var e *relay.Error
	if err := <-r.done; !errors.Is(err, relay.ErrTooLarge) || !errors.As(err, &e) || e.Reason != duplex.ReadFailed {
		t.Errorf("got %v", err)
	}
}

func TestATimeoutIsTheCauseOfTheEnd(t *testing.T) {
	r := start(t, &relay.Relay{
		A: spec(t, "listen:tcp://127.0.0.1:0"), B: spec(t, mirror(t)), Timeout: time.Millisecond,
	})
	s := dial(t, <-r.url)
	if _, err := io.ReadAll(s); err == nil {
		t.Error("the client got a clean end")
	}
	if err := <-r.done; !errors.Is(err, os.ErrDeadlineExceeded) || !strings.Contains(err.Error(), "timeout") {
		t.Errorf("got %v", err)
	}
}

func TestALimitedRateLosesNothing(t *testing.T) {
	r := start(t, &relay.Relay{
		A: spec(t, "listen:tcp://127.0.0.1:0"), B: spec(t, mirror(t)), Rate: 100 << 20,
	})
	question := bytes.Repeat([]byte("slowly "), 1<<18)
	if got := ask(t, dial(t, <-r.url), question); !bytes.Equal(got, question) {
		t.Errorf("got %d bytes", len(got))
	}
	if err := <-r.done; err != nil {
		t.Error(err)
	}
}

func TestAFailureNamesTheEndpointsAndTheCause(t *testing.T) {
	nobody := "unix://" + filepath.Join(t.TempDir(), "nobody")
	r := start(t, &relay.Relay{A: spec(t, "listen:tcp://127.0.0.1:0"), B: spec(t, nobody)})
	// The reset may come before the client knows that it is connected.
	if s, err := endpoint.Dial(t.Context(), <-r.url); err == nil {
		if _, err := io.ReadAll(s); err == nil {
			t.Error("the client got a clean end")
		}
		_ = s.Close()
	}
	if err := <-r.done; err == nil || err.Error() != "dial "+nobody+": no such file or directory" {
		t.Errorf("got %v", err)
	}
}

func TestEndpointsThatCannotBeJoinedAreWrongUsage(t *testing.T) {
	for _, test := range []struct{ a, b, want string }{
		{"-", "-", "both ends are standard input and output"},
		{"listen:tcp://:0,fork", "listen:tcp://:0,fork", "both ends fork"},
		{"file:/tmp/a,create", "file:/tmp/b,create", "both ends are only written"},
	} {
		r := relay.Relay{A: spec(t, test.a), B: spec(t, test.b)}
		if err := r.Run(t.Context()); !errors.Is(err, endpoint.ErrUsage) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s and %s: %v", test.a, test.b, err)
		}
	}
}

func ExampleRelay() {
	dir, err := os.MkdirTemp("", "relay")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "in.sock")

	// Serve the Unix socket by what listens on TCP.
	l, _ := net.Listen("tcp", "127.0.0.1:0")
	server := duplex.Server{Handler: duplex.Handler{
		Data: func(c *duplex.Conn, p []byte) { _, _ = c.Write(bytes.ToUpper(p)) },
	}}
	go server.Serve(l)
	defer server.Close()

	a, _ := endpoint.Parse("listen:unix://" + path)
	b, _ := endpoint.Parse("tcp://" + l.Addr().String())
	r := relay.Relay{A: a, B: b}
	asked := make(chan struct{})
	r.Events.Listening = func(url string) {
		go func() {
			defer close(asked)
			s, _ := endpoint.Dial(context.Background(), url)
			_, _ = io.WriteString(s, "hello")
			_ = s.CloseWrite()
			answer, _ := io.ReadAll(s)
			fmt.Println(string(answer))
			_ = s.Close()
		}()
	}
	if err := r.Run(context.Background()); err != nil {
		fmt.Println(err)
	}
	<-asked
	// Output: HELLO
}
