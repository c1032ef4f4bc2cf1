package ws_test

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os/exec"
	"strings"
	"testing"

	"github.com/duplex-go/duplex/endpoint"
	"github.com/duplex-go/duplex/endpoint/internal/endpointtest"
)

// handshake is a client's, with {} in place of what differs.
const handshake = "GET /x HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
	"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{}\r\n"

func request(line string) string { return strings.Replace(handshake, "{}", line, 1) }

// offer sends raw bytes to a listener and returns what accepting them comes to,
// and what was answered.
func offer(t *testing.T, options, raw string) (answer string, err error) {
	t.Helper()
	l, err := endpoint.Listen(t.Context(), "ws://127.0.0.1:0/x"+options)
	if err != nil {
		t.Fatal(err)
	}
	answered := make(chan string, 1)
	go func() {
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			answered <- err.Error()
			return
		}
		defer c.Close()
		_, _ = io.WriteString(c, raw)
		_ = c.(*net.TCPConn).CloseWrite()
		text, _ := io.ReadAll(c)
		answered <- string(text)
	}()
	s, err := endpoint.Accept(t.Context(), l)
	if err == nil {
		_, err = io.Copy(io.Discard, s)
		_ = s.Close()
	}
	return <-answered, err
}

func TestR54_OnlyPagesOfTheSameHostMayConnect(t *testing.T) {
	for _, c := range []struct {
		host, origin, options string
		admitted              bool
	}{
		{"127.0.0.1:80", "", "", true},
		{"127.0.0.1:80", "http://127.0.0.1:80", "", true},
		{"localhost:80", "http://LocalHost:80", "", true},
		{"127.0.0.1:80", "http://127.0.0.1:81", "", false},
		{"127.0.0.1:80", "http://127.0.0.1", "", false},
		{"127.0.0.1:80", "null", "", false},
		{"127.0.0.1:80", "http://127.0.0.1:80.evil.example", "", false},
		{"127.0.0.1:80", "http://127.0.0.1:80@evil.example", "", false},
		{"127.0.0.1:80", "http://evil.example", "", false},
		{"evil.example", "http://evil.example", "", false}, // DNS rebinding
		{"127.0.0.1.evil.example", "http://127.0.0.1.evil.example", "", false},
		{"", "null", "", false},
		{"127.0.0.1:80", "http://app.example", ",origin=app.example", true},
		{"app.example", "http://app.example", ",origin=app.example", true},
		{"127.0.0.1:80", "http://app.example.evil.example", ",origin=app.example", false},
		{"127.0.0.1:80", "http://app.example", ",origin=https://app.example", false},
	} {
		line := ""
		if c.origin != "" {
			line = "Origin: " + c.origin + "\r\n"
		}
		raw := strings.Replace(request(line), "Host: 127.0.0.1\r\n", "Host: "+c.host+"\r\n", 1)
		answer, err := offer(t, c.options, raw)
		if got := strings.HasPrefix(answer, "HTTP/1.1 101 "); got != c.admitted {
			t.Errorf("host %q, origin %q%s: %.60q, %v", c.host, c.origin, c.options, answer, err)
		}
	}
}

func TestBadRequestsAreRefusedInOneLine(t *testing.T) {
	for _, c := range []struct{ name, options, raw, status, want string }{
		{"another path", "", strings.Replace(request(""), "/x", "/y", 1), "404", `the request is for "/y"`},
		{"no subprotocol", ",protocol=chat", request(""), "400", "offers none of the subprotocols chat"},
		{"another subprotocol", ",protocol=chat", request("Sec-WebSocket-Protocol: duplex.v1\r\n"), "400", "offers none of the subprotocols chat"},
		{"no WebSocket", "", "GET /x HTTP/1.1\r\nHost: a\r\n\r\n", "426", "does not contain Upgrade"},
		{"garbage", "", "\x16\x03\x01 garbage\r\n\r\n", "400", "the peer does not speak HTTP"},
		{"half a header", "", "GET /x HTTP/1.1\r\nHo", "", "hung up during the WebSocket handshake"},
		{"an endless header", "", "GET /x HTTP/1.1\r\nA: " + strings.Repeat("a", 1<<17), "", "has more than 65536 bytes"},
	} {
		t.Run(c.name, func(t *testing.T) {
			answer, err := offer(t, c.options, c.raw)
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") || len(err.Error()) > 300 {
				t.Errorf("the listener says %v", err)
			}
			if !strings.HasPrefix(answer, "HTTP/1.1 "+c.status) && c.status != "" {
				t.Errorf("the peer gets %.100q", answer)
			}
		})
	}
}

