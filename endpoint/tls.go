package endpoint

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strings"

	"github.com/duplex-go/duplex"
)

func tlsScheme() Scheme {
	return Scheme{
		Name:    "tls",
		Form:    "tls://host:port",
		Summary: "TLS 1.2 or newer over TCP; the server's certificate must be valid for the host",
		Ends:    "an end is a close_notify and the other direction goes on, though many peers then end too; a connection that is cut without one is an error, never an end; an abort cuts it",
		Options: slices.Concat(tlsOptions, tcpOptions, proxyOptions, listenOptions, servingOptions, silenceOptions),
		Check: func(s *Spec) error {
			if err := s.CheckTLS(); err != nil {
				return err
			}
			return errors.Join(s.checkHostPort(), s.checkProxy())
		},
		Dial: func(ctx context.Context, s *Spec) (duplex.Stream, error) {
			config, err := s.ClientTLS()
			if err != nil {
				return nil, err
			}
			c, err := dialTCP(ctx, s)
			if err != nil {
				return nil, err
			}
			t, err := shake(ctx, c, config, tls.Client)
			if err != nil {
				return nil, ExplainTLS(err, config.ServerName)
			}
			return t, nil
		},
		Listen: func(ctx context.Context, s *Spec) (net.Listener, error) {
			config, err := s.ServerTLS()
			if err != nil {
				return nil, err
			}
			l, err := listenTCP(ctx, s)
			if err != nil {
				return nil, err
			}
			return &pendingListener{
				Listener: l, url: "tls://" + l.Addr().String(), within: s.timeout(), admit: s.proxyAdmits(),
				finish: func(ctx context.Context, c net.Conn) (duplex.Stream, error) {
					below, err := s.readProxy(ctx, c)
					if err != nil {
						return nil, err
					}
					t, err := shake(ctx, below, config, tls.Server)
					if err != nil {
						return nil, ExplainTLS(err, "")
					}
					return t, nil
				},
			}, nil
		},
	}
}

// CheckTLS reports what is wrong with the options of TLS in s; those of a server
// matter if it listens.
func (s *Spec) CheckTLS() error {
	switch {
	case s.Listens && !s.Options.Has("cert"):
		return usage("a server needs a certificate: cert=FILE, and key=FILE if that is another file")
	case s.Options.Has("key") && !s.Options.Has("cert"):
		return usage("option key needs the certificate it belongs to: cert=FILE")
	case s.Options.Flag("insecure", false) && s.Options.Has("ca"):
		return usage("options ca and insecure exclude each other: one verifies, the other does not")
	}
	return nil
}

var tlsOptions = []Option{
	{"ca", Text, DialOnly, "a PEM file with the certificates to trust, in place of those of the system"},
	{"servername", Text, DialOnly, "the name that the certificate must be valid for; the host"},
	{"insecure", Flag, DialOnly, "talk to anybody who answers, be it an attacker: the certificate is not verified; false"},
	{"cert", Text, Always, "a PEM file with our own certificate and those between it and its root"},
	{"key", Text, Always, "a PEM file with the certificate's private key; the file of cert"},
	{"clientca", Text, ListenOnly, "a PEM file: only clients with a certificate from one of these are let in; anybody"},
	{"alpn", Text, Always, "the protocols to offer, the first one first, with + between them; none"},
	{"timeout", Duration, Always, "how long one attempt to connect may take, the handshake included, also when listening; 10s, 0 is without a bound"},
	retryOption,
}

// tlsConfig returns what both sides of s have in common.
func (s *Spec) tlsConfig() (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if alpn := s.Options.Text("alpn"); alpn != "" {
		config.NextProtos = strings.Split(alpn, "+")
	}
	cert := s.Options.Text("cert")
	if cert == "" {
		return config, nil
	}
	key := s.Options.Text("key")
	if key == "" {
		key = cert
	}
	chain, err := os.ReadFile(cert)
	if err != nil {
		return nil, fmt.Errorf("option cert: %w", err)
	}
	private, err := os.ReadFile(key)
	if err != nil {
		return nil, fmt.Errorf("option key: %w", err)
	}
	pair, err := tls.X509KeyPair(chain, private)
	if err != nil {
		return nil, fmt.Errorf("options cert and key, %s and %s: %s", cert, key, strings.TrimPrefix(err.Error(), "tls: "))
	}
	config.Certificates = []tls.Certificate{pair}
	return config, nil
}

