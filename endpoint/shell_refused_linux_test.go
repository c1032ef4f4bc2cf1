package endpoint_test

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/duplex-go/duplex/endpoint"
)

// against runs a client against a listener of TLS, which says hello. refused is
// why there was nobody to say it to.
func (p shellPeer) against(t *testing.T, options string) (x *shell, refused error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	l, err := endpoint.Listen(ctx, "tls://127.0.0.1:0"+serverOptions()+options)
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(l.Addr().String())
	x = p.run(t, "127.0.0.1", port)
	s, err := endpoint.Accept(ctx, l)
	if err != nil {
		return x, err
	}
	_, err = io.WriteString(s, "hello\n")
	return x, errors.Join(err, s.CloseWrite(), s.Close())
}

// TestR81_ShellPeersRefuseACertificate has them not know who signed ours.
func TestR81_ShellPeersRefuseACertificate(t *testing.T) {
	for _, c := range []struct{ command, says string }{
		{"ncat -4 --ssl --ssl-verify localhost {port}", "Ncat: "}, // which says no more
		{"socat -t 60 - OPENSSL:localhost:{port},pf=ip4", "certificate verify failed"},
		{"openssl s_client -quiet -verify_return_error -connect {host}:{port}", "unable to get local issuer certificate"},
		{"node testdata/tls.js client default {host} {port} -", "UNABLE_TO_VERIFY_LEAF_SIGNATURE"},
	} {
		p := shellPeer{kind: "tls", role: "client", command: c.command}
		t.Run(p.name(), func(t *testing.T) {
			t.Parallel()
			x, refused := p.against(t, "")
			got, err := x.exit()
			if refused == nil {
				t.Error("we take it for a stream")
			}
			if got != "" || err == nil || !strings.Contains(x.said.String(), c.says) {
				t.Errorf("it prints %q, %v, and says %s", got, err, x.said.Bytes())
			}
		})
	}
}

// TestR81_WeRefuseShellPeersCertificates has us not know who signed theirs.
func TestR81_WeRefuseShellPeersCertificates(t *testing.T) {
	for _, p := range shellPeers {
		if p.kind != "tls" || p.role != "server" {
			continue
		}
		t.Run(p.name(), func(t *testing.T) {
			t.Parallel()
			host, port := freeAddr(t)
			p.run(t, host, port)
			_, err := endpoint.Dial(t.Context(), "tls://"+host+":"+port+",servername=localhost")
			for errors.Is(err, syscall.ECONNREFUSED) {
				time.Sleep(time.Millisecond) // until it listens
				_, err = endpoint.Dial(t.Context(), "tls://"+host+":"+port+",servername=localhost")
			}
			if err == nil || !strings.Contains(err.Error(), "nobody trusted") {
				t.Errorf("we get %v", err)
			}
		})
	}
}

// TestR81_OpenSSLShowsItsCertificate has a listener want one.
func TestR81_OpenSSLShowsItsCertificate(t *testing.T) {
	const client = "openssl s_client -quiet -verify_return_error -CAfile {ca} -connect {host}:{port}"
	wants := ",clientca=" + testCA().certFile
	x, refused := shellPeer{command: client}.against(t, wants)
	if got, err := x.exit(); refused == nil || got != "" || err == nil {
		t.Errorf("without one: %v; it prints %q, %v", refused, got, err)
	}
	x, refused = shellPeer{command: client + " -cert " + testClient().certFile + " -key " + testClient().keyFile}.against(t, wants)
	if got, err := x.exit(); refused != nil || got != "hello\n" || err != nil {
		t.Errorf("with one: %v; it prints %q, %v", refused, got, err)
	}
}
