package endpoint_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/endpoint"
)

// serveTLS runs a server of Go's own that says hello to whoever gets through
// the handshake, and returns its URL.
func serveTLS(t *testing.T, config *tls.Config) string {
	t.Helper()
	l, err := tls.Listen("tcp", "127.0.0.1:0", config)
	if err != nil {
		t.Fatal(err)
	}
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = io.WriteString(c, "hello")
			_ = c.Close()
		}
	}()
	t.Cleanup(func() { _ = l.Close(); <-stopped })
	return "tls://" + l.Addr().String()
}

func TestR51_CertificatesThatDoNotVerifyAreRefused(t *testing.T) {
	other := authority("other-ca")
	pool := ",ca=" + testCA().certFile
	expired := issue("expired", testCA(), func(c *x509.Certificate) {
		loopback(c)
		c.NotBefore, c.NotAfter = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2021, 1, 1, 0, 0, 0, 0, time.UTC)
	})
	for _, test := range []struct {
		name    string
		cert    *certificate
		options string
		old     bool // the server speaks TLS 1.1 only
		text    string
	}{
		{name: "self-signed", cert: issue("self", nil, loopback), options: pool, text: "the certificate of 127.0.0.1 is signed by nobody trusted (it is self-signed); to trust it, write ca=FILE"},
		{name: "self-signed, the system's roots", cert: issue("self2", nil, loopback), text: "it is self-signed"},
		{name: "unknown authority", cert: issue("stranger", other, loopback), options: pool, text: `signed by nobody trusted (by "CN=other-ca")`},
		{name: "wrong name", cert: issue("elsewhere", testCA(), func(c *x509.Certificate) { c.DNSNames = []string{"elsewhere.test"} }), options: pool, text: "the certificate of 127.0.0.1 is for elsewhere.test; if one of them is meant, write servername=NAME"},
		{name: "wrong name asked for", cert: testServer(), options: pool + ",servername=other.test", text: "the certificate of other.test is for localhost, 127.0.0.1, ::1"},
		{name: "expired", cert: expired, options: pool, text: "is valid from 2020-01-01 00:00 to 2021-01-01 00:00 UTC only"},
		{name: "TLS 1.1", cert: testServer(), options: pool, old: true, text: "protocol version"},
	} {
		t.Run(test.name, func(t *testing.T) {
			config := &tls.Config{Certificates: []tls.Certificate{test.cert.pair}}
			if test.old {
				config.MinVersion, config.MaxVersion = tls.VersionTLS10, tls.VersionTLS11
			}
			url := serveTLS(t, config)
			s, err := endpoint.Dial(t.Context(), url+test.options)
			if err == nil {
				s.Close()
				t.Fatal("the certificate was accepted")
			}
			if !strings.Contains(err.Error(), test.text) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%v\nwant one line with %q", err, test.text)
			}
			if test.old {
				return
			}
			if s, err = endpoint.Dial(t.Context(), url+",insecure"); err != nil {
				t.Fatalf("with insecure: %v", err)
			}
			defer s.Close()
			if got, err := io.ReadAll(s); string(got) != "hello" || err != nil {
				t.Errorf("with insecure: %q, %v", got, err)
			}
		})
	}
}

func TestR51_VerificationIsSwitchedOffInOnePlaceOnly(t *testing.T) {
	var found []string
	assigned := regexp.MustCompile(`InsecureSkipVerify\s*[:=]`)
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	err = filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		for range assigned.FindAllString(string(text), -1) {
			found = append(found, path)
		}
		return err
	})
	if err != nil || len(found) != 1 {
		t.Errorf("InsecureSkipVerify is set in %v, %v; want one place", found, err)
	}
	s, err := endpoint.Parse("tls://127.0.0.1:1,insecure")
	if err != nil || len(s.Warnings()) != 1 {
		t.Errorf("insecure warns of %q, %v", s.Warnings(), err)
	}
}

func TestTLSClientsProveWhoTheyAre(t *testing.T) {
	listen := "tls://127.0.0.1:0" + serverOptions() + ",clientca=" + testCA().certFile
	dialled, accepted := connect(t, listen, clientOptions()+",cert="+testClient().certFile+",key="+testClient().keyFile)
	defer accepted.Close()
	defer dialled.Close()
	if _, err := io.WriteString(accepted, "welcome"); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 7)
	if _, err := io.ReadFull(dialled, buf); err != nil || string(buf) != "welcome" {
		t.Fatalf("%q, %v", buf, err)
	}

	stranger := issue("client-stranger", nil, nil)
	for name, options := range map[string]string{
		"without a certificate": "",
		"with one of its own":   ",cert=" + stranger.inOneFile,
	} {
		t.Run(name, func(t *testing.T) {
			l, err := endpoint.Listen(t.Context(), listen)
			if err != nil {
				t.Fatal(err)
			}
			accepting := make(chan error, 1)
			go func() {
				s, err := endpoint.Accept(t.Context(), l)
				if err == nil {
					s.Close()
				}
				accepting <- err
			}()
			s, err := endpoint.Dial(t.Context(), endpoint.URL(l)+clientOptions()+options)
			if err == nil { // TLS 1.3 lets the client go first
				_, err = s.Read(make([]byte, 1))
				s.Close()
			}
			if err == nil || errors.Is(err, io.EOF) {
				t.Errorf("the client got %v", err)
			}
			if err := <-accepting; err == nil || !strings.Contains(err.Error(), "certificate") {
				t.Errorf("the server got %v", err)
			}
		})
	}
}

