package duplex_test

import (
	"compress/gzip"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/duplextest"
)

// streamKind is a way to make the two connected ends of a stream, and what to
// expect of it.
type streamKind struct {
	name string
	duplextest.Suite
	pair func(t *testing.T) (a, b duplex.Stream)
}

// streamKinds are all streams of this package and those of the standard
// library.
func streamKinds() []streamKind {
	const mark = duplex.DefaultHighWaterMark
	var (
		local = duplextest.Suite{Cause: true, MaxBuffered: mark}
		wide  = duplextest.Suite{}
	)
	layered := local
	layered.MaxBuffered = 2*mark + 30_011 // a Write encodes 64 KiB before it waits
	zipped := layered
	zipped.ReadTimeoutFinal = true // compress/flate keeps any error
	crossedSuite := layered
	crossedSuite.Cause = false
	crossedZipped := zipped
	crossedZipped.Cause = false
	return []streamKind{
		{"Pair", local, pairStreams},
		{"Pair with a low mark", duplextest.Suite{Cause: true, MaxBuffered: 1000}, func(*testing.T) (a, b duplex.Stream) {
			return duplex.PairConfig{HighWaterMark: 1000}.Pair()
		}},
		{"Conn on Pair", local, on(pairStreams, connOn)},
		{"Wrapped on Pair", local, on(pairStreams, wrapOn)},
		{"hooks on Pair", local, on(pairStreams, hooksOn)},
		{"layer of a Map on Pair", layered, on(pairStreams, mapOn)},
		{"layer of gzip on Pair", zipped, on(pairStreams, gzipOn)},
		{"transform alone", crossedSuite, crossedStreams(duplex.Transform{})},
		{"gzip and gunzip alone", crossedZipped, crossedStreams(duplex.Compose(gzipCodec.Encode, gzipCodec.Decode))},
		{"combined files", duplextest.Suite{NoAbort: true}, combinedFiles},
		{"connection without half-close", duplextest.Suite{NoAbort: true}, wholeStreams},
		{"TCPConn", wide, tcpStreams},
		{"UnixConn", duplextest.Suite{NoAbort: true}, unixStreams},
		{"tls.Conn", duplextest.Suite{WriteTimeoutFinal: true}, tlsStreams},
		{"Conn on TCPConn", wide, on(tcpStreams, connOn)},
		{"Wrapped on TCPConn", wide, on(tcpStreams, wrapOn)},
		{"hooks on TCPConn", wide, on(tcpStreams, hooksOn)},
		{"layer of a Map on TCPConn", wide, on(tcpStreams, mapOn)},
		{"layer of gzip on Conn on TCPConn", duplextest.Suite{ReadTimeoutFinal: true}, on(on(tcpStreams, connOn), gzipOn)},
	}
}

type makePair = func(t *testing.T) (a, b duplex.Stream)

// on puts something on both ends.
func on(make makePair, f func(duplex.Stream) duplex.Stream) makePair {
	return func(t *testing.T) (a, b duplex.Stream) {
		a, b = make(t)
		return f(a), f(b)
	}
}

func connOn(s duplex.Stream) duplex.Stream { return duplex.NewConn(s) }
func wrapOn(s duplex.Stream) duplex.Stream { return duplex.Wrap(s, duplex.Hooks{}) }

func hooksOn(s duplex.Stream) duplex.Stream {
	return duplex.Wrap(s, duplex.Hooks{Read: s.Read, Write: s.Write, CloseWrite: s.CloseWrite, Close: s.Close})
}

func mapOn(s duplex.Stream) duplex.Stream {
	flip := duplex.Map(func(p []byte) []byte {
		for i := range p {
			p[i] ^= 0x5A
		}
		return p
	})
	l := duplex.Layer(s, duplex.Codec{Encode: flip, Decode: flip})
	l.AutoFlush = true
	return l
}

var gzipCodec = duplex.Codec{
	Encode: duplex.TryEncoder(func(w io.Writer) (*gzip.Writer, error) { return gzip.NewWriterLevel(w, gzip.BestSpeed) }),
	Decode: duplex.TryDecoder(func(r io.Reader) (*gzip.Reader, error) { return gzip.NewReader(r) }),
}

