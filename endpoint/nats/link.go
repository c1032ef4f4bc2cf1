package nats

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/duplex-go/duplex/endpoint"
	"github.com/duplex-go/duplex/flow"
	"github.com/nats-io/nats.go"
)

// link is a connection to a server with the streams on it. One goroutine
// publishes what they have to say, in turn; one of the library's brings them what
// comes. Neither waits for a stream's reader.
type link struct {
	*connection
	lasting bool   // it connects again
	inbox   string // what all such subjects begin with, with a dot behind
	prefix  string // of the subjects that its streams are reached at, with a dot behind
	sub     *nats.Subscription
	tasks   sync.WaitGroup
	opened  chan struct{} // closed when connection is set, or will not be

	mu      sync.Mutex
	wake    sync.Cond // there is something to publish, or a stream has nothing more
	streams map[string]*stream
	queue   []*stream // with something to publish
	users   int       // streams, and the listener
	failed  error     // why a link that does not connect again is of no use
	closing bool
}

// openLink connects to the server of s. The caller is the link's first user. When
// the connection is lost all streams fail; a lasting link connects again, for
// others.
func openLink(ctx context.Context, s *endpoint.Spec, lasting bool) (*link, error) {
	l := &link{
		lasting: lasting,
		inbox:   inbox(s) + ".",
		prefix:  inbox(s) + "." + rand.Text() + ".",
		streams: make(map[string]*stream),
		opened:  make(chan struct{}),
		users:   1,
	}
	l.wake.L = &l.mu
	// A dialler's connection is one stream's: what is published there goes out at
	// once. That of a listener gathers what its streams say meanwhile, at the price
	// of waking the library's goroutine that sends it.
	atOnce := 1
	if lasting {
		atOnce = nats.DefaultWriteBufSize
	}
	var err error
	l.connection, err = connect(ctx, s, lasting,
		nats.WriteBufferSize(atOnce),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) { l.disconnected(err) }),
		nats.ErrorHandler(func(_ *nats.Conn, sub *nats.Subscription, err error) { l.wrong(err) }),
	)
	close(l.opened) // the library may have called the above before
	if err != nil {
		return nil, err
	}
	l.tasks.Add(1)
	l.sub, err = l.Subscribe(l.prefix+"*", l.deliver)
	if err != nil {
		l.Conn.Close()
		l.release()
		return nil, fmt.Errorf("the server at %s: %w", l.name, err)
	}
	whenClosed(l.sub, l.tasks.Done)
	l.tasks.Go(l.publish)
	return l, nil
}

// disconnected fails all streams: what was on its way to them may be lost.
func (l *link) disconnected(err error) {
	if <-l.opened; l.connection == nil {
		return
	}
	if err == nil {
		err = io.ErrUnexpectedEOF
	}
	l.fail(nil, fmt.Errorf("the connection to the NATS server at %s is lost: %w", l.name, unexpected(err)))
}

// unexpected returns err so that it matches io.ErrUnexpectedEOF.
func unexpected(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return err
	}
	return fmt.Errorf("%w (%w)", io.ErrUnexpectedEOF, err)
}

// wrong is told of what the server or the library complain about besides: a
// permission that is missing, messages that were dropped because we were slow.
// Either may have cost a stream some of its bytes.
func (l *link) wrong(err error) {
	if <-l.opened; l.connection == nil {
		return
	}
	var whose func(*stream) bool
	if l.lasting && errors.Is(err, nats.ErrPermissionViolation) {
		// Where it answers is up to a dialler, and no other's affair.
		text := err.Error()
		whose = func(s *stream) bool { return strings.Contains(text, `"`+s.RemoteAddr().String()+`"`) }
	}
	l.fail(whose, fmt.Errorf("the NATS server at %s: %w", l.name, unexpected(err)))
}

