package nats_test

import (
	"crypto/tls"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/duplex-go/duplex/endpoint"
	"github.com/duplex-go/duplex/endpoint/internal/endpointtest"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nkeys"
)

// serverOf starts a server with NATS's own options.
func serverOf(t *testing.T, o *server.Options) string {
	t.Helper()
	o.Host, o.Port, o.NoSigs, o.NoLog = "127.0.0.1", -1, true, true
	s, err := server.NewServer(o)
	if err != nil {
		t.Fatal(err)
	}
	go s.Start()
	t.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
	if !s.ReadyForConnections(10 * time.Second) {
		t.Fatal("the server is not ready")
	}
	return "nats://" + s.Addr().String()
}

// talks checks that a stream carries something.
func talks(t *testing.T, url, options string) {
	t.Helper()
	l, err := endpoint.Listen(t.Context(), url+"/x"+options)
	if err != nil {
		t.Fatal(err)
	}
	talked := make(chan error, 1)
	go func() {
		s, err := endpoint.Dial(t.Context(), url+"/x"+options)
		if err == nil {
			_, err = io.WriteString(s, "hello")
			err = errors.Join(err, s.Close())
		} else {
			_ = l.Close()
		}
		talked <- err
	}()
	s, err := endpoint.Accept(t.Context(), l)
	if err == nil {
		_, err = io.ReadFull(s, make([]byte, 5))
		_ = s.Close()
	}
	if err := errors.Join(err, <-talked); err != nil {
		t.Error(err)
	}
}

func TestTheServersCertificateIsVerified(t *testing.T) {
	file := endpointtest.Certificate(t)
	pair, err := tls.LoadX509KeyPair(file, file)
	if err != nil {
		t.Fatal(err)
	}
	url := serverOf(t, &server.Options{TLS: true, TLSConfig: &tls.Config{Certificates: []tls.Certificate{pair}}, TLSTimeout: 10})
	talks(t, url, ",ca="+file)
	talks(t, url, ",tls,ca="+file)
	talks(t, url, ",insecure")
	for _, options := range []string{"", ",tls"} {
		_, err := endpoint.Dial(t.Context(), url+"/x"+options)
		if err == nil || !strings.Contains(err.Error(), "is signed by nobody trusted") {
			t.Errorf("%q: %v", options, err)
		}
	}
	_, err = endpoint.Dial(t.Context(), url+"/x,servername=other.example,ca="+file)
	if err == nil || !strings.Contains(err.Error(), "the certificate of other.example is for 127.0.0.1") {
		t.Errorf("under another name: %v", err)
	}
}

func TestAnNKeyOrATokenLogsIn(t *testing.T) {
	key, err := nkeys.CreateUser()
	if err != nil {
		t.Fatal(err)
	}
	public, err := key.PublicKey()
	if err != nil {
		t.Fatal(err)
	}
	seed, err := key.Seed()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "seed")
	if err := os.WriteFile(file, seed, 0o600); err != nil {
		t.Fatal(err)
	}
	talks(t, serverOf(t, &server.Options{Nkeys: []*server.NkeyUser{{Nkey: public}}}), ",nkey="+file)
	talks(t, strings.Replace(serverOf(t, &server.Options{Authorization: "t0ken"}), "//", "//t0ken@", 1), "")
}

// A password may hold what separates the parts of a URL, if it is written %40
// and %2F.
func TestAPasswordMayHoldAnything(t *testing.T) {
	url := serverOf(t, &server.Options{Username: "ann", Password: "a@b/c:d"})
	talks(t, strings.Replace(url, "//", "//ann:a%40b%2Fc:d@", 1), "")
}

// A seed in place of the file that holds it is not told (R62).
func TestR62_ASeedThatIsNoFileIsNotTold(t *testing.T) {
	url := serverOf(t, &server.Options{})
	for _, option := range []string{",nkey=", ",creds="} {
		_, err := endpoint.Dial(t.Context(), url+"/x"+option+"SUAS3CR3T")
		if !errors.Is(err, fs.ErrNotExist) || strings.Contains(err.Error(), "S3CR3T") {
			t.Errorf("%s: %v", option, err)
		}
	}
}

func TestAMissingPermissionIsAnErrorThatNamesIt(t *testing.T) {
	url := serverOf(t, &server.Options{Users: []*server.User{
		{Username: "open", Password: "p"},
		{Username: "ann", Password: "p", Permissions: &server.Permissions{
			Publish:   &server.SubjectPermission{Allow: []string{"svc", "_INBOX.>"}},
			Subscribe: &server.SubjectPermission{Allow: []string{"svc", "_INBOX.>"}},
		}},
	}})
	ann := strings.Replace(url, "//", "//ann:p@", 1)
	if _, err := endpoint.Dial(t.Context(), ann+"/other"); err == nil || !strings.Contains(err.Error(), `Permissions Violation for Publish to "other"`) {
		t.Errorf("dialling a subject that is not allowed: %v", err)
	}
	if _, err := endpoint.Listen(t.Context(), ann+"/other"); err == nil || !strings.Contains(err.Error(), `Permissions Violation for Subscription to "other"`) {
		t.Errorf("listening on it: %v", err)
	}
	if _, err := endpoint.Dial(t.Context(), ann+"/svc,inbox=else"); err == nil || !strings.Contains(strings.ToLower(err.Error()), `permissions violation`) {
		t.Errorf("with an inbox that is not allowed: %v", err)
	}
	l, err := endpoint.Listen(t.Context(), ann+"/svc")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	s, err := endpoint.Dial(t.Context(), ann+"/svc")
	if err != nil {
		t.Fatal(err)
	}
	_ = s.Close()
}
