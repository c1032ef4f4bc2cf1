package duplex

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"runtime"
	"sync"
	"syscall"
	"time"
)

// DefaultMaxConns is how many connections a Server holds at once: 10,000.
const DefaultMaxConns = 10_000

// Server serves the connections of listeners, each with a [Handler] or with a
// blocking function. The zero value with one of them set is ready to use; its
// fields must not change once it serves.
//
// A connection's failure, a panic included, ends that connection only.
type Server struct {
	// Handler is the program of every connection, unless Func is set.
	Handler Handler

	// Func serves one connection and returns when it is done with it. What it
	// gets is the listener's own connection where that is a [Stream]. When it
	// returns nil the connection is closed in order (see [Shutdown]), with two
	// seconds for the peer to end; an error aborts it. ctx ends when the
	// server gives the connection up.
	Func func(ctx context.Context, s Stream) error

	// MaxConns limits the connections at any time; those beyond it are closed
	// as soon as they are accepted. Zero means DefaultMaxConns, 10,000;
	// negative means no limit.
	MaxConns int

	// MaxPerHost limits the connections from one address at any time; those
	// beyond it are closed too. All of a /64 of IPv6 count as one. Zero means no
	// limit: behind a proxy all connections come from one address.
	MaxPerHost int

	// FirstByte bounds how long a connection may take to send its first byte,
	// a TLS handshake included. Zero means no bound: there are protocols in
	// which a client only listens.
	FirstByte time.Duration

	// Idle bounds how long nothing may move on a connection, in either
	// direction; it is noticed up to a quarter later. Zero means no bound.
	//
	// FirstByte and Idle abort a connection with an error that matches
	// [ErrIdle]. With one of them set, Func gets a [Conn].
	Idle time.Duration

	// Observer, if set, is told of every connection that is served, in the
	// goroutine that serves it. With it, Func gets a [Conn].
	Observer Observer

	// Dropped, if set, is told of a connection closed because of MaxConns or
	// MaxPerHost. It may be called concurrently.
	Dropped func(local, remote net.Addr)

	// Failed, if set, is told why a connection failed: an error of its own,
	// what Func returned, or a [PanicError]; and of accept errors that the
	// server waits out, with a nil remote. It may be called concurrently.
	Failed func(remote net.Addr, err error)

	mu        sync.Mutex
	listeners map[net.Listener]struct{}
	conns     map[*served]struct{}
	perHost   map[netip.Addr]int // how many of conns MaxPerHost counts
	closing   bool
	quit      chan struct{} // closed when closing; made with listeners
	idle      chan struct{} // closed when closing and no connection is left
}

// served is a connection of a server.
type served struct {
	stream  Stream
	conn    *Conn // nil where nothing but Func is
	cancel  context.CancelCauseFunc
	host    netip.Addr // what MaxPerHost counts it under
	counted bool
}

// Serve accepts connections from l until the server is shut down or closed, or
// l fails. It closes l. The error is never nil: [ErrServerClosed] after
// Shutdown or Close. When descriptors run out it waits, up to a second between
// tries, and goes on. A server may serve several listeners at once.
func (s *Server) Serve(l net.Listener) error {
	defer l.Close()
	if !s.track(l) {
		return ErrServerClosed
	}
	defer s.untrack(l)
	var delay time.Duration
	for {
		conn, err := l.Accept()
		switch {
		case err == nil:
			delay = 0
			s.accept(conn)
		case s.isClosing():
			return ErrServerClosed
		case temporary(err):
			delay = min(max(2*delay, 5*time.Millisecond), time.Second)
			s.failed(nil, fmt.Errorf("duplex: accept on %v: %w (again in %v)", l.Addr(), err, delay))
			s.pause(delay)
			if delay >= collectDelay && scarce(err) {
				runtime.GC()
			}
		default:
			return fmt.Errorf("duplex: accept on %v: %w", l.Addr(), err)
		}
	}
}

// collectDelay is how long a pause for want of descriptors is before it ends with
// a garbage collection: that closes the pipes of splice, which package net keeps
// for later, two descriptors each. A process that waits for descriptors allocates
// nothing and would not collect for minutes. It takes a few, at most one a second.
const collectDelay = 80 * time.Millisecond

// scarce reports whether there are no descriptors left.
func scarce(err error) bool {
	return errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE)
}

// pause waits for d, or until the server closes.
func (s *Server) pause(d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-s.quit:
	}
}

// temporary reports whether a later accept may work.
func temporary(err error) bool {
	for _, errno := range []syscall.Errno{syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM, syscall.ECONNABORTED, syscall.ECONNRESET} {
		if errors.Is(err, errno) {
			return true
		}
	}
	return false
}

