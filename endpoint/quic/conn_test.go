package quic_test

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/duplextest"
	"github.com/duplex-go/duplex/endpoint"
	"github.com/duplex-go/duplex/endpoint/internal/endpointtest"
	"github.com/quic-go/quic-go"
)

// listenEcho listens, and sends back what comes on every stream.
func listenEcho(t *testing.T, options string) (url, cert string) {
	t.Helper()
	cert = endpointtest.Certificate(t)
	return endpointtest.Serve(t, "quic://127.0.0.1:0,cert="+cert+options, func(s duplex.Stream) {
		_, _ = io.Copy(struct{ io.Writer }{s}, struct{ io.Reader }{s})
	}), cert
}

func TestStreamsOfOnePlaceShareAConnection(t *testing.T) {
	duplextest.NoLeaks(t)
	url, cert := listenEcho(t, "")
	at := make(map[string]int)
	var streams []duplex.Stream
	for range 120 {
		s, err := endpoint.Dial(t.Context(), url+",ca="+cert)
		if err != nil {
			t.Fatal(err)
		}
		streams = append(streams, s)
		at[s.(net.Conn).LocalAddr().String()]++
	}
	if len(at) != 2 { // a hundred on the first, and the rest
		t.Errorf("120 streams have the connections %v", at)
	}
	other, err := endpoint.Dial(t.Context(), url+",insecure")
	if err != nil {
		t.Fatal(err)
	}
	streams = append(streams, other)
	if a := other.(net.Conn).LocalAddr().String(); at[a] > 0 {
		t.Error("a stream that verifies shares a connection with one that does not")
	}
	for i, s := range streams {
		if _, err := s.Write([]byte{byte(i)}); err != nil {
			t.Fatal(err)
		}
		_ = s.CloseWrite()
	}
	for i, s := range streams {
		if got, err := io.ReadAll(s); string(got) != string([]byte{byte(i)}) || err != nil {
			t.Errorf("stream %d got %q, %v", i, got, err)
		}
		_ = s.Close()
	}
}

// A reader that takes nothing stops its writer, and no other stream.
func TestASlowReaderHoldsUpNoOtherStream(t *testing.T) {
	cert := endpointtest.Certificate(t)
	l, err := endpoint.Listen(t.Context(), "quic://127.0.0.1:0,window=64k,cert="+cert)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	var stuck []duplex.Stream
	var tasks sync.WaitGroup
	defer tasks.Wait()
	for range 5 {
		s, err := endpoint.Dial(t.Context(), endpoint.URL(l)+",ca="+cert)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		c, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		stuck = append(stuck, s)
	}
	for _, s := range stuck {
		tasks.Go(func() { _, _ = s.Write(make([]byte, 8<<20)) })
	}
	s, err := endpoint.Dial(t.Context(), endpoint.URL(l)+",ca="+cert)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	tasks.Go(func() {
		_, _ = s.Write(make([]byte, 1<<20))
		_ = s.CloseWrite()
	})
	c, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	far, err := endpoint.Ready(t.Context(), duplex.FromConn(c))
	if err != nil {
		t.Fatal(err)
	}
	if n, err := io.Copy(io.Discard, struct{ io.Reader }{far}); n != 1<<20 || err != nil {
		t.Errorf("beside five readers that take nothing %d bytes come, %v", n, err)
	}
}

// What was written before a Close arrives, although the dialler then has no
// stream left on its connection and the peer has yet to read.
func TestWhatWasWrittenBeforeACloseArrives(t *testing.T) {
	a, b := connect(t)
	if _, err := a.Write(make([]byte, 300_000)); err != nil {
		t.Fatal(err)
	}
	_ = a.Close()
	for range 5 { // meanwhile a CONNECTION_CLOSE, if there were one, would have come
		c, d := connect(t)
		_, _ = c.Close(), d.Close()
	}
	if n, err := io.Copy(io.Discard, struct{ io.Reader }{b}); n != 300_000 || err != nil {
		t.Errorf("%d bytes have come, %v", n, err)
	}
	_ = b.Close()
}

