package endpoint

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/duplex-go/duplex"
)

// Ready finishes what a connection accepted from a listener of this package, as
// [duplex.FromConn] or a [duplex.Server] makes a stream of it, needs before its
// first byte: the TLS handshake, the PROXY header. It belongs
// into the connection's own goroutine, since a peer may take its time, up to
// the endpoint's timeout; the end of ctx ends it earlier. Before Ready a
// connection has its neighbour's address, afterwards that of the client which a
// PROXY header names.
//
// After an error the connection is closed. Without Ready the first Read or
// Write does the same, and what the connection carries takes a slower way.
func Ready(ctx context.Context, s duplex.Stream) (duplex.Stream, error) {
	p, ok := s.(*pending)
	if !ok {
		return s, nil
	}
	s, err := p.ready(ctx)
	if err != nil {
		return nil, &Error{"accept on", p.url, fmt.Errorf("from %v: %w", p.RemoteAddr(), reason(err))}
	}
	return s, nil
}

// pending is an accepted connection with something to be done before its first
// byte.
type pending struct {
	raw    duplex.Stream // until it is finished, deadlines and addresses are its own
	conn   net.Conn      // the same
	url    string        // of the listener
	within time.Duration // how long finish may take; 0 is without a bound
	finish func(context.Context) (duplex.Stream, error)

	once   sync.Once
	done   atomic.Pointer[duplex.Stream]
	err    error // of finish
	closed atomic.Bool
	limits limits
}

// pendingListener makes pending connections of those of a listener.
type pendingListener struct {
	net.Listener
	url    string
	within time.Duration
	admit  func(net.Conn) bool // nil admits all
	finish func(context.Context, net.Conn) (duplex.Stream, error)
}

func (l *pendingListener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if l.admit != nil && !l.admit(c) {
			_ = c.Close()
			continue
		}
		return &pending{
			raw: duplex.FromConn(c), conn: c, url: l.url, within: l.within,
			finish: func(ctx context.Context) (duplex.Stream, error) { return l.finish(ctx, c) },
		}, nil
	}
}

// URL returns the URL of the listener.
func (l *pendingListener) URL() string { return l.url }

// ready finishes the connection, or returns what came of that.
func (p *pending) ready(ctx context.Context) (duplex.Stream, error) {
	p.once.Do(func() {
		ctx, cancel := ctx, context.CancelFunc(func() {})
		if p.within > 0 {
			ctx, cancel = context.WithTimeoutCause(ctx, p.within, errSilent)
		}
		defer cancel()
		// All that finish does waits for the peer only.
		stopped := make(chan struct{})
		stop := context.AfterFunc(ctx, func() {
			defer close(stopped)
			_ = duplex.Abort(p.raw, nil)
		})
		s, err := p.finish(ctx)
		if !stop() {
			<-stopped
			if err == nil {
				_ = duplex.Abort(s, nil) // it came too late
			}
			err = context.Cause(ctx)
		}
		if err == nil {
			p.hand(s)
			if p.closed.Load() { // by a call that knew p.raw only
				_ = s.Close()
			}
			return
		}
		switch {
		case p.closed.Load():
			p.err = duplex.ErrClosed
		default:
			p.err = err
			_ = duplex.Abort(p.raw, nil)
		}
	})
	if s := p.done.Load(); s != nil {
		return *s, nil
	}
	return nil, p.err
}

// errSilent is the cause when a peer does not say what it has to say first.
var errSilent = errors.New("the peer took too long to begin")

func (p *pending) Read(b []byte) (int, error) {
	s, err := p.ready(context.Background())
	if err != nil {
		return 0, p.why(err)
	}
	return s.Read(b)
}

func (p *pending) Write(b []byte) (int, error) {
	s, err := p.ready(context.Background())
	if err != nil {
		return 0, p.why(err)
	}
	return s.Write(b)
}

func (p *pending) CloseWrite() error {
	s, err := p.ready(context.Background())
	if err != nil {
		return p.why(err)
	}
	return s.CloseWrite()
}

// why returns err as it is seen after Close.
func (p *pending) why(err error) error {
	if p.closed.Load() {
		return duplex.ErrClosed
	}
	return err
}

func (p *pending) Close() error {
	p.closed.Store(true)
	if s := p.done.Load(); s != nil {
		return (*s).Close()
	}
	return p.raw.Close()
}

// Abort cuts the connection.
func (p *pending) Abort(cause error) error {
	p.closed.Store(true)
	if s := p.done.Load(); s != nil {
		return duplex.Abort(*s, cause)
	}
	return duplex.Abort(p.raw, cause)
}

func (p *pending) LocalAddr() net.Addr { return p.addressed().LocalAddr() }

func (p *pending) RemoteAddr() net.Addr { return p.addressed().RemoteAddr() }

// addressed returns what knows most about the addresses.
func (p *pending) addressed() net.Conn {
	if s := p.done.Load(); s != nil {
		if c, ok := (*s).(net.Conn); ok {
			return c
		}
	}
	return p.conn
}

// CanCloseWrite reports what the finished stream says; until then it hopes.
func (p *pending) CanCloseWrite() bool {
	if s := p.done.Load(); s != nil {
		return duplex.CanCloseWrite(*s)
	}
	return true
}

func (p *pending) SetDeadline(t time.Time) error {
	return errors.Join(p.SetReadDeadline(t), p.SetWriteDeadline(t))
}

func (p *pending) SetReadDeadline(t time.Time) error {
	return p.limits.set(p.addressed, net.Conn.SetReadDeadline, &p.limits.read, t)
}

func (p *pending) SetWriteDeadline(t time.Time) error {
	return p.limits.set(p.addressed, net.Conn.SetWriteDeadline, &p.limits.write, t)
}

// limits are the deadlines of a pending connection. They bound finish, and then
// are the finished stream's own.
type limits struct {
	mu          sync.Mutex
	read, write time.Time
}

// set sets one of them on the connection that conn returns.
func (l *limits) set(conn func() net.Conn, set func(net.Conn, time.Time) error, kept *time.Time, t time.Time) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	*kept = t
	return set(conn(), t)
}

// hand makes s what the connection is from now on. Deadlines move from what
// finish began with to s: its own may be other than those below it.
func (p *pending) hand(s duplex.Stream) {
	l := &p.limits
	l.mu.Lock()
	defer l.mu.Unlock()
	p.done.Store(&s)
	c, ok := s.(net.Conn)
	if !ok || l.read.IsZero() && l.write.IsZero() {
		return
	}
	// These fail on a closed connection only, as its next use then does.
	_ = p.conn.SetDeadline(noDeadline)
	_ = c.SetReadDeadline(l.read)
	_ = c.SetWriteDeadline(l.write)
}
