package duplex

import (
	"io"
	"os"
	"sync"
)

// DefaultHighWaterMark is how many bytes may wait in one direction of an
// in-memory stream before its writer waits: 64 KiB.
const DefaultHighWaterMark = 64 << 10

// queue is one direction of an in-memory stream: the bytes that wait between
// its writer and its reader. It holds no memory while it is empty.
//
// Waiting is on condition variables only, so that testing/synctest sees it.
type queue struct {
	mu       sync.Mutex
	readable sync.Cond // bytes came, or the direction is over
	writable sync.Cond // bytes went, a turn is free, or the direction is over

	// All below is guarded by mu.
	head, tail *chunk
	waiting    int    // bytes in the chunks
	mark       int    // the high-water mark; waiting never exceeds it
	want       int    // room that the writer waits for; 0 when none waits
	turn       bool   // a write is under way: another waits for its turn
	gave       uint64 // how many bytes the reader has taken
	ended      bool   // the writer has ended: the reader gets io.EOF next
	drop       bool   // the reader wants no more: what is written is dropped

	failed error // set by the writing side: what the reader gets after the waiting bytes
	gone   error // set by the reading side: what the writer gets
	rclose error // set when the reading side is closed: its own error
	wclose error // likewise for the writing side

	rlimit, wlimit deadline
}

func (q *queue) init(mark int) {
	if mark <= 0 {
		mark = DefaultHighWaterMark
	}
	q.mark = mark
	q.readable.L, q.writable.L = &q.mu, &q.mu
}

// readError returns why a reader must not wait, or nil; q.mu is held.
func (q *queue) readError() error {
	switch {
	case q.rclose != nil:
		return q.rclose
	case q.rlimit.passed:
		return os.ErrDeadlineExceeded
	case q.waiting > 0:
		return nil
	case q.failed != nil:
		return q.failed
	case q.ended:
		return io.EOF
	}
	return nil
}

// writeError returns why a writer must not go on, or nil; q.mu is held.
func (q *queue) writeError() error {
	switch {
	case q.wclose != nil:
		return q.wclose
	case q.wlimit.passed:
		return os.ErrDeadlineExceeded
	case q.gone != nil:
		return q.gone
	case q.ended:
		return ErrEnded
	}
	return nil
}

// await blocks until bytes wait or the reader must not; q.mu is held.
func (q *queue) await() error {
	for {
		if err := q.readError(); err != nil || q.waiting > 0 {
			return err
		}
		q.readable.Wait()
	}
}

func (q *queue) read(p []byte) (n int, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(p) == 0 {
		return 0, q.readError()
	}
	if err := q.await(); err != nil {
		return 0, err
	}
	for n < len(p) && q.head != nil {
		n += q.head.drain(p[n:])
		if q.head.len() == 0 {
			q.pop().free()
		}
	}
	q.took(n)
	return n, nil
}

// take removes the foremost waiting bytes, in their buffer, blocking until
// there are some. The caller frees the chunk.
func (q *queue) take() (*chunk, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if err := q.await(); err != nil {
		return nil, err
	}
	c := q.pop()
	q.took(c.len())
	return c, nil
}

// pop unlinks the first chunk; q.mu is held.
func (q *queue) pop() *chunk {
	c := q.head
	if q.head = c.next; q.head == nil {
		q.tail = nil
	}
	c.next = nil
	return c
}

// took accounts for n bytes that left and wakes the writer once there is the
// room it waits for: half the mark is enough, so that a writer of much is not
// woken for every little. q.mu is held.
func (q *queue) took(n int) {
	q.waiting -= n
	q.gave += uint64(n)
	if q.waiting > 0 {
		q.readable.Signal() // for another reader, whose signal this one may have had
	}
	if q.want > 0 && q.mark-q.waiting >= min(q.want, (q.mark+1)/2) {
		q.want = 0
		q.writable.Broadcast()
	}
}

// begin waits for the writer's turn and returns with q.mu held, also when it
// fails; without an error the caller has the turn and ends it with q.finish.
func (q *queue) begin() error {
	q.mu.Lock()
	for {
		if err := q.writeError(); err != nil {
			return err
		}
		if !q.turn {
			q.turn = true
			return nil
		}
		q.writable.Wait()
	}
}

// finish ends the turn and releases q.mu.
func (q *queue) finish() {
	q.turn = false
	q.writable.Broadcast()
	q.mu.Unlock()
}

