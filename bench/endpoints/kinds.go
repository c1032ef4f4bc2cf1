package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"log"
	"math/big"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/coder/websocket"
	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/endpoint"
	_ "github.com/duplex-go/duplex/endpoint/nats"
	_ "github.com/duplex-go/duplex/endpoint/quic"
	_ "github.com/duplex-go/duplex/endpoint/ws"
	"github.com/duplex-go/duplex/hub"
	"github.com/nats-io/nats.go"
	"github.com/quic-go/quic-go"
)

var ctx = context.Background()

func must[T any](v T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return v
}

// ours connects two streams of duplex through a listener.
func ours(l net.Listener, dialled string) (near, far wire) {
	accepted := make(chan duplex.Stream, 1)
	go func() {
		c := must(l.Accept())
		accepted <- must(endpoint.Ready(ctx, duplex.FromConn(c)))
	}()
	return must(endpoint.Dial(ctx, dialled)), <-accepted
}

func openWS() (bare, duplexed func() (near, far wire), stop func()) {
	l := must(net.Listen("tcp", "127.0.0.1:0"))
	accepted := make(chan wire, 1)
	over := make(chan struct{})
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := must(websocket.Accept(w, r, &websocket.AcceptOptions{CompressionMode: websocket.CompressionDisabled}))
		c.SetReadLimit(-1)
		accepted <- websocket.NetConn(ctx, c, websocket.MessageBinary)
		<-over
	})}
	go func() { _ = server.Serve(l) }()
	bare = func() (near, far wire) {
		c, _, err := websocket.Dial(ctx, "ws://"+l.Addr().String(), nil)
		if err != nil {
			log.Fatal(err)
		}
		c.SetReadLimit(-1)
		return websocket.NetConn(ctx, c, websocket.MessageBinary), <-accepted
	}
	own := must(endpoint.Listen(ctx, "ws://127.0.0.1:0/x"))
	return bare, func() (near, far wire) { return ours(own, endpoint.URL(own)) }, func() {
		close(over)
		_, _ = server.Close(), own.Close()
	}
}

// certificate returns a file with a certificate for this machine and its key.
func certificate() string {
	key := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(24 * time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der := must(x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key))
	file := must(os.CreateTemp("", "bench-cert"))
	defer file.Close()
	_ = pem.Encode(file, &pem.Block{Type: "CERTIFICATE", Bytes: der})
	_ = pem.Encode(file, &pem.Block{Type: "PRIVATE KEY", Bytes: must(x509.MarshalPKCS8PrivateKey(key))})
	return file.Name()
}

func openQUIC() (bare, duplexed func() (near, far wire), stop func()) {
	cert := certificate()
	pair := must(tls.LoadX509KeyPair(cert, cert))
	l := must(quic.ListenAddr("127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{pair}, NextProtos: []string{"bench"}}, nil))
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(must(os.ReadFile(cert)))
	bare = func() (near, far wire) {
		c := must(quic.DialAddr(ctx, l.Addr().String(), &tls.Config{RootCAs: roots, NextProtos: []string{"bench"}}, nil))
		s := must(c.OpenStream())
		_ = must(s.Write([]byte{1})) // or the peer does not hear of it
		other := must(must(l.Accept(ctx)).AcceptStream(ctx))
		_ = must(other.Read(make([]byte, 1)))
		return s, other
	}
	own := must(endpoint.Listen(ctx, "quic://127.0.0.1:0,cert="+cert))
	return bare, func() (near, far wire) { return ours(own, endpoint.URL(own)+",ca="+cert) }, func() {
		_, _ = l.Close(), own.Close()
		_ = os.Remove(cert)
	}
}

// subjects is bare use of NATS: messages published to one subject, and those of
// another, without anything that stops a fast writer.
type subjects struct {
	*nats.Conn
	to   string
	come chan []byte
	rest []byte
}

func (s *subjects) Read(p []byte) (int, error) {
	if len(s.rest) == 0 {
		s.rest = <-s.come
	}
	n := copy(p, s.rest)
	s.rest = s.rest[n:]
	return n, nil
}

func (s *subjects) Write(p []byte) (n int, err error) {
	for n < len(p) {
		piece := p[n:min(len(p), n+32<<10)]
		if err := s.Publish(s.to, piece); err != nil {
			return n, err
		}
		n += len(piece)
	}
	return n, nil
}

func (s *subjects) Close() error {
	s.Conn.Close()
	return nil
}

func openNATS() (bare, duplexed func() (near, far wire), stop func()) {
	h := must(hub.Config{}.Start(ctx))
	bare = func() (near, far wire) {
		end := func(from, to string) wire {
			s := &subjects{Conn: must(nats.Connect(h.URL())), to: to, come: make(chan []byte, 1<<16)}
			_ = must(s.Subscribe(from, func(m *nats.Msg) { s.come <- m.Data }))
			if err := s.Flush(); err != nil {
				log.Fatal(err)
			}
			return s
		}
		a, b := nats.NewInbox(), nats.NewInbox()
		return end(a, b), end(b, a)
	}
	own := must(endpoint.Listen(ctx, h.URL()+"/bench"))
	return bare, func() (near, far wire) { return ours(own, endpoint.URL(own)) }, func() {
		_ = own.Close()
		h.Close()
	}
}
