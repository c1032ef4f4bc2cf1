package duplex_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/duplex-go/duplex"
)

// fullRun reports whether the nightly sizes are asked for.
func fullRun() bool { return os.Getenv("DUPLEX_FULL") == "1" }

// tenth returns n in a full run and a tenth of it otherwise.
func tenth(n int) int {
	if fullRun() {
		return n
	}
	return n / 10
}

// patience is how long a test waits for what must happen before it fails. It
// is no measure of anything.
const patience = 30 * time.Second

// within returns what comes from ch, or fails the test if nothing does.
func within[T any](t testing.TB, what string, ch <-chan T) T {
	t.Helper()
	select {
	case v := <-ch:
		return v
	case <-time.After(patience):
		t.Fatalf("%s: nothing after %v", what, patience)
		panic("unreachable")
	}
}

// eventually waits until ok returns true.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not after %v", what, patience)
		}
	}
}

// background runs f in a goroutine and gives its result on a channel.
func background[T any](f func() T) <-chan T {
	ch := make(chan T, 1)
	go func() { ch <- f() }()
	return ch
}

func noError(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("unexpected error: %v", err)
	}
}

// wantError checks that err matches every one of targets.
func wantError(t testing.TB, err error, targets ...error) {
	t.Helper()
	for _, target := range targets {
		if !errors.Is(err, target) {
			t.Errorf("error is %v, which is no %q", err, target)
		}
	}
}

func send(t testing.TB, w io.Writer, text string) {
	t.Helper()
	n, err := io.WriteString(w, text)
	if err != nil || n != len(text) {
		t.Fatalf("write of %d bytes: %d, %v", len(text), n, err)
	}
}

// receive reads exactly len(want) bytes and compares them.
func receive(t testing.TB, r io.Reader, want string) {
	t.Helper()
	got := make([]byte, len(want))
	if n, err := io.ReadFull(r, got); err != nil {
		t.Fatalf("read %q and then %v, want %q", got[:n], err, want)
	}
	if string(got) != want {
		t.Fatalf("read %q, want %q", got, want)
	}
}

// receiveEnd reads to the end and compares what came before it.
func receiveEnd(t testing.TB, r io.Reader, want string) {
	t.Helper()
	got, err := io.ReadAll(r)
	if err != nil || string(got) != want {
		t.Fatalf("read %q and then %v, want %q and the end", shorten(got), err, shorten([]byte(want)))
	}
}

func shorten(p []byte) string {
	if len(p) > 80 {
		return string(p[:80]) + "…"
	}
	return string(p)
}

// oneByte reads a byte and returns the error.
func oneByte(r io.Reader) error {
	_, err := r.Read(make([]byte, 1))
	return err
}

// oneByteTo writes a byte and returns the error.
func oneByteTo(w io.Writer) error {
	_, err := w.Write([]byte{'x'})
	return err
}

// pattern returns n bytes that differ from place to place.
func pattern(n int) []byte {
	p := make([]byte, n)
	for i := range p {
		p[i] = patternAt(i)
	}
	return p
}

func patternAt(i int) byte { return byte(i ^ i>>8*7 ^ i>>16*13) }

// tcpEnds returns the two ends of a TCP connection.
func tcpEnds(t testing.TB) (a, b *net.TCPConn) {
	t.Helper()
	x, y := connect(t, listenTCP(t))
	return x.(*net.TCPConn), y.(*net.TCPConn)
}

// unixEnds returns the two ends of a connection over a Unix socket.
func unixEnds(t testing.TB) (a, b *net.UnixConn) {
	t.Helper()
	l, err := net.Listen("unix", filepath.Join(t.TempDir(), "s"))
	noError(t, err)
	x, y := connect(t, l)
	return x.(*net.UnixConn), y.(*net.UnixConn)
}

// tlsEnds returns the two ends of a TLS connection over TCP, past the
// handshake.
func tlsEnds(t testing.TB) (a, b *tls.Conn) {
	t.Helper()
	x, y := tcpEnds(t)
	server, client := tlsConfig()
	a, b = tls.Client(x, client), tls.Server(y, server)
	shook := background(b.Handshake)
	noError(t, a.Handshake())
	noError(t, within(t, "handshake", shook))
	return a, b
}

func listenTCP(t testing.TB) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	noError(t, err)
	t.Cleanup(func() { l.Close() })
	return l
}

// connect connects to l once and closes it.
func connect(t testing.TB, l net.Listener) (a, b net.Conn) {
	t.Helper()
	defer l.Close()
	a, err := net.Dial(l.Addr().Network(), l.Addr().String())
	noError(t, err)
	b, err = l.Accept()
	noError(t, err)
	t.Cleanup(func() {
		a.Close()
		b.Close()
	})
	return a, b
}

// tlsConfig returns the configurations of a server with a certificate of its
// own and of a client that trusts it.
var tlsConfig = sync.OnceValues(func() (server, client *tls.Config) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		NotAfter:     time.Now().Add(time.Hour),
		DNSNames:     []string{"duplex.test"},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		panic(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		panic(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(cert)
	server = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
	return server, &tls.Config{RootCAs: roots, ServerName: "duplex.test"}
})

// resetConn closes c so that its peer is reset.
func resetConn(t testing.TB, c *net.TCPConn) {
	t.Helper()
	noError(t, c.SetLinger(0))
	noError(t, c.Close())
}

// relayed is what a join returned.
type relayed struct {
	duplex.Result
	err error
}
