package quic

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"time"
)

// resolve looks up the addresses of host:port, the one to be tried first first.
func resolve(ctx context.Context, at string) ([]*net.UDPAddr, error) {
	host, port, _ := net.SplitHostPort(at)
	ips, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return nil, err
	}
	if len(ips) == 0 {
		return nil, fmt.Errorf("%s has no address", host)
	}
	number, err := net.DefaultResolver.LookupPort(ctx, "udp", port)
	if err != nil {
		return nil, err
	}
	var addrs []*net.UDPAddr
	for _, ip := range slices.Compact(ips) {
		addrs = append(addrs, &net.UDPAddr{IP: ip.Unmap().AsSlice(), Zone: ip.Zone(), Port: number})
	}
	return addrs, nil
}

// attemptDelay is how long an address has to answer before the next is tried as
// well: RFC 8305, section 8. Nothing else tells that nobody is there.
const attemptDelay = 250 * time.Millisecond

// dialFirst dials one address after the other, and returns what the first one to
// answer has made of it. What comes of another is given to drop. It returns when
// nothing that it has begun runs any more.
func dialFirst[C any](ctx context.Context, addrs []*net.UDPAddr, dial func(context.Context, *net.UDPAddr) (C, error), drop func(C)) (C, error) {
	ctx, cancel := context.WithCancel(ctx)
	type outcome struct {
		conn C
		err  error
	}
	outcomes := make(chan outcome)
	next, under := 0, 0 // the next address, and how many are tried now
	begin := func() {
		addr := addrs[next]
		next++
		under++
		go func() {
			c, err := dial(ctx, addr)
			outcomes <- outcome{c, err}
		}()
	}
	defer func() {
		cancel()
		for ; under > 0; under-- {
			if o := <-outcomes; o.err == nil {
				drop(o.conn)
			}
		}
	}()
	delay := time.NewTimer(attemptDelay)
	defer delay.Stop()
	begin()
	var failed error
	for {
		var late <-chan time.Time
		if next < len(addrs) {
			late = delay.C
		}
		select {
		case <-late:
			begin()
			delay.Reset(attemptDelay)
		case o := <-outcomes:
			under--
			switch {
			case o.err == nil:
				return o.conn, nil
			case !unanswered(o.err): // somebody is there, and does not want us or is not who we want
				return o.conn, o.err
			case failed == nil:
				failed = o.err
			}
			if next == len(addrs) && under == 0 {
				return o.conn, failed
			}
			if next < len(addrs) {
				begin()
				delay.Reset(attemptDelay)
			}
		}
	}
}

// unanswered reports whether an attempt has failed without a word from the peer.
func unanswered(err error) bool {
	var network net.Error // what sending says, or that the time is over
	return errors.As(err, &network)
}
