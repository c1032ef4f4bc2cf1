package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/duplex-go/duplex"
)

// patience is how long a recipe may take before it counts as hung.
const patience = 30 * time.Second

// stage is what one tool plays a recipe on: the peers and files behind its two
// addresses, and what they got.
type stage struct {
	t       *testing.T
	classic bool // the tool is socat
	dir     string

	exited  chan struct{}     // closed once the tool has ended
	client  func(addr string) // dials what the tool listens on
	release []func()          // unblocks peers whom nobody came to
	running sync.WaitGroup    // peers
	gained  []func() []byte   // what each peer or file has received, once the tool has ended
}

// words returns an address in the words of the tool.
func (s *stage) words(socat, duplex string) string {
	if s.classic {
		return socat
	}
	return duplex
}

// path returns a name in the stage's own directory.
func (s *stage) path(name string) string { return filepath.Join(s.dir, name) }

// peerConn is a peer's end of a connection.
type peerConn struct {
	duplex.Stream
	raw    net.Conn // below TLS, if there is any
	exited <-chan struct{}
}

// behaviour is what a peer does with its connection; it returns what it has
// received.
type behaviour func(c peerConn) []byte

// play runs a peer on a connection, of TLS if config is set.
func (s *stage) play(c net.Conn, wrap func(net.Conn) *tls.Conn, b behaviour) []byte {
	_ = c.SetDeadline(time.Now().Add(patience))
	defer c.Close()
	p := peerConn{raw: c, exited: s.exited}
	if wrap == nil {
		p.Stream = c.(duplex.Stream)
	} else {
		secured := wrap(c)
		if err := secured.Handshake(); err != nil {
			return []byte("handshake: " + err.Error())
		}
		p.Stream = secured
	}
	return b(p)
}

// receive adds a peer that runs until the tool has ended, and what it gets.
func (s *stage) receive(peer func() []byte) {
	var got []byte
	s.running.Go(func() { got = peer() })
	s.gained = append(s.gained, func() []byte { return got })
}

// serve has a peer wait for the tool and returns its address.
func (s *stage) serve(network, addr string, wrap func(net.Conn) *tls.Conn, b behaviour) string {
	s.t.Helper()
	l, err := net.Listen(network, addr)
	if err != nil {
		s.t.Fatal(err)
	}
	s.release = append(s.release, func() { _ = l.Close() })
	s.receive(func() []byte {
		c, err := l.Accept()
		if err != nil {
			return []byte("nobody came")
		}
		return s.play(c, wrap, b)
	})
	return l.Addr().String()
}

// call has a peer dial what the tool listens on.
func (s *stage) call(network string, wrap func(net.Conn) *tls.Conn, b behaviour) {
	addr := make(chan string, 1)
	s.client = func(a string) { addr <- a }
	s.release = append(s.release, func() { close(addr) })
	s.receive(func() []byte {
		a, ok := <-addr
		if !ok {
			return []byte("nobody listened")
		}
		c, err := net.Dial(network, a)
		if err != nil {
			return []byte("dial: " + err.Error())
		}
		return s.play(c, wrap, b)
	})
}

// text returns n bytes of letters and lines.
func text(n int) []byte {
	return bytes.Repeat([]byte("abcdefghijklmnopqrstuvwxyz, and so on\n"), n/38+1)[:n]
}

// echo sends back what it gets and ends after its peer.
func echo(c peerConn) []byte {
	var got bytes.Buffer
	_, _ = io.Copy(c, io.TeeReader(c, &got))
	_ = c.CloseWrite()
	_ = c.Close()
	return got.Bytes()
}

// greet sends n bytes and ends, and reads meanwhile and on to its peer's end.
func greet(n int) behaviour {
	return func(c peerConn) []byte {
		var sending sync.WaitGroup
		sending.Go(func() {
			_, _ = c.Write(text(n))
			_ = c.CloseWrite()
		})
		got, _ := io.ReadAll(c)
		sending.Wait()
		_ = c.Close()
		return got
	}
}

// drain reads to the end and says nothing.
func drain(c peerConn) []byte {
	got, _ := io.ReadAll(c)
	_ = c.Close()
	return got
}

// tally says how much it got, after the end: who does not half-close never
// learns it.
func tally(c peerConn) []byte {
	got, _ := io.ReadAll(c)
	_, _ = fmt.Fprintf(c, "%d bytes\n", len(got))
	_ = c.CloseWrite()
	_ = c.Close()
	return got
}

// tallyLate does as well, but thinks for a second, or for as long as anybody is
// there to hear it.
func tallyLate(c peerConn) []byte {
	got, _ := io.ReadAll(c)
	thought := time.NewTimer(time.Second)
	defer thought.Stop()
	select {
	case <-c.exited:
	case <-thought.C:
	}
	_, _ = fmt.Fprintf(c, "%d bytes\n", len(got))
	_ = c.Close()
	return got
}

// first returns the first byte that comes, or none at the end.
func first(c peerConn) []byte {
	b := make([]byte, 1)
	n, _ := c.Read(b)
	return b[:n]
}

// leave closes after the first byte, whatever else is on its way.
func leave(c peerConn) []byte {
	got := first(c)
	_ = c.Close()
	return got
}

// reset resets the connection after the first byte.
func reset(c peerConn) []byte {
	got := first(c)
	_ = c.raw.(*net.TCPConn).SetLinger(0)
	_ = c.raw.Close()
	return got
}

// cut reads to the end, answers with n bytes and closes the connection below TLS: no
// close_notify says that this was all.
func cut(n int) behaviour {
	return func(c peerConn) []byte {
		got, _ := io.ReadAll(c)
		_, _ = c.Write(text(n))
		_ = c.raw.Close()
		return got
	}
}

