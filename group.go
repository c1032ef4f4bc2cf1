package duplex

import (
	"bytes"
	"maps"
	"slices"
	"sync"
)

// Group sends every message to many streams, each through an [Outbox] of its
// own, so that nobody waits for a slow member. The zero value is an empty group
// ready to use; HighWaterMark and Slow must not change once it has a member.
// All methods may be called from any goroutine.
//
// A member that a message cannot be written to is removed. A handler also
// removes its stream in Close, so that nothing holds it any longer.
type Group struct {
	// HighWaterMark is how many bytes may wait for each member. Zero means
	// DefaultHighWaterMark, 64 KiB.
	HighWaterMark int
	// Slow says what happens to a message that finds no room at a member. Zero
	// is DropNewest.
	Slow Slow

	writers sync.WaitGroup

	mu      sync.Mutex
	members map[Stream]*Outbox // guarded by mu, as all below
	list    []*Outbox          // the members to send to; nil when they have changed
	dropped int64              // at former members
	closed  bool
}

// Add makes s a member, unless it is one. It fails with [ErrClosed] after
// Close.
func (g *Group) Add(s Stream) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return ErrClosed
	}
	if g.members[s] != nil {
		return nil
	}
	if g.members == nil {
		g.members = make(map[Stream]*Outbox)
	}
	o := OutboxConfig{g.HighWaterMark, g.Slow}.Outbox(s)
	o.writers = &g.writers
	g.members[s] = o
	g.list = nil
	return nil
}

// Remove ends the membership of s: what waits for it is dropped, a write under
// way goes on. It does not wait, and leaves s open.
func (g *Group) Remove(s Stream) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if o := g.members[s]; o != nil {
		g.remove(o)
	}
}

// remove removes a member; g.mu is held.
func (g *Group) remove(o *Outbox) {
	delete(g.members, o.s)
	g.list = nil
	o.stop()
	g.dropped += o.Dropped()
}

// Send sends message to every member and returns how many have room for it. It
// never waits. The message is shared by all, and must not change any more.
// Messages of one goroutine reach a member in order.
func (g *Group) Send(message []byte) (sent int) {
	for _, o := range g.outboxes() {
		switch err := o.Send(message); {
		case err == nil:
			sent++
		case err != ErrSlow || g.Slow == CloseSlow:
			g.gone(o)
		}
	}
	return sent
}

// outboxes returns those of the members of now. They are not sent to with the
// lock held, since a stream that is aborted may call what it likes.
func (g *Group) outboxes() []*Outbox {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.list == nil {
		g.list = slices.Collect(maps.Values(g.members))
	}
	return g.list
}

// gone removes a member that has failed.
func (g *Group) gone(o *Outbox) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.members[o.s] == o {
		g.remove(o)
	}
}

// Write sends a copy of p as a message. It never fails, and never waits.
func (g *Group) Write(p []byte) (int, error) {
	g.Send(bytes.Clone(p))
	return len(p), nil
}

// Len returns how many members there are.
func (g *Group) Len() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.members)
}

// Dropped returns how many messages were dropped, at former members too. A
// message that two members drop counts twice.
func (g *Group) Dropped() int64 {
	g.mu.Lock()
	defer g.mu.Unlock()
	n := g.dropped
	for _, o := range g.members {
		n += o.Dropped()
	}
	return n
}

// Close removes all members and returns when no write is under way any more:
// close the members first if some may be stuck. It leaves them open.
func (g *Group) Close() error {
	g.mu.Lock()
	g.closed = true
	for _, o := range g.members {
		g.remove(o)
	}
	g.mu.Unlock()
	g.writers.Wait()
	return nil
}
