package nats

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"time"

	"github.com/duplex-go/duplex/endpoint"
	"github.com/nats-io/nats.go"
)

// connection is a connection to a server.
type connection struct {
	*nats.Conn
	dialer  *dialer
	name    string // host:port of the server, as it was written
	release func() // gives the embedded server back
}

// connect connects to the server of s. Without lasting it is lost when the
// connection below it is; with it the library connects again for ever.
func connect(ctx context.Context, s *endpoint.Spec, lasting bool, more ...nats.Option) (*connection, error) {
	a, err := target(s)
	if err != nil {
		return nil, err
	}
	c := &connection{name: a.host, dialer: &dialer{ctx: ctx}, release: func() {}}
	if a.host == embeddedHost {
		if c.name, c.release, err = startEmbedded(); err != nil {
			return nil, err
		}
	}
	options, err := connectOptions(ctx, s, a, c, lasting)
	if err != nil {
		c.release()
		return nil, err
	}
	stop := context.AfterFunc(ctx, c.dialer.cut)
	c.Conn, err = connectOnce(append(options, more...))
	if !stop() && err == nil {
		c.Conn.Close()
		err = ctx.Err()
	}
	c.dialer.opened()
	if err != nil {
		c.release()
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		return nil, explain(s, c, err)
	}
	return c, nil
}

func connectOnce(options []nats.Option) (*nats.Conn, error) {
	o := nats.GetDefaultOptions()
	for _, set := range options {
		if err := set(&o); err != nil {
			return nil, err
		}
	}
	return o.Connect()
}

// connectOptions returns what s says about a connection.
func connectOptions(ctx context.Context, s *endpoint.Spec, a address, c *connection, lasting bool) ([]nats.Option, error) {
	within := s.Options.Duration("timeout", openTime)
	if within == 0 {
		within = 24 * time.Hour // ctx ends it
	}
	if t, ok := ctx.Deadline(); ok {
		within = max(min(within, time.Until(t)), time.Millisecond)
	}
	servers := []string{"nats://" + c.name}
	for _, server := range s.Options.List("server") {
		host, _ := hostPort(server)
		servers = append(servers, "nats://"+host)
	}
	options := []nats.Option{
		func(o *nats.Options) error { o.Servers = servers; return nil },
		nats.Name("duplex " + a.subject),
		nats.Timeout(within),
		nats.SetCustomDialer(c.dialer),
		nats.SkipHostLookup(), // the dialer looks names up, and ctx ends that
		nats.ReconnectBufSize(-1),
		nats.NoCallbacksAfterClientClose(),
		nats.CustomInboxPrefix(inbox(s)),
	}
	if lasting {
		options = append(options, nats.MaxReconnects(-1), nats.ReconnectWait(250*time.Millisecond))
	} else {
		options = append(options, nats.NoReconnect())
	}
	if ping := s.Options.Duration("ping", pingTime); ping > 0 {
		options = append(options, nats.PingInterval(ping), nats.MaxPingsOutstanding(1))
	}
	auth, err := authOptions(s, a)
	if err != nil {
		return nil, err
	}
	return append(options, auth...), nil
}

// unnamed returns err without the name of the file that it is about: somebody may
// have written a secret where the name of its file was to stand.
func unnamed(err error) error {
	var path *os.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}

// authOptions returns how to log in, and what to trust.
func authOptions(s *endpoint.Spec, a address) (options []nats.Option, err error) {
	switch {
	case a.named:
		options = append(options, nats.UserInfo(a.user, a.password))
	case a.secret:
		options = append(options, nats.Token(a.user))
	}
	if file := s.Options.Text("creds"); file != "" {
		if _, err := os.Stat(file); err != nil {
			return nil, fmt.Errorf("option creds: %w", unnamed(err))
		}
		options = append(options, nats.UserCredentials(file))
	}
	if file := s.Options.Text("nkey"); file != "" {
		key, err := nats.NkeyOptionFromSeed(file)
		if err != nil {
			return nil, fmt.Errorf("option nkey: %w", unnamed(err))
		}
		options = append(options, key)
	}
	client := &endpoint.Spec{Scheme: s.Scheme, Target: "//" + a.host, Options: s.Options}
	if a.host == embeddedHost {
		client.Target += ":0"
	}
	config, err := client.ClientTLS()
	if err != nil {
		return nil, err
	}
	if !s.Options.Has("servername") {
		config.ServerName = "" // of several servers, the library takes the one that it dials
	}
	if s.Options.Flag("tls", false) {
		return append(options, nats.Secure(config)), nil
	}
	// For a server that asks for TLS; the library then does not go on without.
	return append(options, func(o *nats.Options) error { o.TLSConfig = config; return nil }), nil
}

func inbox(s *endpoint.Spec) string { return cmp.Or(s.Options.Text("inbox"), defaultInbox) }

// explain says why a server could not be reached.
func explain(s *endpoint.Spec, c *connection, err error) error {
	server := c.name
	host, _, _ := net.SplitHostPort(server)
	if errors.Is(err, nats.ErrNoServers) && c.dialer.failed != nil {
		err = c.dialer.failed // the library does not say why
	}
	switch {
	case errors.Is(err, nats.ErrAuthorization), errors.Is(err, nats.ErrAuthExpired):
		return fmt.Errorf("the server at %s does not let us in: %w", server, err)
	case errors.Is(err, nats.ErrSecureConnWanted):
		return fmt.Errorf("the server at %s does not speak TLS, which the option tls wants", server)
	case err == c.dialer.failed && len(s.Options.List("server")) > 0:
		return fmt.Errorf("none of the servers can be reached: %w", err)
	case err == c.dialer.failed:
		return err
	}
	if tls := endpoint.ExplainTLS(err, cmp.Or(s.Options.Text("servername"), host)); tls != err && !errors.Is(err, io.EOF) {
		return tls
	}
	return fmt.Errorf("the server at %s: %w", server, err)
}

// dialer makes the connections below those of the library, so that they can be
// cut: the library itself waits for a server that does not read.
type dialer struct {
	ctx context.Context // of the first connection

	mu     sync.Mutex
	open   bool // the first connection has been made
	last   net.Conn
	failed error // why the last one has not
}

func (d *dialer) Dial(network, address string) (net.Conn, error) {
	d.mu.Lock()
	ctx := d.ctx
	if d.open {
		ctx = context.Background()
	}
	d.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, openTime)
	defer cancel()
	c, err := new(net.Dialer).DialContext(ctx, network, address)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.failed = err
	if err != nil {
		return nil, err
	}
	d.last = c
	return c, nil
}

func (d *dialer) opened() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.open, d.ctx = true, nil
}

// cut closes the connection below.
func (d *dialer) cut() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.last != nil {
		_ = d.last.Close()
	}
}

// whenClosed calls done once nothing is delivered to sub any more. The library
// calls no handler that comes after the end.
func whenClosed(sub *nats.Subscription, done func()) {
	done = sync.OnceFunc(done)
	sub.SetClosedHandler(func(string) { done() })
	if !sub.IsValid() {
		done()
	}
}