// fail fails those streams, or with nil all of them; those too that are yet to be
// added, if the link does not connect again.
func (l *link) fail(whose func(*stream) bool, err error) {
	l.mu.Lock()
	if !l.lasting && l.failed == nil {
		l.failed = err
	}
	streams := slices.Collect(maps.Values(l.streams))
	l.mu.Unlock()
	for _, s := range streams {
		if whose == nil || whose(s) {
			s.fail(err)
		}
	}
}

// add makes s a stream of the link.
func (l *link) add(s *stream) {
	s.link, s.id = l, rand.Text()
	s.own = l.prefix + s.id
	l.mu.Lock()
	l.streams[s.id] = s
	l.users++
	failed := l.failed
	l.mu.Unlock()
	if failed != nil {
		s.fail(failed)
	}
}

// ready is called by package flow.
func (l *link) ready(s *stream) {
	l.mu.Lock()
	defer l.mu.Unlock()
	s.queued++
	l.queue = append(l.queue, s)
	l.wake.Broadcast()
}

// publish publishes what the streams have to say until the link is closed.
func (l *link) publish() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for {
		for len(l.queue) == 0 {
			if l.closing {
				return
			}
			l.wake.Wait()
		}
		s := l.queue[0]
		l.queue = l.queue[1:]
		l.mu.Unlock()
		m := s.flow.Next()
		if m != nil {
			s.publish(m)
		}
		l.mu.Lock()
		if m != nil {
			l.queue = append(l.queue, s) // behind the others
			continue
		}
		s.queued--
		l.wake.Broadcast()
	}
}

// deliver brings a message to its stream.
func (l *link) deliver(m *nats.Msg) {
	l.mu.Lock()
	s := l.streams[m.Subject[len(l.prefix):]]
	l.mu.Unlock()
	switch {
	case s != nil:
		s.deliver(m)
	case m.Reply != "" && !isReset(m.Data):
		l.refuse(m.Reply, errNoStream)
	}
}

// errNoStream is what is answered to what comes for a stream that is no more.
var errNoStream = errors.New("this stream has been closed")

// refuse tells whoever is reached at subject that it has no stream, or none any
// more. Nothing is answered to that.
func (l *link) refuse(subject string, why error) {
	_ = l.Publish(subject, flow.Frame{Kind: flow.Reset, Payload: []byte(why.Error())}.Append(nil))
}

// isReset reports whether a message is a RESET and nothing else.
func isReset(message []byte) bool {
	f, rest, err := flow.Parse(message)
	return err == nil && f.Kind == flow.Reset && len(rest) == 0
}

// closeTime is how long closing may take. A server that is there takes what is
// published at once.
const closeTime = time.Second

// drained waits until everything that s has to say has been published, and
// reports whether that was so in time.
func (l *link) drained(s *stream) bool {
	late := false
	timer := time.AfterFunc(closeTime, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		late = true
		l.wake.Broadcast()
	})
	defer timer.Stop()
	l.mu.Lock()
	defer l.mu.Unlock()
	for s.queued > 0 && !late {
		l.wake.Wait()
	}
	return s.queued == 0
}

// remove takes s from the link, whose last user closes it.
func (l *link) remove(s *stream) error {
	l.mu.Lock()
	delete(l.streams, s.id)
	l.mu.Unlock()
	return l.leave()
}

// leave gives the link up for one of its users; with the last one it is closed.
// The error says that the server may not have got all that was published.
func (l *link) leave() error {
	l.mu.Lock()
	l.users--
	last := l.users == 0
	l.mu.Unlock()
	if !last {
		return nil
	}
	// The library waits for a server that does not read.
	bound := time.AfterFunc(closeTime, l.dialer.cut)
	defer bound.Stop()
	var err error
	if l.IsConnected() {
		err = l.FlushTimeout(closeTime)
	}
	l.mu.Lock()
	l.closing = true
	l.wake.Broadcast()
	l.mu.Unlock()
	l.Conn.Close()
	l.tasks.Wait()
	l.release()
	return err
}