func TestTLSAgreesOnAProtocol(t *testing.T) {
	dialled, accepted := connect(t, "tls://127.0.0.1:0"+serverOptions()+",alpn=chat+echo", clientOptions()+",alpn=echo+other")
	defer accepted.Close()
	defer dialled.Close()
	state := dialled.(interface{ ConnectionState() tls.ConnectionState }).ConnectionState()
	if state.NegotiatedProtocol != "echo" {
		t.Errorf("agreed on %q", state.NegotiatedProtocol)
	}
}

func TestASilentPeerHoldsUpNobodyAtTheHandshake(t *testing.T) {
	l, err := endpoint.Listen(t.Context(), "tls://127.0.0.1:0,timeout=300ms"+serverOptions())
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	silent, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	first, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	waiting := make(chan error, 1)
	go func() {
		_, err := endpoint.Ready(t.Context(), duplex.FromConn(first))
		waiting <- err
	}()
	served := make(chan error, 1)
	go func() {
		c, err := l.Accept()
		if err == nil {
			_, err = io.WriteString(c, "hello") // the handshake comes with the first use
			err = errors.Join(err, c.Close())
		}
		served <- err
	}()
	s, err := endpoint.Dial(t.Context(), endpoint.URL(l)+clientOptions())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if got, err := io.ReadAll(s); string(got) != "hello" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	if err := <-served; err != nil {
		t.Error(err)
	}
	if err := <-waiting; err == nil || !strings.Contains(err.Error(), "took too long") {
		t.Errorf("the silent peer: %v", err)
	}
	if _, err := silent.Read(make([]byte, 1)); err == nil {
		t.Error("the silent peer is still connected")
	}
}

func TestTLSEndsOneDirectionAndKeepsTheOther(t *testing.T) {
	dialled, accepted := connect(t, "tls://127.0.0.1:0"+serverOptions(), clientOptions())
	defer accepted.Close()
	defer dialled.Close()
	answered := make(chan error, 1)
	go func() {
		all, err := io.ReadAll(accepted)
		_, werr := accepted.Write(append(all, '!'))
		answered <- errors.Join(err, werr, accepted.CloseWrite())
	}()
	if _, err := io.WriteString(dialled, "question"); err != nil {
		t.Fatal(err)
	}
	if err := dialled.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(dialled); string(got) != "question!" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	if err := <-answered; err != nil {
		t.Error(err)
	}
	if err := duplex.Shutdown(t.Context(), dialled); err != nil {
		t.Error(err)
	}
}

func TestTLSSaysWhatIsWrongInALine(t *testing.T) {
	plain, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			c, err := plain.Accept()
			if err != nil {
				return
			}
			_, _ = io.WriteString(c, "220 this is no TLS server\r\n")
			_ = c.(*net.TCPConn).CloseWrite()
			_, _ = io.Copy(io.Discard, c)
			_ = c.Close()
		}
	}()
	defer func() { _ = plain.Close(); <-stopped }()
	noCert := filepath.Join(t.TempDir(), "empty.pem")
	if err := os.WriteFile(noCert, []byte("nothing\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	here := "tls://" + plain.Addr().String()
	for _, test := range []struct {
		url   string
		usage bool
		text  string
	}{
		{here, false, "the peer does not speak TLS"},
		{here + ",ca=/no/such/file", false, "option ca: open /no/such/file: no such file or directory"},
		{here + ",ca=" + noCert, false, "option ca: no certificate in " + noCert},
		{here + ",cert=" + noCert, false, "failed to find any PEM data"},
		{here + ",cert=" + testClient().certFile + ",key=" + testServer().keyFile, false, "private key does not match"},
		{here + ",key=" + noCert, true, "option key needs the certificate"},
		{here + ",insecure,ca=x", true, "exclude each other"},
		{"listen:tls://127.0.0.1:0", true, "a server needs a certificate: cert=FILE"},
		{"listen:tls://127.0.0.1:0,insecure", true, "option insecure is for dialling"},
		{"tls://127.0.0.1", true, "no port; want tls://host:port"},
	} {
		s, err := endpoint.Parse(test.url)
		if err == nil {
			var c duplex.Stream
			if c, err = s.Open(t.Context()); err == nil {
				c.Close()
			}
		}
		if err == nil || !strings.Contains(err.Error(), test.text) || strings.Contains(err.Error(), "\n") ||
			errors.Is(err, endpoint.ErrUsage) != test.usage {
			t.Errorf("%s: %v\nwant %q, usage %v", test.url, err, test.text, test.usage)
		}
	}
}

func TestACertificateThatIsRefusedIsNotTriedAgain(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	tries := make(chan int, 1)
	go func() {
		n := 0
		for {
			c, err := l.Accept()
			if err != nil {
				tries <- n
				return
			}
			n++
			_ = tls.Server(c, trusting(tls.VersionTLS13)).Handshake()
			_ = c.Close()
		}
	}()
	_, err = endpoint.Dial(t.Context(), "tls://"+l.Addr().String()+",retry=3")
	var untrusted *tls.CertificateVerificationError
	if !errors.As(err, &untrusted) {
		t.Errorf("%v", err)
	}
	_ = l.Close()
	if n := <-tries; n != 1 {
		t.Errorf("it was tried %d times", n)
	}
}