// room waits until at least one of the want bytes fits and returns how many
// do; the caller has the turn and q.mu.
func (q *queue) room(want int) (int, error) {
	for {
		if err := q.writeError(); err != nil {
			return 0, err
		}
		if free := q.mark - q.waiting; free >= min(want, (q.mark+1)/2) {
			return min(want, free), nil
		}
		q.want = want
		q.writable.Wait()
	}
}

func (q *queue) write(p []byte) (n int, err error) {
	if err := q.begin(); err != nil {
		q.mu.Unlock()
		return 0, err
	}
	defer q.finish()
	for n < len(p) {
		free, err := q.room(len(p) - n)
		if err != nil {
			return n, err
		}
		q.append(p[n : n+free])
		n += free
	}
	return n, nil
}

// append copies p behind the waiting bytes; there is room for it, and q.mu is
// held.
func (q *queue) append(p []byte) {
	if q.drop {
		q.gave += uint64(len(p))
		return
	}
	q.waiting += len(p)
	for len(p) > 0 {
		if q.tail == nil || q.tail.w == len(q.tail.b) {
			q.push(newChunk(len(p)))
		}
		p = p[q.tail.fill(p):]
	}
	q.readable.Signal()
}

// push links c at the end; q.mu is held.
func (q *queue) push(c *chunk) {
	if q.tail == nil {
		q.head = c
	} else {
		q.tail.next = c
	}
	q.tail = c
}

// adopt puts the bytes of c at the end of the queue, the buffer itself where
// that saves the copy. It owns c from then on. It returns how many bytes were
// taken.
func (q *queue) adopt(c *chunk) (int, error) {
	size := c.len()
	if size > q.mark || !c.dense() {
		n, err := q.write(c.bytes())
		c.free()
		return n, err
	}
	if err := q.begin(); err != nil {
		q.mu.Unlock()
		c.free()
		return 0, err
	}
	defer q.finish()
	// The whole chunk goes in at once, so the half of the mark that room
	// returns for is not enough here.
	for q.mark-q.waiting < size {
		if err := q.writeError(); err != nil {
			c.free()
			return 0, err
		}
		q.want = size
		q.writable.Wait()
	}
	if err := q.writeError(); err != nil {
		c.free()
		return 0, err
	}
	if q.drop {
		c.free()
		q.gave += uint64(size)
		return size, nil
	}
	q.waiting += size
	q.push(c)
	q.readable.Signal()
	return size, nil
}

// end ends the writing direction. Calling it again is harmless.
func (q *queue) end() error {
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case q.wclose != nil:
		return q.wclose
	case q.gone != nil && q.gone != ErrPeerClosed && !q.ended:
		return q.gone // aborted; a peer that only closed needs no end
	}
	q.ended = true
	q.wake()
	return nil
}

// closeWriter gives up the writing side with the error that its own calls
// return from now on. The reader gets what waits and then failed, or io.EOF
// if failed is nil.
func (q *queue) closeWriter(own, failed error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.wclose != nil {
		return
	}
	q.wclose = own
	if !q.ended {
		q.ended = true
		q.failed = failed
	}
	q.wlimit.stop()
	q.wake()
}

// closeReader gives up the reading side: what waits is dropped, and the
// writer gets gone.
func (q *queue) closeReader(own, gone error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.rclose == nil {
		q.rclose = own
	}
	if q.gone == nil {
		q.gone = gone
	}
	q.empty()
	q.rlimit.stop()
	q.wake()
}

// discard drops what waits and whatever is written from now on, without an
// error for the writer.
func (q *queue) discard() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.drop = true
	q.gave += uint64(q.waiting)
	q.empty()
	q.wake()
}

// empty drops what waits; q.mu is held.
func (q *queue) empty() {
	for q.head != nil {
		q.pop().free()
	}
	q.waiting = 0
}

// wake wakes everybody to look again; q.mu is held.
func (q *queue) wake() {
	q.want = 0
	q.readable.Broadcast()
	q.writable.Broadcast()
}

// isEnded reports whether the writing side has ended or was given up.
func (q *queue) isEnded() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.ended
}

// level returns how many bytes wait.
func (q *queue) level() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.waiting
}

// given returns how many bytes the reader has taken.
func (q *queue) given() uint64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.gave
}
