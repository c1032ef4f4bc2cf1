// Package hub runs a NATS server within the program: for one machine, for tests,
// or as one of a cluster. Importing it makes nats://embedded work.
//
// It is a room of its own, since a server weighs more than all else that duplex
// brings along.
package hub

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"sync"
	"time"

	"github.com/duplex-go/duplex/endpoint/nats"
	"github.com/nats-io/nats-server/v2/server"
)

func init() {
	nats.Embed(func() (string, func(), error) {
		h, err := Config{}.Start(context.Background())
		if err != nil {
			return "", nil, err
		}
		return h.Addr(), h.Close, nil
	})
}

// Config says what a hub listens on. The zero value is a hub for this machine
// alone, on a free port.
type Config struct {
	// Addr is where clients connect, host:port. Without a host it is this
	// machine, and port 0 is a free one. Empty is 127.0.0.1:0.
	Addr string

	// Name is the hub's name in a cluster; empty draws one.
	Name string
	// Cluster is where the other hubs of a cluster connect, as Addr. Empty is
	// nowhere, unless there are Routes: then it is 127.0.0.1:0.
	Cluster string
	// ClusterName is the cluster's name, which all of its hubs must have. Empty
	// is "duplex".
	ClusterName string
	// Routes are the cluster addresses, host:port, of other hubs. One is enough
	// to get to know all of them. They need not be there yet.
	Routes []string

	// User and Password are what clients have to log in with, and hubs with each
	// other, so that all of a cluster must have the same. Empty lets in anybody
	// who can connect.
	User, Password string
	// MaxPayload is the largest message, in bytes, of at most 64 MiB. Zero is 1
	// MiB.
	MaxPayload int
}

// startTime is how long a hub may take to listen.
const startTime = 10 * time.Second

// Hub is a server that runs. Its methods may be called from any goroutine.
type Hub struct {
	server *server.Server
	addr   string // a server that has been shut down has none
	routes string // where other hubs connect
	served sync.WaitGroup
	shut   sync.Once
}

// Start starts a hub, and returns once clients can connect. The end of ctx ends
// the starting only.
func (c Config) Start(ctx context.Context) (*Hub, error) {
	o, err := c.options()
	if err != nil {
		return nil, err
	}
	if ctx.Err() != nil {
		return nil, fmt.Errorf("hub: %w", context.Cause(ctx))
	}
	s, err := server.NewServer(o)
	if err != nil {
		return nil, fmt.Errorf("hub: %w", err)
	}
	failed := &complaints{}
	s.SetLoggerV2(failed, false, false, false)
	h := &Hub{server: s}
	h.served.Go(s.Start)
	bound, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	for !s.ReadyForConnections(50*time.Millisecond) || o.Cluster.Port != 0 && s.ClusterAddr() == nil {
		fatal := failed.fatal()
		if fatal == nil {
			fatal = context.Cause(bound)
		}
		if fatal != nil {
			h.Close()
			return nil, fmt.Errorf("hub on %s: %w", cmp.Or(c.Addr, "127.0.0.1:0"), fatal)
		}
	}
	h.addr = s.Addr().String()
	if a := s.ClusterAddr(); a != nil {
		h.routes = a.String()
	}
	return h, nil
}

// options returns the server's.
func (c Config) options() (*server.Options, error) {
	switch {
	case c.MaxPayload < 0 || c.MaxPayload > server.MAX_PENDING_SIZE:
		return nil, fmt.Errorf("hub: messages of %d bytes: want 0 to %d", c.MaxPayload, server.MAX_PENDING_SIZE)
	case c.User == "" && c.Password != "":
		return nil, errors.New("hub: a password without a user would let in anybody")
	}
	o := &server.Options{
		ServerName: c.Name,
		NoSigs:     true, // a program handles its signals itself
		Username:   c.User,
		Password:   c.Password,
		MaxPayload: int32(c.MaxPayload),
	}
	var err error
	if o.Host, o.Port, err = split(cmp.Or(c.Addr, "127.0.0.1:0")); err != nil {
		return nil, err
	}
	if c.Cluster == "" && len(c.Routes) == 0 {
		return o, nil
	}
	o.Cluster.Name = cmp.Or(c.ClusterName, "duplex")
	if o.Cluster.Host, o.Cluster.Port, err = split(cmp.Or(c.Cluster, "127.0.0.1:0")); err != nil {
		return nil, err
	}
	// Whoever has a route may send and hear everything.
	o.Cluster.Username, o.Cluster.Password = c.User, c.Password
	var login *url.Userinfo
	if c.User != "" {
		login = url.UserPassword(c.User, c.Password)
	}
	for _, route := range c.Routes {
		if _, _, err := net.SplitHostPort(route); err != nil {
			return nil, fmt.Errorf("hub: route %q is not host:port", route)
		}
		o.Routes = append(o.Routes, &url.URL{Scheme: "nats-route", Host: route, User: login})
	}
	return o, nil
}

// split returns an address as the server takes it, where -1 is a free port.
func split(addr string) (host string, port int, err error) {
	host, text, err := net.SplitHostPort(addr)
	if err != nil {
		return "", 0, fmt.Errorf("hub: %q is not host:port", addr)
	}
	n, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		return "", 0, fmt.Errorf("hub: %q has no port between 0 and 65535", addr)
	}
	if n == 0 {
		return cmp.Or(host, "127.0.0.1"), -1, nil
	}
	return cmp.Or(host, "127.0.0.1"), int(n), nil
}

// Addr returns where clients connect, host:port, or did before Close.
func (h *Hub) Addr() string { return h.addr }

// URL returns where clients connect, as nats://host:port.
func (h *Hub) URL() string { return "nats://" + h.Addr() }

// ClusterAddr returns where other hubs connect, or did before Close, or "" if
// none can.
func (h *Hub) ClusterAddr() string { return h.routes }

// Peers returns to how many other hubs of the cluster there are routes.
func (h *Hub) Peers() int {
	peers := make(map[string]bool)
	routes, err := h.server.Routez(nil)
	if err != nil {
		return 0 // it is shutting down
	}
	for _, r := range routes.Routes {
		peers[r.RemoteID] = true
	}
	return len(peers)
}

// Close ends the hub and every connection to it, and returns when nothing of it
// runs any more.
func (h *Hub) Close() {
	h.shut.Do(func() {
		h.server.Shutdown()
		h.server.WaitForShutdown()
		h.served.Wait()
	})
}

// complaints are what a server logs that it cannot go on with.
type complaints struct {
	mu    sync.Mutex
	first error
}

func (c *complaints) fatal() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.first
}

func (c *complaints) Fatalf(format string, v ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.first == nil {
		c.first = fmt.Errorf(format, v...)
	}
}

func (c *complaints) Noticef(string, ...any) {}
func (c *complaints) Warnf(string, ...any)   {}
func (c *complaints) Errorf(string, ...any)  {}
func (c *complaints) Debugf(string, ...any)  {}
func (c *complaints) Tracef(string, ...any)  {}
