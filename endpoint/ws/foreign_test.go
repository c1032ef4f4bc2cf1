package ws_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/endpoint"
	"github.com/duplex-go/duplex/endpoint/ws"
)

// foreign is a process of another implementation, which is the other side of any
// number of WebSockets. testdata/peer.js says what it is told and what it says.
type foreign struct {
	in   io.Writer
	port string

	mu    sync.Mutex
	said  map[string]chan string // what was said of each connection, once it is closed
	names int
}

// startForeign starts it until the test ends.
func startForeign(t *testing.T, program string, args ...string) *foreign {
	t.Helper()
	cmd := exec.Command(program, args...)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p := &foreign{in: in, said: make(map[string]chan string)}
	lines := bufio.NewScanner(out)
	if lines.Scan() {
		p.port = lines.Text()
	}
	listening := make(chan struct{})
	go func() {
		defer close(listening)
		p.listen(lines)
	}()
	t.Cleanup(func() {
		_ = in.Close()
		<-listening
		if err := cmd.Wait(); err != nil {
			t.Error(err)
		}
	})
	return p
}

// listen gathers what is said, by name.
func (p *foreign) listen(lines *bufio.Scanner) {
	all := make(map[string][]string)
	for lines.Scan() {
		name, text, _ := strings.Cut(lines.Text(), " ")
		if text != "pinged" {
			all[name] = append(all[name], text)
		}
		if strings.HasPrefix(text, "closed ") {
			p.mu.Lock()
			p.said[name] <- strings.Join(all[name], ", ")
			p.mu.Unlock()
		}
	}
}

// connect connects a stream with it, as its client or its server. said waits
// until the connection is closed there.
func (p *foreign) connect(t *testing.T, role, scenario, options string) (s duplex.Stream, said func() string) {
	t.Helper()
	p.mu.Lock()
	p.names++
	name, closed := fmt.Sprint(p.names), make(chan string, 1)
	p.said[name] = closed
	p.mu.Unlock()
	if role == "server" {
		s, err := endpoint.Dial(t.Context(), fmt.Sprintf("ws://127.0.0.1:%s/%s/%s%s", p.port, name, scenario, options))
		if err != nil {
			t.Fatal(err)
		}
		return s, func() string { return <-closed }
	}
	l, err := endpoint.Listen(t.Context(), "ws://127.0.0.1:0/x"+options)
	if err != nil {
		t.Fatal(err)
	}
	protocol := ""
	if scenario == "half" {
		protocol = ws.Protocol
	}
	if _, err := fmt.Fprintln(p.in, name, scenario, endpoint.URL(l), protocol); err != nil {
		t.Fatal(err)
	}
	if s, err = endpoint.Accept(t.Context(), l); err != nil {
		t.Fatal(err)
	}
	return s, func() string { return <-closed }
}

