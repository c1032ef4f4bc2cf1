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
	"github.com/nats-io/jwt/v2"
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

// credentials is an operator with an account, and what a server needs to know of
// them.
type credentials struct {
	*testing.T
	account nkeys.KeyPair
	options server.Options
}

func newCredentials(t *testing.T) *credentials {
	t.Helper()
	operator, account := newKey(t, nkeys.CreateOperator), newKey(t, nkeys.CreateAccount)
	text, err := jwt.NewAccountClaims(public(t, account)).Encode(operator)
	if err != nil {
		t.Fatal(err)
	}
	accounts := &server.MemAccResolver{}
	if err := accounts.Store(public(t, account), text); err != nil {
		t.Fatal(err)
	}
	return &credentials{t, account, server.Options{TrustedKeys: []string{public(t, operator)}, AccountResolver: accounts}}
}

// user writes the credentials of a new user of the account into a file, after
// change has seen what they say.
func (c *credentials) user(change func(*jwt.UserClaims)) (file string) {
	c.Helper()
	user := newKey(c.T, nkeys.CreateUser)
	claims := jwt.NewUserClaims(public(c.T, user))
	change(claims)
	text, err := claims.Encode(c.account)
	if err != nil {
		c.Fatal(err)
	}
	seed, err := user.Seed()
	if err != nil {
		c.Fatal(err)
	}
	creds, err := jwt.FormatUserConfig(text, seed)
	if err != nil {
		c.Fatal(err)
	}
	file = filepath.Join(c.TempDir(), "user.creds")
	if err := os.WriteFile(file, creds, 0o600); err != nil {
		c.Fatal(err)
	}
	return file
}

func newKey(t *testing.T, create func() (nkeys.KeyPair, error)) nkeys.KeyPair {
	t.Helper()
	key, err := create()
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func public(t *testing.T, key nkeys.KeyPair) string {
	t.Helper()
	text, err := key.PublicKey()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// A file with a user's JWT and key logs in at a server that trusts the operator
// of the user's account.
func TestCredentialsLogIn(t *testing.T) {
	c := newCredentials(t)
	url := serverOf(t, &c.options)
	good := c.user(func(*jwt.UserClaims) {})
	talks(t, url, ",creds="+good)
	text, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	keyless := filepath.Join(t.TempDir(), "keyless.creds")
	jwtOnly, _, _ := strings.Cut(string(text), "-----BEGIN USER NKEY SEED")
	if err := os.WriteFile(keyless, []byte(jwtOnly), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ name, options, want string }{
		{"none", "", "Authorization Violation"},
		{"another account's", ",creds=" + newCredentials(t).user(func(*jwt.UserClaims) {}), "Authorization Violation"},
		{"some that have expired", ",creds=" + c.user(func(u *jwt.UserClaims) { u.Expires = 1 }), "Authorization Violation"},
		{"some for another network", ",creds=" + c.user(func(u *jwt.UserClaims) { u.Src.Set("192.0.2.0/24") }), "Authorization Violation"},
		{"some without a key", ",creds=" + keyless, "seed"},
	} {
		for open, how := range map[string]func() error{
			"dialling": func() error { return closed(endpoint.Dial(t.Context(), url+"/x"+test.options)) },
			"listening": func() error {
				return closed(endpoint.Listen(t.Context(), url+"/x"+test.options))
			},
		} {
			err := how()
			if err == nil || !strings.Contains(strings.ToLower(err.Error()), strings.ToLower(test.want)) || len(err.Error()) > 300 || strings.Contains(err.Error(), "\n") || strings.Contains(err.Error(), "-----") {
				t.Errorf("%s with %s: %v", open, test.name, err)
			}
		}
	}
	// What credentials do not allow is named.
	limited := c.user(func(u *jwt.UserClaims) {
		u.Pub.Allow.Add("x", "_INBOX.>")
		u.Sub.Allow.Add("x", "_INBOX.>")
	})
	talks(t, url, ",creds="+limited)
	_, err = endpoint.Listen(t.Context(), url+"/y,creds="+limited)
	if err == nil || !strings.Contains(err.Error(), `Permissions Violation for Subscription to "y"`) {
		t.Errorf("listening on a subject that is not allowed: %v", err)
	}
}

// closed closes what should not have been opened, and returns the error.
func closed[C io.Closer](c C, err error) error {
	if err == nil {
		_ = c.Close()
	}
	return err
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