func (s *Server) track(l net.Listener) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing {
		return false
	}
	if s.listeners == nil {
		s.listeners = make(map[net.Listener]struct{})
		s.quit = make(chan struct{})
	}
	s.listeners[l] = struct{}{}
	return true
}

func (s *Server) untrack(l net.Listener) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.listeners, l)
}

func (s *Server) isClosing() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closing
}

// accept starts the connection's goroutine, or closes what is too much.
func (s *Server) accept(conn net.Conn) {
	ctx, cancel := context.WithCancelCause(context.Background())
	c := &served{stream: FromConn(conn), cancel: cancel}
	if s.Func == nil || s.FirstByte > 0 || s.Idle > 0 || s.Observer != nil {
		c.conn = NewConn(c.stream)
		c.stream = c.conn
	}
	if s.Func == nil {
		c.conn.claim()
	}
	local, remote := conn.LocalAddr(), conn.RemoteAddr()
	ok, dropped := s.admit(c, remote)
	if !ok {
		cancel(nil)
		_ = conn.Close()
		if dropped && s.Dropped != nil {
			s.Dropped(local, remote)
		}
		return
	}
	go s.run(ctx, c, remote)
}

// run serves one connection to its end.
func (s *Server) run(ctx context.Context, c *served, remote net.Addr) {
	defer s.finished(c)
	defer c.cancel(nil)
	if s.Observer != nil {
		c.conn.Observe(s.Observer, "")
	}
	defer s.watch(c).stop()
	var err error
	if s.Func == nil {
		err = c.conn.pump(&s.Handler)
	} else if err = protect(func() error { return s.Func(ctx, c.stream) }); err != nil {
		_ = Abort(c.stream, err)
	} else {
		drain, cancel := context.WithTimeout(ctx, drainTime)
		_ = Shutdown(drain, c.stream) // the peer may be gone, which is no failure now
		cancel()
	}
	cause := context.Cause(ctx)
	if cause != nil && cause != ErrServerClosed {
		err = cause // why the server gave it up
	}
	if err == nil {
		return
	}
	// What the server's own closing makes of a connection is no failure.
	if _, panicked := err.(*PanicError); panicked || cause != ErrServerClosed {
		s.failed(remote, err)
	}
}

func (s *Server) failed(remote net.Addr, err error) {
	if s.Failed != nil {
		s.Failed(remote, err)
	}
}

// checkIdle wakes Shutdown when the last connection has gone; s.mu is held.
func (s *Server) checkIdle() {
	if s.closing && len(s.conns) == 0 && s.idle != nil {
		close(s.idle)
		s.idle = nil
	}
}

// Active returns how many connections are being served.
func (s *Server) Active() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.conns)
}

// Shutdown stops accepting, calls every connection's Handler.Shutdown, and
// waits until all connections have ended by themselves. When ctx ends first it
// aborts the rest, waits for their handlers to return, and returns the cause
// of ctx's end. The server cannot serve again.
func (s *Server) Shutdown(ctx context.Context) error {
	idle, conns := s.close()
	var calls sync.WaitGroup
	defer calls.Wait()
	if f := s.Handler.Shutdown; f != nil {
		for _, c := range conns {
			if s.Func == nil {
				calls.Go(func() { c.conn.offer(func() { f(c.conn) }) })
			}
		}
	}
	select {
	case <-idle:
		return nil
	case <-ctx.Done():
		s.abort()
		<-idle
		return context.Cause(ctx)
	}
}

// Close stops accepting, aborts every connection and waits for the handlers to
// return. Handlers see [ErrServerClosed].
func (s *Server) Close() error {
	idle, _ := s.close()
	s.abort()
	<-idle
	return nil
}

// close stops accepting. The channel is closed when no connection is left.
func (s *Server) close() (idle <-chan struct{}, conns []*served) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.quit != nil && !s.closing {
		close(s.quit)
	}
	s.closing = true
	for l := range s.listeners {
		_ = l.Close()
	}
	if s.idle == nil {
		s.idle = make(chan struct{})
	}
	idle = s.idle
	for c := range s.conns {
		conns = append(conns, c)
	}
	s.checkIdle()
	return idle, conns
}

// abort gives up every connection.
func (s *Server) abort() {
	s.mu.Lock()
	var conns []*served
	for c := range s.conns {
		conns = append(conns, c)
	}
	s.mu.Unlock()
	for _, c := range conns {
		c.cancel(ErrServerClosed)
		_ = Abort(c.stream, ErrServerClosed)
	}
}
