// Package relay runs joins between two endpoints: it opens them, puts codecs,
// taps and limits where they belong, and joins them, once or for every
// connection of a listener.
package relay

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/endpoint"
	"github.com/duplex-go/duplex/tap"
)

// DefaultMax is how many connections of a forking listener are served at once
// unless its option max says otherwise.
const DefaultMax = 256

// Relay says what to join and how. Its zero value with both endpoints set joins
// them once. It must not change while it runs.
type Relay struct {
	A, B *endpoint.Spec

	// Codec, if set, stands between the two: what flows from A to B is encoded,
	// what flows from B to A decoded. Either may be the zero transform.
	Codec *duplex.Codec

	// Taps, if set, returns the taps of one join; they see the bytes on A's side
	// of the codec. They are closed when the join is over, if they are
	// io.Closers.
	Taps func(join Info) ([]tap.Tap, error)

	// Rate bounds the bytes a second of each direction; zero does not.
	Rate int64
	// MaxBytes bounds the bytes of each direction of one join; more is a
	// failure that matches [ErrTooLarge]. Zero does not.
	MaxBytes int64
	// Timeout bounds each join as a whole; its end is a failure that matches
	// os.ErrDeadlineExceeded. Zero does not.
	Timeout time.Duration

	// End, Linger and Idle are those of [duplex.Joiner]. The endpoints' options
	// idle and linger come before them; of two, the shorter one.
	End    duplex.EndPolicy
	Linger time.Duration
	Idle   time.Duration

	// Grace is how long joins may take to end after the context has ended; see
	// [Relay.Run]. Zero means five seconds, negative none.
	Grace time.Duration

	// Observer, if set, is told of every join; see [duplex.Joiner]. The streams
	// are called what the endpoints are.
	Observer duplex.Observer

	// Events are told what happens. Its functions may be nil, and may be called
	// concurrently.
	Events Events

	live    sync.Map // of *duplex.Traffic, the joins under way
	ab, ba  atomic.Int64
	serials atomic.Int64
}

// Events are told what a relay does.
type Events struct {
	Listening func(url string)
	Opened    func(join Info)
	Ended     func(join Info, result duplex.Result, took time.Duration, err error)
	// Failed is told of what is wrong besides a join that was opened.
	Failed func(err error)
}

// Info says which join an event is about.
type Info struct {
	ID   int64  // counts the joins of a relay from 1
	Peer string // the address of who connected to a listener, or ""
}

// Traffic returns how many bytes have gone each way so far, over all joins.
func (r *Relay) Traffic() (ab, ba int64) {
	ab, ba = r.ab.Load(), r.ba.Load()
	r.live.Range(func(t, _ any) bool {
		ab += t.(*duplex.Traffic).AB()
		ba += t.(*duplex.Traffic).BA()
		return true
	})
	return ab, ba
}

// Check reports what is wrong with the endpoints in themselves; its error
// matches endpoint.ErrUsage.
func (r *Relay) Check() error {
	switch {
	case r.A.Scheme.Name == "stdio" && r.B.Scheme.Name == "stdio":
		return wrong("both ends are standard input and output")
	case forks(r.A) && forks(r.B):
		return wrong("both ends fork: only one can")
	case onlyWritten(r.A) && onlyWritten(r.B):
		return wrong("both ends are only written: neither has anything to say")
	}
	return nil
}

// onlyWritten reports whether nothing ever comes from s.
func onlyWritten(s *endpoint.Spec) bool {
	if s.Scheme.Name != "file" || s.Options.Flag("read", false) {
		return false
	}
	return s.Options.Flag("write", false) || s.Options.Flag("append", false) || s.Options.Flag("create", false)
}

func wrong(text string) error { return fmt.Errorf("%w: %s", endpoint.ErrUsage, text) }

func forks(s *endpoint.Spec) bool { return s.Listens && s.Options.Flag("fork", false) }