func TestDiallingSaysWhatIsWrong(t *testing.T) {
	url, cert := listenEcho(t, "")
	mutual, _ := listenEcho(t, ",clientca="+cert)
	silent, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	pair, err := tls.LoadX509KeyPair(cert, cert)
	if err != nil {
		t.Fatal(err)
	}
	socket, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	transport := &quic.Transport{Conn: socket} // which waits for its goroutines when it is closed; a Listener does not
	defer transport.Close()
	other, err := transport.Listen(&tls.Config{Certificates: []tls.Certificate{pair}, NextProtos: []string{"h3"}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	for _, c := range []struct{ url, want string }{
		{url, "is signed by nobody trusted"},
		{url + ",servername=other.example,ca=" + cert, "the certificate of other.example is for 127.0.0.1"},
		{"quic://" + silent.LocalAddr().String() + ",timeout=100ms,ca=" + cert, "deadline exceeded"},
		{"quic://" + other.Addr().String() + ",ca=" + cert, "speaks QUIC, and not duplex.v1"},
		{url + ",ca=/does/not/exist", "no such file"},
	} {
		s, err := endpoint.Dial(t.Context(), c.url)
		if err == nil {
			_ = s.Close()
		}
		if err == nil || !strings.Contains(err.Error(), c.want) || len(err.Error()) > 400 || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v", c.url, err)
		}
	}
	// The client's part of a handshake ends before the server has seen its
	// certificate, so that a stream of it fails.
	s, err := endpoint.Dial(t.Context(), mutual+",insecure")
	if err == nil {
		_, err = s.Read(make([]byte, 1))
		_ = s.Close()
	}
	if err == nil || err == io.EOF {
		t.Errorf("without a certificate: %v", err)
	}
	s, err = endpoint.Dial(t.Context(), mutual+",insecure,cert="+cert)
	if err == nil {
		_, err = s.Write([]byte("x"))
		_, rerr := io.ReadFull(s, make([]byte, 1))
		err = errors.Join(err, rerr, s.Close())
	}
	if err != nil {
		t.Errorf("with one: %v", err)
	}
}

func TestAPeerThatIsNoneOfOursIsRefused(t *testing.T) {
	cert := endpointtest.Certificate(t)
	l, err := endpoint.Listen(t.Context(), "quic://127.0.0.1:0,backlog=1,cert="+cert)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	config := &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"duplex.v1"}}
	c, err := quic.DialAddr(t.Context(), l.Addr().String(), config, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseWithError(0, "")
	s, err := c.OpenStream()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Write([]byte("GET / HTTP/1.1\r\n")); err != nil {
		t.Fatal(err)
	}
	a, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := endpoint.Ready(t.Context(), duplex.FromConn(a)); err == nil || !strings.Contains(err.Error(), "begins with 0x47") {
		t.Errorf("the listener gets %v", err)
	}
	var reset *quic.StreamError
	if _, err := s.Read(make([]byte, 1)); !errors.As(err, &reset) {
		t.Errorf("the peer gets %v", err)
	}
	// Of two more streams one waits, and there is no room for the other.
	var two [2]*quic.Stream
	for i := range two {
		if two[i], err = c.OpenStream(); err != nil {
			t.Fatal(err)
		}
		if _, err := two[i].Write([]byte{1}); err != nil {
			t.Fatal(err)
		}
	}
	_ = two[0].SetReadDeadline(time.Now().Add(10 * time.Second))
	_ = two[1].SetReadDeadline(time.Now().Add(10 * time.Second))
	failed := make(chan error, 2)
	for _, s := range two {
		go func() { _, err := s.Read(make([]byte, 1)); failed <- err }()
	}
	if err := <-failed; !errors.As(err, &reset) || reset.ErrorCode != 3 {
		t.Errorf("the one without room gets %v", err)
	}
	_ = l.Close() // which aborts the one that waits
	if err := <-failed; !errors.As(err, &reset) || reset.ErrorCode != 4 {
		t.Errorf("the one that waits gets %v", err)
	}
	_ = c.CloseWithError(0, "")
}

func TestWrongEndpointsAreFoundBeforeAnythingIsOpened(t *testing.T) {
	for _, url := range []string{
		"quic://127.0.0.1", "quic:127.0.0.1:1", "quic://127.0.0.1:1/x", "quic://a@127.0.0.1:1", "quic://127.0.0.1:70000", "listen:quic://127.0.0.1:1",
		"quic://127.0.0.1:1,key=x", "quic://127.0.0.1:1,insecure,ca=x", "quic://127.0.0.1:1,backlog=1",
	} {
		if _, err := endpoint.Parse(url); !errors.Is(err, endpoint.ErrUsage) {
			t.Errorf("%s: %v", url, err)
		}
	}
}