// frame is a client's, with a mask of zeros.
func frame(first byte, claimed uint64, payload string) string {
	p := []byte{first, 0xff}
	p = binary.BigEndian.AppendUint64(p, claimed)
	return string(append(p, 0, 0, 0, 0)) + payload
}

func TestR36_BadFramesAreErrorsAndTakeNoMemory(t *testing.T) {
	for _, c := range []struct{ name, options, raw, want string }{
		{"2^31-1", "", frame(0x82, 1<<31-1, "x"), "more than 33554432 bytes"},
		{"2^63-1", "", frame(0x82, 1<<63-1, "x"), "more than 33554432 bytes"},
		{"2^31-1, which is allowed", ",max-message=4G", frame(0x82, 1<<31-1, "x"), "cut without a Close frame"},
		{"2^63", "", frame(0x82, 1<<63, "x"), "broke the WebSocket protocol"},
		{"2^64-1", "", frame(0x82, 1<<64-1, "x"), "broke the WebSocket protocol"},
		{"too long", ",max-message=10", frame(0x82, 11, "12345678901"), "more than 10 bytes"},
		{"too long in parts", ",max-message=10", frame(0x02, 6, "123456") + frame(0x80, 6, "123456"), "more than 10 bytes"},
		{"half a header", "", "\x82", "cut without a Close frame"},
		{"not masked", "", "\x82\x01x", "broke the WebSocket protocol"},
		{"a reserved bit", "", "\xc2\x81\x00\x00\x00\x00x", "broke the WebSocket protocol"},
		{"an unknown kind", "", "\x83\x80\x00\x00\x00\x00", "broke the WebSocket protocol"},
		{"a continuation of nothing", "", "\x80\x81\x00\x00\x00\x00x", "broke the WebSocket protocol"},
		{"a fragmented ping", "", "\x09\x80\x00\x00\x00\x00", "broke the WebSocket protocol"},
		{"a message after the end", "", "\x82\x80\x00\x00\x00\x00\x82\x81\x00\x00\x00\x00x", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := offer(t, c.options, request("Sec-WebSocket-Protocol: duplex.v1\r\n")+c.raw)
			if c.want == "" {
				if err != nil { // it stands behind the end, so the reader is done
					t.Errorf("got %v", err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v", err)
			}
			if strings.Contains(c.want, "cut") && !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("got %v, which is no unexpected EOF", err)
			}
		})
	}
}

