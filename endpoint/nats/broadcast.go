package nats

import (
	"bytes"
	"context"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/endpoint"
	"github.com/nats-io/nats.go"
)

// Broadcast makes the groups of many programs, on many machines, one: what any
// of them sends, every one's [duplex.Group] sends to its own members. Its methods
// may be called from any goroutine.
//
// A message arrives whole or not at all, and those of one sender in order. As a
// Group drops what a slow member does not take, so a message may be lost on the
// way to a machine, while that is not connected or takes them too slowly: Dropped
// counts those that were dropped here.
type Broadcast struct {
	group   *duplex.Group
	conn    *connection
	subject string
	sub     *nats.Subscription
	tasks   sync.WaitGroup
	dropped atomic.Int64 // messages that found no connection
	shut    sync.Once
}

// NewBroadcast connects group to the subject that url names, nats://server/subject
// with the options of dialling. ctx bounds the connecting only; when the
// connection is lost it is made again. The group stays the caller's.
func NewBroadcast(ctx context.Context, url string, group *duplex.Group) (*Broadcast, error) {
	s, err := endpoint.Parse(url)
	if err != nil {
		return nil, err
	}
	failed := func(err error) error { return &endpoint.Error{Op: "broadcast on", URL: url, Err: err} }
	a, err := target(s)
	if err != nil {
		return nil, failed(err)
	}
	b := &Broadcast{group: group, subject: a.subject}
	// Whoever lets this handler print gets a line for every lost message.
	b.conn, err = connect(ctx, s, true, nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {}))
	if err != nil {
		return nil, failed(err)
	}
	b.tasks.Add(1)
	b.sub, err = b.conn.Subscribe(a.subject, func(m *nats.Msg) { b.group.Send(m.Data) })
	if err != nil {
		b.tasks.Done()
		_ = b.Close()
		return nil, failed(err)
	}
	whenClosed(b.sub, b.tasks.Done)
	bound, cancel := context.WithTimeout(ctx, openTime)
	defer cancel()
	if err := b.conn.FlushWithContext(bound); err != nil {
		_ = b.Close()
		return nil, failed(err)
	}
	return b, nil
}

// Send sends message to the members of all groups, this one's too. It fails if
// the message is larger than the server takes, or there is no connection; it does
// not say whether anybody got it.
func (b *Broadcast) Send(message []byte) error {
	if err := b.conn.Publish(b.subject, message); err != nil {
		b.dropped.Add(1)
		return fmt.Errorf("broadcast on %s: %w", b.subject, err)
	}
	return nil
}

// Write sends a copy of p as a message. It never fails, as that of a Group: it
// counts what it drops.
func (b *Broadcast) Write(p []byte) (int, error) {
	_ = b.Send(bytes.Clone(p))
	return len(p), nil
}

// Dropped returns how many messages this program has dropped: those that found
// no connection, and those that came faster than they could be given to the
// group.
func (b *Broadcast) Dropped() int64 {
	late, _ := b.sub.Dropped() // it fails once the subscription is closed
	return b.dropped.Load() + int64(late)
}

// Close sends what has been written, and disconnects the group.
func (b *Broadcast) Close() error {
	b.shut.Do(func() {
		if b.conn.IsConnected() {
			_ = b.conn.FlushTimeout(closeTime)
		}
		b.conn.dialer.cut()
		b.conn.Conn.Close()
		b.tasks.Wait()
		b.conn.release()
	})
	return nil
}