// ClientTLS returns what the options of TLS in s say to a client. The name to be
// verified is the option servername, or the host of an address host:port.
func (s *Spec) ClientTLS() (*tls.Config, error) {
	config, err := s.tlsConfig()
	if err != nil {
		return nil, err
	}
	if config.RootCAs, err = s.pool("ca"); err != nil {
		return nil, err
	}
	config.ServerName = s.Options.Text("servername")
	if config.ServerName == "" {
		addr, err := s.hostPort()
		if err != nil {
			return nil, err
		}
		config.ServerName, _, _ = net.SplitHostPort(addr)
	}
	if s.Options.Flag("insecure", false) {
		config.InsecureSkipVerify = true
	}
	return config, nil
}

// ServerTLS returns what the options of TLS in s say to a server.
func (s *Spec) ServerTLS() (*tls.Config, error) {
	config, err := s.tlsConfig()
	if err != nil {
		return nil, err
	}
	if config.ClientCAs, err = s.pool("clientca"); err != nil {
		return nil, err
	}
	if config.ClientCAs != nil {
		config.ClientAuth = tls.RequireAndVerifyClientCert
	}
	return config, nil
}

// pool returns the certificates in the file that an option names, or nil.
func (s *Spec) pool(option string) (*x509.CertPool, error) {
	file := s.Options.Text(option)
	if file == "" {
		return nil, nil
	}
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("option %s: %w", option, err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("option %s: no certificate in %s", option, file)
	}
	return pool, nil
}

// ExplainTLS says why a handshake failed and what can be done about it. name is
// what the peer had to prove to be, or "" where it is a client.
func ExplainTLS(err error, name string) error {
	var (
		untrusted *tls.CertificateVerificationError
		authority x509.UnknownAuthorityError
		host      x509.HostnameError
		invalid   x509.CertificateInvalidError
		record    tls.RecordHeaderError
	)
	who := "the client's certificate"
	how := "clientca=FILE names those who may sign one"
	if name != "" {
		who = fmt.Sprintf("the certificate of %s", name)
		how = "to trust it, write ca=FILE with its own or its signer's certificate"
	}
	switch {
	case errors.As(err, &record):
		return &tlsError{"the peer does not speak TLS", err}
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return &tlsError{"the peer hung up during the TLS handshake", io.ErrUnexpectedEOF}
	case !errors.As(err, &untrusted):
		return err
	case errors.As(err, &host):
		valid := host.Certificate.DNSNames
		for _, ip := range host.Certificate.IPAddresses {
			valid = append(valid, ip.String())
		}
		names := "no name"
		if len(valid) > 0 {
			names = strings.Join(valid, ", ")
		}
		return &tlsError{fmt.Sprintf("%s is for %s; if one of them is meant, write servername=NAME", who, names), err}
	case errors.As(err, &authority):
		return &tlsError{fmt.Sprintf("%s is signed by nobody trusted (%s); %s", who, issuer(untrusted), how), err}
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		c := invalid.Cert
		return &tlsError{fmt.Sprintf("%s is valid from %s to %s only; its owner has to renew it",
			who, c.NotBefore.UTC().Format("2006-01-02 15:04"), c.NotAfter.UTC().Format("2006-01-02 15:04 MST")), err}
	}
	return &tlsError{fmt.Sprintf("%s: %v; %s", who, strings.TrimPrefix(untrusted.Err.Error(), "x509: "), how), err}
}

// issuer says who signed what the peer sent.
func issuer(e *tls.CertificateVerificationError) string {
	if len(e.UnverifiedCertificates) == 0 {
		return "there is none"
	}
	c := e.UnverifiedCertificates[0]
	if c.Issuer.String() == c.Subject.String() {
		return "it is self-signed"
	}
	return fmt.Sprintf("by %q", c.Issuer.String()) // quoted, since the peer chose it
}

// tlsError is a failed handshake, in words.
type tlsError struct {
	text string
	err  error
}

func (e *tlsError) Error() string { return e.text }
func (e *tlsError) Unwrap() error { return e.err }

// Warnings returns what an operator should be told about s although it works.
func (s *Spec) Warnings() []string {
	if s.Options.Flag("insecure", false) {
		return []string{s.String() + ": the certificate is not verified: anybody may be at the other end"}
	}
	return nil
}
