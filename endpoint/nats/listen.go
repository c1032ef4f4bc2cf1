package nats

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/endpoint"
	"github.com/duplex-go/duplex/flow"
	"github.com/nats-io/nats.go"
)

// listener takes streams on a subject, as one of its queue group. The library
// connects again when the connection to the server is lost; streams of before
// have failed then.
type listener struct {
	link   *link
	spec   *endpoint.Spec
	at     address
	config flow.Config
	sub    *nats.Subscription

	mu      sync.Mutex    // held while a stream is queued, and while no more are to be
	queue   chan *stream  // that wait to be accepted
	closed  chan struct{} // no stream is taken any more
	drained chan struct{} // closed when all that came behind that has been refused
	shut    sync.Once
}

func listen(ctx context.Context, s *endpoint.Spec) (net.Listener, error) {
	a, err := target(s)
	if err != nil {
		return nil, err
	}
	l := &listener{
		spec: s, at: a,
		queue:   make(chan *stream, max(s.Options.Count("backlog", backlog), 1)),
		closed:  make(chan struct{}),
		drained: make(chan struct{}),
	}
	if l.link, err = openLink(ctx, s, true); err != nil {
		return nil, err
	}
	if err := l.subscribe(ctx); err != nil {
		_ = l.Close()
		return nil, err
	}
	at := "nats://" + l.link.name + "/" + a.subject
	return endpoint.Upgrade(l, at, s.Options.Duration("timeout", openTime), func(ctx context.Context, c duplex.Stream) (duplex.Stream, error) {
		return c, c.(*stream).await(ctx)
	}), nil
}

// subscribe begins to take streams; the server knows when it returns.
func (l *listener) subscribe(ctx context.Context) (err error) {
	if l.config, err = flowConfig(l.spec, l.link.MaxPayload()); err != nil {
		return err
	}
	l.link.tasks.Add(1)
	l.sub, err = l.link.QueueSubscribe(l.at.subject, cmp.Or(l.spec.Options.Text("queue"), defaultQueue), l.open)
	if err != nil {
		l.link.tasks.Done()
		return err
	}
	whenClosed(l.sub, func() {
		close(l.drained)
		l.link.tasks.Done()
	})
	bound, cancel := context.WithTimeout(ctx, openTime)
	defer cancel()
	if err := l.link.FlushWithContext(bound); err != nil {
		if errors.Is(err, nats.ErrConnectionClosed) { // or lost: the library gives up who waits before it connects again
			err = fmt.Errorf("the connection to the NATS server at %s is lost: %w", l.link.name, unexpected(err))
		}
		return err
	}
	// A permission that is missing is told before the flush is answered.
	if err := l.link.LastError(); errors.Is(err, nats.ErrPermissionViolation) {
		return err
	}
	return nil
}

// open takes the message that opens a stream.
func (l *listener) open(m *nats.Msg) {
	frames, ok := bytes.CutPrefix(m.Data, []byte(hello))
	switch {
	case !strings.HasPrefix(m.Reply, l.link.inbox):
		// Whom we would answer is not a stream's: an answer might be an order
		// to somebody else.
		return
	case !ok:
		l.link.refuse(m.Reply, fmt.Errorf("this is not a stream of duplex: it begins with %.20q", m.Data))
		return
	}
	s := newStream(l.link, l.config, m.Reply)
	if err := l.take(s, frames); err != nil {
		s.fail(err)
		_ = l.link.remove(s)
		l.link.refuse(m.Reply, err)
		return
	}
	l.link.ready(s) // which answers
}

// take queues a stream that begins with these frames.
func (l *listener) take(s *stream, frames []byte) error {
	if err := s.flow.Receive(frames); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	select {
	case <-l.closed:
		return errListenerClosed
	default:
	}
	select {
	case l.queue <- s:
		return nil
	default:
		return fmt.Errorf("%d streams wait to be accepted already", cap(l.queue))
	}
}

// errListenerClosed is what a dialler is told that came too late. It then asks
// again, and knows by this text that it should: see [dial].
var errListenerClosed = errors.New("the listener has been closed")

// Accept returns the next stream. After Close it returns an error that matches
// net.ErrClosed.
func (l *listener) Accept() (net.Conn, error) {
	select {
	case s := <-l.queue:
		return s, nil
	case <-l.closed:
		return nil, fmt.Errorf("nats listener: %w", net.ErrClosed)
	}
}

// Close takes no more streams, and aborts those that nobody has accepted. Those
// that were go on. When it returns the server sends no more here, unless it takes
// longer than a second to say so.
func (l *listener) Close() error {
	l.shut.Do(func() {
		l.unsubscribe()
		for len(l.queue) > 0 {
			select {
			case s := <-l.queue:
				_ = s.Abort(errListenerClosed)
			default: // somebody has accepted it
			}
		}
		_ = l.link.leave()
	})
	return nil
}

// unsubscribe has the server send streams to others. Until the server has heard
// of that it still sends some here. Nobody else gets those, so they are refused
// and not dropped: a dialler would wait for an answer in vain.
func (l *listener) unsubscribe() {
	bound := time.AfterFunc(closeTime, l.link.dialer.cut) // the library waits for a server that does not read
	// Nothing is refused before the server is told: who asks again at once must
	// not come here again.
	l.mu.Lock()
	close(l.closed)
	if l.sub != nil {
		_ = l.sub.Drain() // it fails with the connection only
		if !l.link.IsConnected() {
			// The library would subscribe again with the next connection.
			_ = l.sub.Unsubscribe()
		}
	}
	l.mu.Unlock()
	bound.Stop()
	if l.sub == nil {
		return
	}
	// A server that is slow is no reason to cut the streams that were accepted.
	// The library goes on refusing meanwhile, at most until the link is closed.
	late := time.NewTimer(closeTime)
	defer late.Stop()
	select {
	case <-l.drained:
	case <-late.C:
	}
}

// Addr returns the subject.
func (l *listener) Addr() net.Addr { return addr(l.at.subject) }