// talksAndEnds has another implementation on the other side, which offers
// compression and goes on without. own is the status that it closes with when it
// names none.
func talksAndEnds(t *testing.T, peer *foreign, own int) {
	mega := strings.Repeat("0123456789abcdef", 1<<16)
	echo := func(t *testing.T, s duplex.Stream) {
		_, err := io.WriteString(s, "grüße")
		got := make([]byte, len("grüße"))
		if _, err2 := io.ReadFull(s, got); string(got) != "grüße" || err != nil || err2 != nil {
			t.Errorf("got %q, %v, %v", got, err, err2)
		}
		written := make(chan error, 1)
		go func() {
			_, err := io.WriteString(s, mega)
			written <- err
		}()
		back := make([]byte, len(mega))
		if _, err := io.ReadFull(s, back); string(back) != mega || err != nil {
			t.Errorf("1 MiB comes back wrong: %v", err)
		}
		if err := errors.Join(<-written, s.Close()); err != nil {
			t.Error(err)
		}
	}
	reads := func(want string, code int) func(*testing.T, duplex.Stream) {
		return func(t *testing.T, s duplex.Stream) {
			if duplex.CanCloseWrite(s) || !errors.Is(s.CloseWrite(), duplex.ErrNoCloseWrite) {
				t.Error("it can half-close")
			}
			got, err := io.ReadAll(s)
			var status *ws.CloseError
			switch {
			case string(got) != want:
				t.Errorf("got %q", got)
			case code == 0 && err != nil, code < 0 && !errors.Is(err, io.ErrUnexpectedEOF):
				t.Error(err)
			case code > 0 && (!errors.As(err, &status) || status.Code != code || status.Reason != "why"):
				t.Error(err)
			}
			if _, err := s.Write([]byte("x")); err == nil {
				t.Error("one can write to a peer that has closed")
			}
			_ = s.Close()
		}
	}
	for _, c := range []struct {
		scenario, options string
		talk              func(t *testing.T, s duplex.Stream)
		says              string
	}{
		{"echo", "", echo, "open - -, hears binary, closed 1000"},
		{"echo", ",text", echo, "open - -, hears text, closed 1000"},
		{"both", "", reads("grüße \x00\x01\x02\xff", 0), "open - -, closed 1000"},
		{"ping", ",ping=20ms", func(t *testing.T, s duplex.Stream) {
			if _, err := io.ReadFull(s, make([]byte, 1)); err != nil {
				t.Error(err)
			}
			if _, err := io.WriteString(s, "y"); err != nil {
				t.Error(err)
			}
			if _, err := io.ReadAll(s); err != nil {
				t.Error(err)
			}
			_ = s.Close()
		}, fmt.Sprint("open - -, pong are you there, closed ", own)},
		{"fragments", "", func(t *testing.T, s duplex.Stream) {
			got := make([]byte, 1<<20)
			_, err := io.ReadFull(s, got)
			for i, c := range got {
				if int(c) != i>>16 {
					t.Fatalf("byte %d is %d", i, c)
				}
			}
			if _, err2 := s.Write(got); err != nil || err2 != nil {
				t.Error(err, err2)
			}
			if _, err := io.ReadAll(s); err != nil {
				t.Error(err)
			}
			_ = s.Close()
		}, "open - -, has 1048576, closed 1000"},
		{"half", "", func(t *testing.T, s duplex.Stream) {
			_, err := io.WriteString(s, "before the end")
			if err := errors.Join(err, s.CloseWrite()); err != nil {
				t.Error(err)
			}
			if got, err := io.ReadAll(s); string(got) != "after your end" || err != nil {
				t.Errorf("got %q, %v", got, err)
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		}, "open duplex.v1 -, hears before the end, end, closed 1000"},
		{"listen", "", func(t *testing.T, s duplex.Stream) { _ = s.Close() }, "open - -, closed 1000"},
		{"listen", "", func(t *testing.T, s duplex.Stream) { _ = duplex.Abort(s, errors.New("secret")) }, "open - -, closed 1011 stream aborted"},
		{"vanish", "", reads("cut", -1), "open - -, closed 1006"},
		{"close1000", "", reads("", 0), "open - -, closed 1000 why"},
		{"close1001", "", reads("", 0), "open - -, closed 1001 why"},
		{"close1008", "", reads("", 1008), "open - -, closed 1008 why"},
		{"close1011", "", reads("", 1011), "open - -, closed 1011 why"},
		{"close3000", "", reads("", 3000), "open - -, closed 3000 why"},
		{"close4999", "", reads("", 4999), "open - -, closed 4999 why"},
	} {
		for _, role := range []string{"client", "server"} {
			t.Run(c.scenario+c.options+" "+role, func(t *testing.T) {
				s, said := peer.connect(t, role, c.scenario, c.options)
				c.talk(t, s)
				if got := strings.TrimSpace(said()); got != c.says {
					t.Errorf("the peer says %q, want %q", got, c.says)
				}
			})
		}
	}
}
