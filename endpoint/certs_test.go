package endpoint_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// certificate is one with its key, in memory and in files.
type certificate struct {
	*x509.Certificate
	key       *ecdsa.PrivateKey
	pair      tls.Certificate
	certFile  string
	keyFile   string
	inOneFile string // both
}

// certDir is removed by TestMain.
var certDir = sync.OnceValue(func() string {
	dir, err := os.MkdirTemp("", "duplex-certs")
	if err != nil {
		panic(err)
	}
	return dir
})

// issue makes a certificate; parent nil signs it by itself.
func issue(name string, parent *certificate, change func(*x509.Certificate)) *certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	serial, _ := rand.Int(rand.Reader, big.NewInt(1<<62))
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		BasicConstraintsValid: true,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	if change != nil {
		change(template)
	}
	c := &certificate{key: key}
	signer, signerKey := template, key
	if parent != nil {
		signer, signerKey = parent.Certificate, parent.key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, signer, &key.PublicKey, signerKey)
	if err != nil {
		panic(err)
	}
	if c.Certificate, err = x509.ParseCertificate(der); err != nil {
		panic(err)
	}
	c.pair = tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		panic(err)
	}
	certPEM := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	keyPEM := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})
	write := func(kind string, p []byte) string {
		file := filepath.Join(certDir(), name+"."+kind)
		if err := os.WriteFile(file, p, 0o600); err != nil {
			panic(err)
		}
		return file
	}
	c.certFile, c.keyFile = write("crt", certPEM), write("key", keyPEM)
	c.inOneFile = write("pem", append(certPEM, keyPEM...))
	return c
}

// authority is a certificate that signs others.
func authority(name string) *certificate {
	return issue(name, nil, func(c *x509.Certificate) {
		c.IsCA, c.KeyUsage = true, x509.KeyUsageCertSign
	})
}

// loopback makes a certificate valid for this machine.
func loopback(c *x509.Certificate) {
	c.DNSNames, c.IPAddresses = []string{"localhost"}, []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback}
}

// The certificates of most tests.
var (
	testCA     = sync.OnceValue(func() *certificate { return authority("test-ca") })
	testServer = sync.OnceValue(func() *certificate { return issue("test-server", testCA(), loopback) })
	testClient = sync.OnceValue(func() *certificate { return issue("test-client", testCA(), nil) })
)

// serverOptions and clientOptions make the two trust each other.
func serverOptions() string { return ",cert=" + testServer().inOneFile }
func clientOptions() string { return ",ca=" + testCA().certFile }

// trusting is a configuration for both sides of Go's own TLS.
func trusting(version uint16) *tls.Config {
	pool := x509.NewCertPool()
	pool.AddCert(testCA().Certificate)
	return &tls.Config{
		RootCAs: pool, ServerName: "localhost", MinVersion: version, MaxVersion: version,
		Certificates: []tls.Certificate{testServer().pair},
	}
}
