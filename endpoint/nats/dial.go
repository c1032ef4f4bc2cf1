package nats

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/endpoint"
	"github.com/duplex-go/duplex/flow"
	"github.com/nats-io/nats.go"
)

// hello begins the message that opens a stream: what follows is this protocol in
// this version.
const hello = "duplex1\n"

// dial opens a stream to whoever listens on the subject of s. It has a
// connection of its own, so that what holds up one stream holds up no other.
func dial(ctx context.Context, s *endpoint.Spec) (duplex.Stream, error) {
	a, err := target(s)
	if err != nil {
		return nil, err
	}
	l, err := openLink(ctx, s, false)
	if err != nil {
		return nil, err
	}
	defer func() { _ = l.leave() }() // from now on the stream is its user
	config, err := flowConfig(s, l.MaxPayload())
	if err != nil {
		return nil, err
	}
	patience := firstPatience
	for {
		c := newStream(l, config, "")
		err := c.ask(ctx, a.subject, patience)
		if err == nil {
			return c, nil
		}
		_ = c.Abort(err)
		switch {
		case ctx.Err() != nil:
			return nil, dialError(a, context.Cause(ctx))
		case err == errSilent:
			patience *= 2 // it may be us who are far away
		case !closing(err):
			return nil, dialError(a, err)
		}
	}
}

// firstPatience is how long whoever is asked first has to answer. A listener
// answers at once, before anybody accepts; the server goes on sending to one whose
// machine has vanished, for minutes, and may send the next question to another.
const firstPatience = time.Second

// errSilent ends a stream that nobody has answered; another is asked for.
var errSilent = errors.New("no answer has come in time")

// ask asks whoever listens on subject to take s, and waits so long for the answer.
func (s *stream) ask(ctx context.Context, subject string, patience time.Duration) error {
	err := s.link.PublishMsg(&nats.Msg{Subject: subject, Reply: s.own, Data: append([]byte(hello), s.flow.Next()...)})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, patience, errSilent)
	defer cancel()
	return s.await(ctx)
}

// closing reports whether a dialler has come to a listener that was just being
// closed. The server sends it there no more: the next answer is another
// listener's, or that there is none.
func closing(err error) bool {
	var refused *flow.CauseError
	return errors.As(err, &refused) && refused.Text == errListenerClosed.Error()
}

// await waits until the peer has shown that it is there.
func (s *stream) await(ctx context.Context) error {
	select {
	case <-s.begun:
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.failed
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// dialError says what came of dialling a.
func dialError(a address, err error) error {
	var refused *flow.CauseError
	switch {
	case errors.As(err, &refused):
		return fmt.Errorf("the listener on %s refused: %w", a.subject, err)
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("nobody on %s has answered in time: %w", a.subject, err)
	}
	return err
}
