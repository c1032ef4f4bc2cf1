package duplex_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/internal/nametest"
)

// Group E, second part: connecting. It is net.Dialer's business, whose
// connections are streams; these tests hold what docs/node.md says of it.

// nodeDeadPort returns a port that nobody listens on.
func nodeDeadPort(t *testing.T) string {
	t.Helper()
	l := nodeListen(t)
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	nodeNoError(t, l.Close())
	return port
}

func TestE6_RefusedConnectNamesAddressAndPort(t *testing.T) {
	addr := net.JoinHostPort("127.0.0.1", nodeDeadPort(t))
	_, err := net.Dial("tcp", addr)
	var op *net.OpError
	if !errors.Is(err, syscall.ECONNREFUSED) || !errors.As(err, &op) {
		t.Fatalf("connecting to a dead port: %v", err)
	}
	if op.Op != "dial" || op.Net != "tcp" || op.Addr.String() != addr || !strings.Contains(err.Error(), addr) {
		t.Errorf("the error says %q", err)
	}
}

func TestE7_LiveAddressOfANameIsFound(t *testing.T) {
	addr := nodeServe(t, &duplex.Server{Handler: nodeEcho}) // on 127.0.0.1 only: ::1 is dead
	dialer := &net.Dialer{Resolver: nametest.Loopbacks(), Timeout: nodePatience}
	c, err := dialer.DialContext(t.Context(), "tcp", fmt.Sprintf("dual.test.:%d", addr.Port))
	if err != nil {
		t.Fatal(err)
	}
	s := duplex.NewConn(duplex.FromConn(c))
	nodeSay(t, s, "x")
	nodeNoError(t, s.CloseWrite())
	nodeHearEnd(t, s, "x")
	nodeNoError(t, s.Close())
}

// Node joins the errors of all attempts. Go's Dialer returns the first; who
// wants them all tries the addresses one by one.
func TestE7_DeadAddressesAreNamedEach(t *testing.T) {
	port := nodeDeadPort(t)
	names := nametest.Loopbacks()
	dialer := &net.Dialer{Resolver: names, Timeout: nodePatience}
	_, err := dialer.DialContext(t.Context(), "tcp", net.JoinHostPort("dual.test.", port))
	var op *net.OpError
	if !errors.As(err, &op) || op.Addr == nil {
		t.Errorf("the dialer's error: %v", err)
	}

	ips, err := names.LookupNetIP(t.Context(), "ip", "dual.test.")
	if err != nil || len(ips) != 2 {
		t.Fatalf("the name has the addresses %v, %v", ips, err)
	}
	var all error
	for _, ip := range ips {
		_, err := dialer.DialContext(t.Context(), "tcp", net.JoinHostPort(ip.String(), port))
		all = errors.Join(all, err)
	}
	for _, ip := range []string{"127.0.0.1", "::1"} {
		if want := netip.MustParseAddr(ip).String(); !strings.Contains(all.Error(), want) {
			t.Errorf("the joint error %q does not name %s", all, ip)
		}
	}
	if !errors.Is(all, syscall.ECONNREFUSED) {
		t.Errorf("the joint error: %v", all)
	}
}

func TestE12_DialWithACancelledContextFails(t *testing.T) {
	l := nodeListen(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	c, err := new(net.Dialer).DialContext(ctx, "tcp", l.Addr().String())
	if c != nil || !errors.Is(err, context.Canceled) {
		t.Errorf("dialled %v, %v", c, err)
	}
}

// The context of a dial is done with once there is a connection; Node's signal
// goes on to destroy the socket. That is one line more.
func TestE12_ContextOfADialIsNotTheConnections(t *testing.T) {
	broken := make(chan error, 1)
	addr := nodeServe(t, &duplex.Server{Handler: duplex.Handler{
		Data:  nodeEcho.Data,
		Error: func(_ *duplex.Conn, err error) { broken <- err },
	}})
	ctx, cancel := context.WithCancelCause(t.Context())
	c, err := new(net.Dialer).DialContext(ctx, "tcp", addr.String())
	if err != nil {
		t.Fatal(err)
	}
	lifetime, end := context.WithCancelCause(t.Context())
	conn := duplex.NewConn(duplex.FromConn(c))
	aborted := make(chan struct{})
	context.AfterFunc(lifetime, func() {
		_ = conn.Abort(context.Cause(lifetime))
		close(aborted)
	})
	cancel(errors.New("only the dial"))
	nodeSay(t, conn, "x")
	nodeHear(t, conn, "x")

	cause := errors.New("the connection too")
	end(cause)
	if err := conn.Wait(t.Context()); !errors.Is(err, cause) {
		t.Errorf("Wait returned %v", err)
	}
	nodeGet(t, "the abort", aborted)
	if err := nodeGet(t, "the server's error", broken); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("the server saw %v", err)
	}
}

func TestE15_UnixPathsThatAreNoListener(t *testing.T) {
	dir := t.TempDir()
	plain, stale := filepath.Join(dir, "plain"), filepath.Join(dir, "stale")
	if err := os.WriteFile(plain, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: stale, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	nodeNoError(t, l.Close())
	for _, tt := range []struct {
		name, path string
		want       []error
	}{
		{"plain file", plain, []error{syscall.ECONNREFUSED, syscall.ENOTSOCK}}, // Linux, others
		{"stale socket", stale, []error{syscall.ECONNREFUSED}},
		{"missing", filepath.Join(dir, "missing"), []error{syscall.ENOENT}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if runtime.GOOS == "windows" && tt.want[0] != syscall.ENOENT {
				t.Skip("Windows has its own codes for this")
			}
			c, err := net.Dial("unix", tt.path)
			matches := false
			for _, want := range tt.want {
				matches = matches || errors.Is(err, want)
			}
			if !matches || !strings.Contains(err.Error(), tt.path) {
				t.Errorf("connecting gave %v, %v; want one of %v and the path", c, err, tt.want)
			}
		})
	}
}