// Run joins the endpoints until the join is over, or, with a listener that
// forks, for every connection until ctx ends.
//
// The end of ctx ends an opening at once, which is a failure: the context's
// cause. A join it stops in order, see [duplex.Joiner]: what has been read is
// written, and the ends are passed on. What has not been written by the end of
// Grace is cut off: an error that matches [ErrCut]. Without that the error is
// nil.
//
// A forking listener stops listening and lets its joins end by themselves until
// a second before the end of Grace, or for half of it if that is shorter. Then
// it stops the rest in the same way, and less than a second after the end of
// Grace it cuts off what is left.
func (r *Relay) Run(ctx context.Context) error {
	if err := r.Check(); err != nil {
		return err
	}
	switch {
	case forks(r.A):
		return r.serve(ctx, r.A, r.B)
	case forks(r.B):
		return r.serve(ctx, r.B, r.A)
	}
	a, err := r.open(ctx, r.A)
	if err != nil {
		return err
	}
	// Who came to A is who a PROXY header to B names.
	b, err := r.open(endpoint.WithClient(ctx, a), r.B)
	if err != nil {
		_ = duplex.Abort(a, err)
		return err
	}
	cut, release := after(ctx, r.grace(), ErrCut)
	defer release()
	return r.join(cut, ctx, a, b, "")
}

// open opens one stream.
func (r *Relay) open(ctx context.Context, s *endpoint.Spec) (duplex.Stream, error) {
	if !s.Listens {
		return s.Dial(ctx)
	}
	l, err := s.Listen(ctx)
	if err != nil {
		return nil, err
	}
	r.listening(l)
	return endpoint.Accept(ctx, l)
}

func (r *Relay) listening(l net.Listener) {
	if r.Events.Listening != nil {
		r.Events.Listening(endpoint.URL(l))
	}
}

// serve joins every connection of front with a stream of back.
func (r *Relay) serve(ctx context.Context, front, back *endpoint.Spec) error {
	l, err := front.Listen(ctx)
	if err != nil {
		return err
	}
	most := front.Options.Count("max", DefaultMax)
	if most == 0 {
		most = -1 // any number; to a server zero is its own default
	}
	grace := r.grace()
	stop, release := after(ctx, max(grace-stopTime, grace/2), nil)
	defer release()
	var cut atomic.Int64
	server := duplex.Server{
		MaxConns: most,
		Func: func(ctx context.Context, s duplex.Stream) error {
			// Whoever connects must have proven itself before anything is
			// opened on its behalf.
			s, err := endpoint.Ready(ctx, s)
			if err != nil {
				return err
			}
			peer := remote(s)
			other, err := r.open(endpoint.WithClient(ctx, s), back)
			if err != nil {
				return err
			}
			if front == r.B {
				s, other = other, s
			}
			if err := r.join(ctx, stop, s, other, peer); err != nil && context.Cause(ctx) == duplex.ErrServerClosed {
				cut.Add(1)
			}
			return nil // an error has been told as an event
		},
		Failed: func(_ net.Addr, err error) { r.failed(err) },
		Dropped: func(_, remote net.Addr) {
			r.failed(fmt.Errorf("connection from %v closed: %d already", remote, most))
		},
	}
	r.listening(l)
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	select {
	case err := <-served:
		_ = server.Close()
		return err
	case <-ctx.Done():
	}
	bound, cancel := after(ctx, grace+stopTime*9/10, nil)
	defer cancel()
	_ = server.Shutdown(bound) // whoever did not end in time has been cut
	<-served
	if n := cut.Load(); n > 0 {
		return fmt.Errorf("%w: %d of the connections", ErrCut, n)
	}
	return nil
}

// stopTime is how long before the end of Grace the joins of a listener that
// forks are stopped.
const stopTime = time.Second

// ErrCut is matched by the failure of joins that did not end in time after the
// end of Run's context.
var ErrCut = errors.New("cut off with bytes unwritten")

func (r *Relay) grace() time.Duration {
	switch {
	case r.Grace == 0:
		return 5 * time.Second
	case r.Grace < 0:
		return 0
	}
	return r.Grace
}

// after returns a context that ends, with that cause, the given time after ctx,
// or when it is released.
func after(ctx context.Context, wait time.Duration, cause error) (_ context.Context, release func()) {
	later, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	var waiting sync.WaitGroup
	waiting.Go(func() {
		select {
		case <-ctx.Done():
		case <-later.Done():
			return
		}
		timer := time.NewTimer(wait)
		defer timer.Stop()
		select {
		case <-timer.C:
			cancel(cause)
		case <-later.Done():
		}
	})
	return later, func() {
		cancel(nil)
		waiting.Wait()
	}
}

func (r *Relay) failed(err error) {
	if r.Events.Failed != nil {
		r.Events.Failed(err)
	}
}

// remote returns the address of s's peer, or "".
func remote(s duplex.Stream) string {
	if c, ok := s.(interface{ RemoteAddr() net.Addr }); ok && c.RemoteAddr() != nil {
		return c.RemoteAddr().String()
	}
	return ""
}