// secret is a certificate for the tests' peers, also as a file with its key.
var secret = sync.OnceValue(func() (s struct {
	tls.Certificate
	pem []byte
}) {
	web := httptest.NewTLSServer(nil)
	s.Certificate = web.TLS.Certificates[0]
	web.Close()
	key, err := x509.MarshalPKCS8PrivateKey(s.PrivateKey)
	if err != nil {
		panic(err)
	}
	s.pem = append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate.Certificate[0]}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})...)
	return s
})

func tlsServer(c net.Conn) *tls.Conn {
	return tls.Server(c, &tls.Config{Certificates: []tls.Certificate{secret().Certificate}})
}

func tlsClient(c net.Conn) *tls.Conn {
	return tls.Client(c, &tls.Config{InsecureSkipVerify: true})
}

// address opens what is behind one side of a recipe and returns its address.
type address func(s *stage) string

func stdio(*stage) string { return "-" }

func tcp(b behaviour) address {
	return func(s *stage) string {
		addr := s.serve("tcp", "127.0.0.1:0", nil, b)
		return s.words("TCP:", "tcp://") + addr
	}
}

func unixSocket(b behaviour) address {
	return func(s *stage) string {
		path := s.serve("unix", s.path("server"), nil, b)
		return s.words("UNIX-CONNECT:", "unix://") + path
	}
}

func secured(b behaviour) address {
	return func(s *stage) string {
		addr := s.serve("tcp", "127.0.0.1:0", tlsServer, b)
		return s.words("OPENSSL:"+addr+",verify=0", "tls://"+addr+",insecure")
	}
}

func tcpListen(b behaviour) address {
	return func(s *stage) string {
		s.call("tcp", nil, b)
		return s.words("TCP-LISTEN:0,bind=127.0.0.1", "listen:tcp://127.0.0.1:0")
	}
}

func unixListen(b behaviour) address {
	return func(s *stage) string {
		s.call("unix", nil, b)
		return s.words("UNIX-LISTEN:", "listen:unix://") + s.path("listener")
	}
}

func securedListen(b behaviour) address {
	return func(s *stage) string {
		s.call("tcp", tlsClient, b)
		file := s.path("cert.pem")
		if err := os.WriteFile(file, secret().pem, 0o600); err != nil {
			s.t.Fatal(err)
		}
		return s.words("OPENSSL-LISTEN:0,bind=127.0.0.1,verify=0,cert="+file, "listen:tls://127.0.0.1:0,cert="+file)
	}
}

func command(line string) address {
	return func(s *stage) string { return s.words("EXEC:", "exec:") + line }
}

// terminal runs a command at one that passes every byte on as it is, or at one
// as a person has.
func terminal(line string, raw bool) address {
	return func(s *stage) string {
		if raw {
			return s.words("EXEC:"+line+",pty,raw,echo=0", "pty:"+line+",raw")
		}
		return s.words("EXEC:"+line+",pty", "pty:"+line)
	}
}

// fileOf is a file of n bytes that is read.
func fileOf(n int) address {
	return func(s *stage) string {
		path := s.path("file")
		if err := os.WriteFile(path, text(n), 0o600); err != nil {
			s.t.Fatal(err)
		}
		return s.words("OPEN:"+path+",rdonly", "file:"+path)
	}
}

// fileTo is a file that is written: one that is missing, or behind what is
// there.
func fileTo(appending bool) address {
	return func(s *stage) string {
		path := s.path("file")
		s.gained = append(s.gained, func() []byte {
			b, err := os.ReadFile(path)
			if err != nil {
				return []byte(err.(*os.PathError).Err.Error())
			}
			return b
		})
		if !appending {
			return s.words("CREATE:"+path, "file:"+path+",create")
		}
		if err := os.WriteFile(path, text(10), 0o600); err != nil {
			s.t.Fatal(err)
		}
		return s.words("OPEN:"+path+",wronly,append", "file:"+path+",append")
	}
}

// fifo makes a named pipe and has a peer open its other end.
func (s *stage) fifo(flag int, peer func(f *os.File) []byte) string {
	path := s.path("fifo")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		s.t.Fatal(err)
	}
	s.receive(func() []byte {
		f, err := os.OpenFile(path, flag, 0)
		if err != nil {
			return []byte(err.Error())
		}
		defer f.Close()
		return peer(f)
	})
	s.release = append(s.release, func() { // a visit is enough for who waits in open
		if f, err := os.OpenFile(path, os.O_RDWR|syscall.O_NONBLOCK, 0); err == nil {
			_ = f.Close()
		}
	})
	return path
}

// fifoOf is a named pipe to which a peer writes n bytes.
func fifoOf(n int) address {
	return func(s *stage) string {
		path := s.fifo(os.O_WRONLY, func(f *os.File) []byte { _, _ = f.Write(text(n)); return nil })
		return s.words("OPEN:"+path+",rdonly", "pipe:"+path)
	}
}

// fifoTo is a named pipe that a peer reads.
func fifoTo(s *stage) string {
	path := s.fifo(os.O_RDONLY, func(f *os.File) []byte { b, _ := io.ReadAll(f); return b })
	return s.words("OPEN:"+path+",wronly", "pipe:"+path+",write")
}

// listeningOn returns the address in what a tool says when it listens.
func listeningOn(log string) string {
	_, said, found := strings.Cut(log, "listening on ")
	line, _, whole := strings.Cut(said, "\n")
	if !found || !whole {
		return ""
	}
	if i := strings.IndexByte(line, '/'); i >= 0 && !strings.Contains(line, "tcp://") && !strings.Contains(line, "tls://") {
		return strings.TrimPrefix(strings.Trim(line[i:], `"`), "//") // a path
	}
	return "127.0.0.1:" + port(line)
}
