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
// A connection's failure, a panic of its program included, ends that connection
// only.
type Server struct {
	// Handler is the program of every connection, unless Func is set. A TCP or
	// Unix connection that is silent for a while is waited for without a
	// goroutine (Linux); read deadlines are then to be set on the Conn, not on
	// what the listener has accepted.
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
	clock     clock         // of the handlers' connections
	poller    *poller       // of the handlers' connections; nil until there is one
}

// served is a connection of a server.
type served struct {
	stream  Stream
	conn    *Conn // nil where nothing but Func is
	remote  net.Addr
	host    netip.Addr // what MaxPerHost counts it under
	counted bool
	silence *silence

	ctx    context.Context // of Func; nil for a Handler, as is cancel
	cancel context.CancelCauseFunc
	cause  error // why the server gave it up; guarded by the server's mu
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
	s.checkPoller()
}

func (s *Server) isClosing() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closing
}

// accept starts the connection's goroutine, or closes what is too much.
func (s *Server) accept(conn net.Conn) {
	c := &served{stream: FromConn(conn), remote: conn.RemoteAddr()}
	if s.Func == nil || s.FirstByte > 0 || s.Idle > 0 || s.Observer != nil {
		c.conn = NewConn(c.stream)
		c.stream = c.conn
	}
	var p *program
	if s.Func != nil {
		c.ctx, c.cancel = context.WithCancelCause(context.Background())
	} else {
		p = s.program(c)
	}
	ok, dropped := s.admit(c)
	if !ok {
		if c.cancel != nil {
			c.cancel(nil)
		}
		_ = conn.Close()
		if dropped && s.Dropped != nil {
			s.Dropped(conn.LocalAddr(), c.remote)
		}
		return
	}
	go func() {
		if s.Observer != nil {
			c.conn.Observe(s.Observer, "")
		}
		c.silence = s.watch(c)
		if p != nil {
			p.run()
		} else {
			s.runFunc(c)
		}
	}()
}

// program makes the one that runs the handler on c. It waits without a
// goroutine where that can be had.
func (s *Server) program(c *served) *program {
	c.conn.claim()
	c.conn.clock = &s.clock
	p := &program{c: c.conn, h: &s.Handler, over: func(err error) { s.finish(c, err) }}
	if streamSocket(c.conn.below) == nil {
		return p
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.poller == nil {
		s.poller, _ = newPoller()
	}
	if p.poller = s.poller; p.poller != nil {
		c.conn.parking = p
	}
	return p
}

// runFunc serves one connection to its end.
func (s *Server) runFunc(c *served) {
	err := errExited
	defer func() {
		if err != nil {
			_ = Abort(c.stream, err)
		} else {
			drain, cancel := context.WithTimeout(c.ctx, drainTime)
			_ = Shutdown(drain, c.stream) // the peer may be gone, which is no failure now
			cancel()
		}
		s.finish(c, err)
		c.cancel(nil)
	}()
	err = protect(func() error { return s.Func(c.ctx, c.stream) })
}

// finish reports what c has failed with, if it has, and forgets it.
func (s *Server) finish(c *served, err error) {
	c.silence.stop()
	defer s.finished(c)
	s.mu.Lock()
	cause := c.cause
	s.mu.Unlock()
	if cause != nil && cause != ErrServerClosed {
		err = cause // why the server gave it up
	}
	if err == nil {
		return
	}
	// What the server's own closing makes of a connection is no failure.
	if _, panicked := err.(*PanicError); panicked || cause != ErrServerClosed {
		s.failed(c.remote, err)
	}
}

// giveUp aborts c because of cause.
func (s *Server) giveUp(c *served, cause error) {
	s.mu.Lock()
	if c.cause == nil {
		c.cause = cause
	}
	s.mu.Unlock()
	if c.cancel != nil {
		c.cancel(cause)
	}
	_ = Abort(c.stream, cause)
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

// checkPoller ends the poller when there is nothing left for it; s.mu is held.
func (s *Server) checkPoller() {
	if s.poller != nil && len(s.listeners) == 0 && len(s.conns) == 0 {
		s.poller.close()
		s.poller = nil
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
// of ctx's end. The server cannot serve again. A callback of the server's must not
// call it: it waits for them.
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
// return. Handlers see [ErrServerClosed]. As [Server.Shutdown], it must not be
// called from a callback.
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
		s.giveUp(c, ErrServerClosed)
	}
}