func gzipOn(s duplex.Stream) duplex.Stream {
	l := duplex.Layer(s, gzipCodec)
	l.AutoFlush = true
	return l
}

func pairStreams(*testing.T) (a, b duplex.Stream) { return duplex.Pair() }

// crossedStreams makes a stream with two ends of a transform for each
// direction.
func crossedStreams(transform duplex.Transform) makePair {
	return func(*testing.T) (a, b duplex.Stream) {
		ab, ba := transform.Stream(), transform.Stream()
		ab.AutoFlush, ba.AutoFlush = true, true
		return &crossed{in: ba, out: ab}, &crossed{in: ab, out: ba}
	}
}

type crossed struct {
	in, out *duplex.Layered
	shut    sync.Once
}

func (c *crossed) Read(p []byte) (int, error)         { return c.in.Read(p) }
func (c *crossed) Write(p []byte) (int, error)        { return c.out.Write(p) }
func (c *crossed) CloseWrite() error                  { return c.out.CloseWrite() }
func (c *crossed) SetReadDeadline(t time.Time) error  { return c.in.SetReadDeadline(t) }
func (c *crossed) SetWriteDeadline(t time.Time) error { return c.out.SetWriteDeadline(t) }

func (c *crossed) SetDeadline(t time.Time) error {
	if err := c.in.SetReadDeadline(t); err != nil {
		return err
	}
	return c.out.SetWriteDeadline(t)
}

func (c *crossed) Close() error {
	c.shut.Do(func() { _, _ = c.out.Close(), c.in.Close() })
	return nil
}

func (c *crossed) Abort(cause error) error {
	c.shut.Do(func() { _, _ = c.out.Abort(cause), c.in.Abort(cause) })
	return nil
}

func combinedFiles(t *testing.T) (a, b duplex.Stream) {
	pipe := func() (r, w *os.File) {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		return r, w
	}
	ar, bw := pipe()
	br, aw := pipe()
	return duplex.Combine(ar, aw), duplex.Combine(br, bw)
}

// wholeStreams are connections that hide their CloseWrite.
func wholeStreams(t *testing.T) (a, b duplex.Stream) {
	x, y := socketPair(t, "tcp", "127.0.0.1:0")
	return duplex.FromConn(struct{ net.Conn }{x}), duplex.FromConn(struct{ net.Conn }{y})
}

func tcpStreams(t *testing.T) (a, b duplex.Stream) {
	x, y := socketPair(t, "tcp", "127.0.0.1:0")
	return x.(*net.TCPConn), y.(*net.TCPConn)
}

func unixStreams(t *testing.T) (a, b duplex.Stream) {
	dir, err := os.MkdirTemp("", "duplex") // t.TempDir may be too long for a socket's name
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	x, y := socketPair(t, "unix", filepath.Join(dir, "s"))
	return x.(*net.UnixConn), y.(*net.UnixConn)
}

// socketPair connects two sockets over a listener that is gone afterwards.
func socketPair(t *testing.T, network, address string) (a, b net.Conn) {
	t.Helper()
	l, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	dialled := make(chan error, 1)
	go func() {
		var err error
		a, err = net.Dial(network, l.Addr().String())
		dialled <- err
	}()
	b, err = l.Accept()
	if derr := <-dialled; err != nil || derr != nil {
		t.Fatal(err, derr)
	}
	return a, b
}

func tlsStreams(t *testing.T) (a, b duplex.Stream) {
	client, server := tlsConfigs()
	x, y := socketPair(t, "tcp", "127.0.0.1:0")
	c, s := tls.Client(x, client), tls.Server(y, server)
	shaken := make(chan error, 1)
	go func() { shaken <- c.Handshake() }()
	err := s.Handshake()
	if cerr := <-shaken; err != nil || cerr != nil {
		t.Fatal(err, cerr)
	}
	return c, s
}

// tlsConfigs returns what a client and a server need that trust each other.
var tlsConfigs = sync.OnceValues(func() (client, server *tls.Config) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{"duplex.test"},
		NotAfter: time.Now().Add(24 * time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		panic(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		panic(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(leaf)
	return &tls.Config{RootCAs: roots, ServerName: "duplex.test"},
		&tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
})