func TestAServerThatIsNoneIsAnErrorInOneLine(t *testing.T) {
	for _, c := range []struct{ name, answer, want string }{
		{"not found", "HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnone", `the server answered 404 Not Found ("none")`},
		{"a redirect is not followed", "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\n\r\n", "the server answered 302 Found"},
		{"garbage", "220 mail ready\r\n\r\n", "the peer does not speak HTTP"},
		{"nothing", "", "hung up during the WebSocket handshake"},
		{"an endless header", "HTTP/1.1 101 A\r\nB: " + strings.Repeat("b", 1<<17), "has more than 65536 bytes"},
		{"another key", "HTTP/1.1 101 A\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: x\r\n\r\n", "invalid Sec-WebSocket-Accept"},
	} {
		t.Run(c.name, func(t *testing.T) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			answered := make(chan struct{})
			go func() {
				defer close(answered)
				s, err := l.Accept()
				if err != nil {
					return
				}
				defer s.Close()
				_, _ = s.Read(make([]byte, 4096))
				_, _ = io.WriteString(s, c.answer)
			}()
			_, err = endpoint.Dial(t.Context(), "ws://"+l.Addr().String())
			<-answered
			if err == nil || !strings.Contains(err.Error(), c.want) || len(err.Error()) > 300 {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestWrongEndpointsAreFoundBeforeAnythingIsOpened(t *testing.T) {
	for _, url := range []string{
		"ws://127.0.0.1/x", "ws://127.0.0.1:1/x#y", "ws://a@127.0.0.1:1/", "ws://127.0.0.1:1,header=a", "ws://127.0.0.1:1,header=Upgrade: b",
		"ws://127.0.0.1:1,header=a: b%0D%0AC: d", "ws://127.0.0.1:1,protocol=a b", "listen:ws://127.0.0.1:1,origin=[", "ws://127.0.0.1:1,origin=a",
		"listen:wss://127.0.0.1:1", "ws://127.0.0.1:1,cert=x",
	} {
		if _, err := endpoint.Parse(url); !errors.Is(err, endpoint.ErrUsage) {
			t.Errorf("%s: %v", url, err)
		}
	}
}

func TestAPeerThatDoesNotAnswerIsGone(t *testing.T) {
	l, err := endpoint.Listen(t.Context(), "ws://127.0.0.1:0/x,ping=20ms")
	if err != nil {
		t.Fatal(err)
	}
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := io.WriteString(c, request("Sec-WebSocket-Protocol: duplex.v1\r\n")); err != nil {
		t.Fatal(err)
	}
	s, err := endpoint.Accept(t.Context(), l)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if n, err := s.Read(make([]byte, 1)); n != 0 || !errors.Is(err, io.ErrUnexpectedEOF) || !strings.Contains(err.Error(), "has not answered") {
		t.Errorf("the reader got %d, %v", n, err)
	}
	if _, err := s.Write([]byte("x")); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("the writer got %v", err)
	}
}

// TestOneThatAnswersPingsStays has neither side say anything for many pings.
func TestOneThatAnswersPingsStays(t *testing.T) {
	a, b := endpointtest.Connect(t, "ws://127.0.0.1:0,ping=200ms", ",ping=0")
	defer a.Close()
	defer b.Close()
	c, d := endpointtest.Connect(t, "ws://127.0.0.1:0,ping=200ms", ",ping=200ms")
	defer c.Close()
	defer d.Close()
	for range 20 { // each takes twice 20 ms, so that these would be given up as well
		TestAPeerThatDoesNotAnswerIsGone(t)
	}
	for _, ends := range [][2]io.ReadWriter{{a, b}, {b, a}, {c, d}, {d, c}} {
		if _, err := io.WriteString(ends[0], "x"); err != nil {
			t.Error(err)
		}
		if _, err := io.ReadFull(ends[1], make([]byte, 1)); err != nil {
			t.Error(err)
		}
	}
}

func TestTextIsCutBetweenCharacters(t *testing.T) {
	a, b := endpointtest.Connect(t, "ws://127.0.0.1:0", ",text,split=5")
	defer b.Close()
	const text = "aé€😀\u0000ü€€€€😀😀"
	for i := range len(text) {
		if _, err := a.Write([]byte{text[i]}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := io.WriteString(a, text); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Write([]byte("ok\xff")); err == nil || !strings.Contains(err.Error(), "not UTF-8") {
		t.Errorf("the writer of what is none got %v", err)
	}
	if err := a.CloseWrite(); err != nil {
		t.Error(err)
	}
	if got, err := io.ReadAll(b); string(got) != text+text || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
	if err := a.Close(); err != nil {
		t.Error(err)
	}
}

func TestNodesClientTalksAndEnds(t *testing.T) {
	node, err := exec.LookPath("node")
	if err != nil || exec.Command(node, "--experimental-websocket", "-e", "WebSocket").Run() != nil {
		t.Skip("node with --experimental-websocket is not installed")
	}
	l, err := endpoint.Listen(t.Context(), "ws://127.0.0.1:0/x")
	if err != nil {
		t.Fatal(err)
	}
	const client = `const w = new WebSocket(process.argv[1]); w.binaryType = "arraybuffer"
w.onopen = () => w.send("ping")
w.onmessage = (m) => { w.send(m.data); w.close() }
w.onclose = (e) => console.log(e.code, e.wasClean)`
	said := make(chan string, 1)
	go func() {
		out, err := exec.CommandContext(t.Context(), node, "--no-warnings", "--experimental-websocket", "-e", client, endpoint.URL(l)).CombinedOutput()
		if err != nil {
			out = append(out, err.Error()...)
		}
		said <- string(out)
	}()
	s, err := endpoint.Accept(t.Context(), l)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := io.ReadFull(s, make([]byte, 4)); err != nil {
		t.Fatal(err)
	}
	payload := strings.Repeat("0123456789abcdef", 2000)
	if _, err := io.WriteString(s, payload); err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(s); string(got) != payload || err != nil {
		t.Errorf("got %d bytes, %v", len(got), err)
	}
	if out := <-said; out != "1000 true\n" && out != "1005 true\n" {
		t.Errorf("node says %q", out)
	}
}

// TestWhoNeverAnswersACloseFrameStillGetsTLSsEnd is about peers such as curl, for
// which a connection that goes without it was cut.
func TestWhoNeverAnswersACloseFrameStillGetsTLSsEnd(t *testing.T) {
	t.Parallel() // it takes the second that the answer may take
	cert := endpointtest.Certificate(t)
	l, err := endpoint.Listen(t.Context(), "wss://127.0.0.1:0/x,cert="+cert)
	if err != nil {
		t.Fatal(err)
	}
	closed := make(chan error, 1)
	go func() {
		s, err := endpoint.Accept(t.Context(), l)
		if err == nil {
			_, err = io.WriteString(s, "hello")
			err = errors.Join(err, s.Close())
		}
		closed <- err
	}()
	peer, err := endpoint.Dial(t.Context(), "tls://"+l.Addr().String()+",ca="+cert)
	if err != nil {
		t.Fatal(err)
	}
	defer peer.Close()
	if _, err := io.WriteString(peer, "GET /x HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(peer)
	if !strings.HasSuffix(string(got), "\x82\x05hello\x88\x02\x03\xe8") || err != nil {
		t.Errorf("the peer gets %q, %v", got, err)
	}
	if err := <-closed; err != nil {
		t.Error(err)
	}
}

// TestACutFrameBringsNoBytesThatWereNotSent is about the mask: coder/websocket
// 1.8.15 returns what came of a frame that is cut without taking it off.
func TestACutFrameBringsNoBytesThatWereNotSent(t *testing.T) {
	s := after(t, []byte("\x82\x88\x01\x02\x03\x04"+"\x60\x60"))
	defer s.Close()
	got, err := io.ReadAll(s)
	if !strings.HasPrefix("ab", string(got)) || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("got %q, %v", got, err)
	}
}

// A connection that is cut within a message never ends its direction, wherever
// the cut is and whether or not the message is compressed.
func TestACutWithinAMessageIsNoEnd(t *testing.T) {
	for _, frames := range []string{
		"\x82\x81\x01\x02\x03\x04",     // no byte of its payload
		"\x02\x81\x01\x02\x03\x04",     // nor of its first fragment's
		"\x82\x82\x01\x02\x03\x04\x60", // one of two
		"\x02\x80\x00\x00\x00\x00",     // an empty fragment that is not the last
		"\x82",
	} {
		for range 20 {
			s := after(t, []byte(frames))
			if got, err := io.ReadAll(s); !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("%q and a cut: %q, %v", frames, got, err)
			}
			_ = s.Close()
		}
	}
}
