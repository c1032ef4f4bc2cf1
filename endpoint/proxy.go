package endpoint

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"sync/atomic"

	"github.com/duplex-go/duplex"
)

// proxyOptions are about the PROXY protocol, in which a proxy tells who its
// client is.
var proxyOptions = []Option{
	{"proxy", Text, Always, "the PROXY protocol. Listening: every connection begins with a header, of version 1 or 2, that names the client. Dialling: send one of version 1 or 2 that names whom the stream is joined with"},
	{"proxyfrom", Range, ListenOnly, "who may send such headers; connections from others are closed; 127.0.0.0/8+::1"},
}

// ProxyProtocol reads and writes the headers of the PROXY protocol. Package
// endpoint/proxy brings one.
type ProxyProtocol interface {
	// Parse reads a whole header. Both addresses are nil if the header says
	// that the proxy speaks for itself, or for nobody it knows.
	Parse(header []byte) (client, server net.Addr, err error)
	// Format returns a header. It names nobody if an address is nil or not
	// one of TCP.
	Format(version int, client, server net.Addr) ([]byte, error)
}

var proxyProtocol atomic.Pointer[ProxyProtocol]

// RegisterProxyProtocol makes the option proxy work.
func RegisterProxyProtocol(p ProxyProtocol) { proxyProtocol.Store(&p) }

// checkProxy reports what is wrong with the options about the PROXY protocol.
func (s *Spec) checkProxy() error {
	version := s.Options.Text("proxy")
	switch {
	case !s.Options.Has("proxy"):
		if s.Options.Has("proxyfrom") {
			return usage("option proxyfrom is for the option proxy, which is not there")
		}
		return nil
	case s.Listens && version != "true" && version != "false":
		return usage("option proxy: when listening it has no value: both versions are understood")
	case !s.Listens && version != "1" && version != "2":
		return usage("option proxy: %q is not 1 or 2, the versions there are", version)
	case proxyProtocol.Load() == nil:
		return usage("option proxy needs the package endpoint/proxy in the program")
	}
	return nil
}

// proxied reports whether connections to s begin with a header.
func (s *Spec) proxied() bool { return s.Listens && s.Options.Text("proxy") == "true" }

// neighbours are the addresses of this machine alone.
var neighbours = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}

// proxyAdmits returns a function that tells who may connect to s. Whoever may
// send a header can claim to be anyone, and whoever does not send one would
// have its own bytes taken for one: so there are no others.
func (s *Spec) proxyAdmits() func(net.Conn) bool {
	if !s.proxied() {
		return nil
	}
	from := s.Options.Range("proxyfrom")
	if from == nil {
		from = neighbours
	}
	return func(c net.Conn) bool { return within(from, c.RemoteAddr()) }
}

// readProxy reads the header from c, if s says that there is one, and nothing
// behind it. The connection it returns has the addresses of the header.
func (s *Spec) readProxy(ctx context.Context, c net.Conn) (net.Conn, error) {
	if !s.proxied() {
		return c, nil
	}
	header, err := readHeader(c)
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return nil, fmt.Errorf("the peer hung up before its PROXY header was complete: %w", io.ErrUnexpectedEOF)
	case err != nil:
		return nil, err
	}
	client, server, err := (*proxyProtocol.Load()).Parse(header)
	if err != nil {
		return nil, fmt.Errorf("not a PROXY header: %w", err)
	}
	if client == nil || server == nil {
		client, server = c.RemoteAddr(), c.LocalAddr()
	}
	if allowed := s.Options.Range("range"); allowed != nil && !within(allowed, client) {
		return nil, fmt.Errorf("the PROXY header names %v, which is outside of range", client)
	}
	return &announced{duplex.Wrap(duplex.FromConn(c), duplex.Hooks{}), client, server}, nil
}

// announced is a connection whose addresses a header has named.
type announced struct {
	*duplex.Wrapped
	client, server net.Addr
}

func (a *announced) RemoteAddr() net.Addr { return a.client }
func (a *announced) LocalAddr() net.Addr  { return a.server }

// The longest headers. Version 1 has that limit in itself; the text of version 2
// would allow 64 KiB.
const (
	longestV1 = 107
	longestV2 = 4 << 10
)

const (
	signatureV1 = "PROXY "
	signatureV2 = "\r\n\r\n\x00\r\nQUIT\n"
)

// readHeader reads a header and not a byte more: what follows belongs to the
// connection, and may then take a way on which no buffer of ours lies.
func readHeader(r io.Reader) ([]byte, error) {
	p := make([]byte, len(signatureV2), 256) // no header is shorter
	if _, err := io.ReadFull(r, p); err != nil {
		return nil, err
	}
	if string(p) == signatureV2 {
		return readV2(r, p)
	}
	if string(p[:len(signatureV1)]) != signatureV1 {
		return nil, errors.New("the connection does not begin with a PROXY header")
	}
	for p[len(p)-1] != '\n' {
		if len(p) == longestV1 {
			return nil, fmt.Errorf("a PROXY header of more than %d bytes", longestV1)
		}
		p = append(p, 0)
		if _, err := io.ReadFull(r, p[len(p)-1:]); err != nil {
			return nil, err
		}
	}
	return p, nil
}

func readV2(r io.Reader, p []byte) ([]byte, error) {
	const fixed = 16
	p = append(p, 0, 0, 0, 0)
	if _, err := io.ReadFull(r, p[len(signatureV2):]); err != nil {
		return nil, err
	}
	size := int(p[14])<<8 | int(p[15])
	if fixed+size > longestV2 {
		return nil, fmt.Errorf("a PROXY header of %d bytes; the limit is %d", fixed+size, longestV2)
	}
	p = append(p, make([]byte, size)...)
	_, err := io.ReadFull(r, p[fixed:])
	return p, err
}

// joined is the key of the addresses that WithClient keeps.
type joined struct{}

type clientAddrs struct{ client, server net.Addr }

// WithClient returns a context for the dialling of a stream that will be joined
// with c: the option proxy tells the peer who c's client is.
func WithClient(ctx context.Context, c duplex.Stream) context.Context {
	a, ok := c.(interface {
		RemoteAddr() net.Addr
		LocalAddr() net.Addr
	})
	if !ok {
		return ctx
	}
	return context.WithValue(ctx, joined{}, clientAddrs{a.RemoteAddr(), a.LocalAddr()})
}

// writeProxy sends the header that s asks for.
func (s *Spec) writeProxy(ctx context.Context, c net.Conn) error {
	if s.Listens || !s.Options.Has("proxy") {
		return nil
	}
	version := s.Options.Count("proxy", 0)
	who, _ := ctx.Value(joined{}).(clientAddrs)
	header, err := (*proxyProtocol.Load()).Format(version, who.client, who.server)
	if err != nil {
		return fmt.Errorf("PROXY header: %w", err)
	}
	if deadline, ok := ctx.Deadline(); ok {
		_ = c.SetWriteDeadline(deadline)
		defer func() { _ = c.SetWriteDeadline(noDeadline) }()
	}
	_, err = c.Write(header)
	return err
}
