package duplex

import (
	"context"
	"net"
	"sync"
	"sync/atomic"
)

// Slow says what an [Outbox] does with a message that finds no room, because
// its stream takes them more slowly than they come.
type Slow uint8

const (
	// DropNewest drops the message.
	DropNewest Slow = iota
	// DropOldest drops what has waited longest, until the message fits. Where
	// only the newest state matters, this is what a slow peer should get.
	DropOldest
	// CloseSlow aborts the stream with [ErrSlow].
	CloseSlow
)

// OutboxConfig says how an outbox buffers. The zero value is ready to use.
type OutboxConfig struct {
	// HighWaterMark is how many bytes may wait. Zero means
	// DefaultHighWaterMark, 64 KiB. A message that is longer by itself is
	// taken while nothing waits.
	HighWaterMark int
	// Slow says what happens to a message that finds no room.
	Slow Slow
}

// Outbox sends whole messages on a stream without waiting for it: what the
// stream does not take at once waits, up to the high-water mark, and what finds
// no room is dropped as [Slow] says. Somebody who must not be held up by a slow
// peer, such as a broadcaster, writes through one; see [Group] for many.
//
// Others may write to the stream meanwhile: no message is interleaved with
// their writes. A goroutine runs only while something waits. All methods may be
// called from any goroutine.
type Outbox struct {
	s       Stream
	config  OutboxConfig
	writers *sync.WaitGroup // of a group; nil alone
	dropped atomic.Int64

	mu      sync.Mutex
	queue   [][]byte // guarded by mu, as all below
	waiting int      // bytes in queue, and of the write under way
	writing bool     // a goroutine writes
	closed  bool
	err     error         // why nothing more can be sent
	quiet   chan struct{} // made by who waits until nothing is being written, and closed then
}

// NewOutbox returns an outbox for s with the zero configuration: 64 KiB may
// wait, and what finds no room is dropped.
func NewOutbox(s Stream) *Outbox { return OutboxConfig{}.Outbox(s) }

// Outbox returns an outbox for s with this configuration.
func (c OutboxConfig) Outbox(s Stream) *Outbox {
	if c.HighWaterMark <= 0 {
		c.HighWaterMark = DefaultHighWaterMark
	}
	return &Outbox{s: s, config: c}
}

// Send sends message, which must not change any more: it may be shared with
// other outboxes, and is kept until it has been written. Send never waits.
//
// It fails with [ErrSlow] if the message found no room, with [ErrClosed] after
// Close, and with the stream's own error once a write has failed.
func (o *Outbox) Send(message []byte) error {
	o.mu.Lock()
	err := o.room(len(message))
	if err == nil && len(message) > 0 {
		o.queue = append(o.queue, message)
		o.waiting += len(message)
		if !o.writing {
			o.writing = true
			if o.writers != nil {
				o.writers.Go(o.write)
			} else {
				go o.write()
			}
		}
	}
	slow := err == ErrSlow && o.config.Slow == CloseSlow
	if slow {
		o.fail(ErrSlow)
	}
	o.mu.Unlock()
	if slow {
		_ = Abort(o.s, ErrSlow)
	}
	return err
}

// room makes room for n bytes, or says why there is none; o.mu is held.
func (o *Outbox) room(n int) error {
	switch {
	case o.closed:
		return ErrClosed
	case o.err != nil:
		return o.err
	}
	fits := func() bool { return o.waiting == 0 || o.waiting+n <= o.config.HighWaterMark }
	if o.config.Slow == DropOldest {
		for !fits() && len(o.queue) > 0 {
			o.drop(1)
		}
	}
	if !fits() {
		o.dropped.Add(1)
		return ErrSlow
	}
	return nil
}

// drop drops the foremost n messages; o.mu is held.
func (o *Outbox) drop(n int) {
	for i := range n {
		o.waiting -= len(o.queue[i])
		o.queue[i] = nil
	}
	o.queue = o.queue[n:]
	o.dropped.Add(int64(n))
}

// write sends what waits, and returns when nothing does.
func (o *Outbox) write() {
	var batch [][]byte
	o.mu.Lock()
	defer o.mu.Unlock()
	for len(o.queue) > 0 {
		var size int
		batch, size = o.take(batch[:0])
		o.mu.Unlock()
		err := writeAll(o.s, batch)
		clear(batch)
		o.mu.Lock()
		o.waiting -= size
		if err != nil {
			o.fail(err)
		}
	}
	o.queue = nil
	o.writing = false
	if o.quiet != nil {
		close(o.quiet)
		o.quiet = nil
	}
}

// take moves the foremost messages to batch: all, but no more than half the
// mark at once, so that there stays something to drop. o.mu is held.
func (o *Outbox) take(batch [][]byte) (_ [][]byte, size int) {
	n := 0
	for n < len(o.queue) && (n == 0 || size+len(o.queue[n]) <= o.config.HighWaterMark/2) {
		size += len(o.queue[n])
		n++
	}
	batch = append(batch, o.queue[:n]...)
	clear(o.queue[:n])
	o.queue = o.queue[n:]
	return batch, size
}

// writeAll writes messages to s, as one where it can.
func writeAll(s Stream, messages [][]byte) error {
	if len(messages) == 1 {
		n, err := s.Write(messages[0])
		_, err = wrote(n, len(messages[0]), err)
		return err
	}
	if c, ok := s.(*Conn); ok {
		_, err := c.WriteBuffers(messages...)
		return err
	}
	bufs := append(net.Buffers(nil), messages...) // a vectored write uses its slice up
	_, err := writeBuffers(s, bufs)
	return err
}

// fail keeps why nothing more can be sent and drops what waits; o.mu is held.
func (o *Outbox) fail(err error) {
	if o.err == nil {
		o.err = err
	}
	o.drop(len(o.queue))
}

// Flush waits until everything sent so far has been written or dropped. It
// returns the error of a failed write, or the cause of the end of ctx.
func (o *Outbox) Flush(ctx context.Context) error {
	if quiet := o.whenQuiet(); quiet != nil {
		select {
		case <-quiet:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.err
}

// whenQuiet returns a channel that is closed when nothing is being written, or
// nil if nothing is.
func (o *Outbox) whenQuiet() <-chan struct{} {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.writing {
		return nil
	}
	if o.quiet == nil {
		o.quiet = make(chan struct{})
	}
	return o.quiet
}

// Close drops what waits and returns when the write under way, if any, has
// ended: close the stream first, or use Flush, if it may be stuck. It leaves
// the stream open. Calling it again is harmless.
func (o *Outbox) Close() error {
	o.stop()
	if quiet := o.whenQuiet(); quiet != nil {
		<-quiet
	}
	return nil
}

// stop takes no more messages and drops those that wait.
func (o *Outbox) stop() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.closed = true
	o.drop(len(o.queue))
}

// Waiting returns how many bytes the stream has not taken yet.
func (o *Outbox) Waiting() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.waiting
}

// Dropped returns how many messages were dropped, at a close or failure too.
func (o *Outbox) Dropped() int64 { return o.dropped.Load() }
