package all_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/endpoint"
	"github.com/duplex-go/duplex/endpoint/internal/endpointtest"
)

// open opens a stream with the fault in its way. ok is false if the two ends have
// not met.
func (b *testBed) open(t *testing.T, c *chaos) (near, far duplex.Stream, ok bool) {
	way := []endpointtest.Way{endpointtest.ToServer, endpointtest.ToClient}[c.sender]
	f := endpointtest.Faults{Seed: c.Seed, Way: way, Exact: true}
	if c.bytes != nil {
		c.bytes(c, &f)
	}
	switch c.transport {
	case "pair":
		return carriedPair(t, f)
	case "exec":
		return carriedExec(t, c, f)
	case "quic":
		return b.openQUIC(t, c, way)
	}
	own := c.options()
	var listen, dial string
	switch c.transport {
	case "tcp":
		listen = "tcp://127.0.0.1:0"
	case "tls":
		listen, dial = "tls://127.0.0.1:0,cert="+b.cert+own, ",ca="+b.cert+own
	case "ws":
		listen, dial = "ws://127.0.0.1:0/r80"+own, "/r80"+own
	case "unix":
		listen = "unix:" + shortDir(t) + "/s"
	case "nats":
		dial = fmt.Sprintf("/r80.%s.%d.%d,window=64k%s", c.fault.name, c.sender, c.Seed, own)
		listen = b.hub.URL() + dial
	}
	l, err := endpoint.Listen(t.Context(), listen)
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF) && c.breaks && c.transport == "nats":
		return nil, nil, false // with so little patience a server that is busy counts as gone
	case err != nil:
		t.Fatal(err)
	}
	defer l.Close()
	network, at := "tcp", "127.0.0.1:0" // of the proxy
	target, scheme := l.Addr().String(), c.transport+"://"
	switch c.transport {
	case "nats":
		target = b.hub.Addr()
	case "unix":
		network, at, scheme = "unix", shortDir(t)+"/p", "unix:"
	}
	if c.bytes != nil {
		target = endpointtest.NewProxyOn(t, network, at, target, f).Addr()
	}
	return endpointtest.Meet(t, l, scheme+target+dial)
}

// options are those of a stream that pings, or begins by a handshake.
func (c *chaos) options() string {
	o := ""
	if c.pings() {
		o = ",ping=1s" // what a proxy that is gone leaves of a connection goes soon
	}
	if c.breaks {
		o = ",timeout=500ms" // what has broken before it has begun
		if c.pings() {
			o += fmt.Sprint(",ping=", shortPing)
		}
	}
	return o
}

// openQUIC opens a stream of a QUIC connection.
func (b *testBed) openQUIC(t *testing.T, c *chaos, way endpointtest.Way) (near, far duplex.Stream, ok bool) {
	// Streams to one place share a connection, and a proxy may get the port of
	// one that is gone: windows of their own keep them apart.
	own := fmt.Sprint(",window=", 64<<10+b.opened.Add(1), c.options())
	l, err := endpoint.Listen(t.Context(), "quic://127.0.0.1:0,cert="+b.cert+own)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	target := l.Addr().String()
	if c.packets != nil {
		f := endpointtest.PacketFaults{Seed: c.Seed, Way: way, Exact: true}
		c.packets(c, &f)
		target = endpointtest.NewPackets(t, target, f).Addr()
	}
	wait := 20 * time.Second
	if c.breaks { // a stream whose first byte is lost is never accepted
		wait = 2 * time.Second
	}
	stop := time.AfterFunc(wait, func() { _ = l.Close() })
	defer stop.Stop()
	return endpointtest.Meet(t, l, "quic://"+target+",ca="+b.cert+own)
}

// carriedPair puts the fault between two pairs.
func carriedPair(t *testing.T, f endpointtest.Faults) (near, far duplex.Stream, ok bool) {
	near, x := duplex.Pair()
	far, y := duplex.Pair()
	gone, carried := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(carried)
		f.Carry(x, y, 0, gone)
	}()
	t.Cleanup(func() {
		close(gone)
		<-carried
	})
	return near, far, true
}

// carriedExec puts the fault between a command and who is behind it. What is reset
// is the command: it is killed.
func carriedExec(t *testing.T, c *chaos, f endpointtest.Faults) (near, far duplex.Stream, ok bool) {
	through := func(to string) string { return to }
	var pid atomic.Int64
	if c.bytes != nil {
		if c.fault.name == "reset" {
			f.Kill = func() { kill(t, int(pid.Load())) }
		}
		through = func(to string) string { return endpointtest.NewProxy(t, to, f).Addr() }
	}
	s, number := behindProxy(t, "exec", "", through)
	pid.Store(int64(number))
	return s.near, s.far, true
}

// kill ends a process at once. Its number is nobody else's yet: who has started it
// has not closed it.
func kill(t *testing.T, pid int) {
	p, err := os.FindProcess(pid)
	if err == nil {
		err = p.Kill()
		_ = p.Release()
	}
	if err != nil && !errors.Is(err, os.ErrProcessDone) {
		t.Error(err)
	}
}
