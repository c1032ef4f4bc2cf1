package flow

import "math"

// receiver is what is read: read <= received <= limit.
type receiver struct {
	window uint64
	most   uint64 // what the window may grow to
	queue  pieces

	read     uint64 // bytes that have been read, or dropped
	received uint64 // bytes that have come
	limit    uint64 // bytes that the peer has been allowed

	final uint64 // where it ends
	ended bool   // the peer has said where
	drops bool   // nothing is read any more
}

// check says what is wrong with a frame of the peer's writing; its payload has
// size bytes. Nothing changes.
func (r *receiver) check(kind Kind, offset, size uint64) error {
	switch {
	case offset > r.limit:
		return protocolError("the peer sent %v at %d and was allowed %d bytes", kind, offset, r.limit)
	case kind == Reset:
		return nil // what is missing before it does not matter any more
	case r.ended && offset > r.final:
		return protocolError("the peer sent %v at %d, behind its end at %d", kind, offset, r.final)
	case offset > r.received:
		return &GapError{Have: r.received, Sent: offset}
	case kind == Data && size > r.limit-offset:
		return protocolError("the peer sent %d bytes at %d and was allowed %d", size, offset, r.limit)
	case kind == Data && r.ended && size > r.final-offset: // offset <= received == final
		return protocolError("the peer sent %d bytes at %d, behind its end at %d", size, offset, r.final)
	case kind == Fin && offset < r.received:
		return protocolError("the peer sent FIN %d after %d bytes", offset, r.received)
	}
	return nil
}

// data takes a payload that has been checked, but for what has come before. It
// reports whether there is something new.
func (r *receiver) data(offset uint64, p []byte) bool {
	had := r.received - offset
	if had >= uint64(len(p)) {
		return false
	}
	p = p[had:]
	r.received += uint64(len(p))
	if r.drops {
		r.read = r.received
		return false
	}
	r.queue.add(p)
	return true
}

// fin notes an end that has been checked.
func (r *receiver) fin() { r.ended, r.final = true, r.received }

// waiting returns how many bytes wait to be read.
func (r *receiver) waiting() int { return int(r.received - r.read) }

// take copies to p what waits. It reports whether the peer should be told that
// there is room again: at half the window, so that it is told rarely and does
// not wait for that.
func (r *receiver) take(p []byte) (n int, tell bool) {
	n = r.queue.take(p)
	r.read += uint64(n)
	r.grow()
	return n, !r.ended && r.grantable()-r.limit >= (r.window+1)/2
}

// grow doubles the window when all has been read and the peer has used most of
// what it was allowed: then it is the window that holds it up, not the reader.
func (r *receiver) grow() {
	if r.window < r.most && r.read == r.received && r.limit-r.received < r.window/4 {
		r.window = min(2*r.window, r.most)
	}
}

// early reports whether there is enough room again to tell the peer of it where
// that costs nothing.
func (r *receiver) early() bool {
	return !r.ended && !r.drops && r.grantable()-r.limit >= (r.window+3)/4
}

// grantable returns how many bytes the peer may be allowed now.
func (r *receiver) grantable() uint64 {
	if r.read > math.MaxUint64-r.window {
		return math.MaxUint64
	}
	return max(r.read+r.window, r.limit)
}

// grant allows what can be allowed, and returns it.
func (r *receiver) grant() uint64 {
	if !r.drops {
		r.limit = r.grantable()
	}
	return r.limit
}

// drop reads nothing any more.
func (r *receiver) drop() {
	r.drops = true
	r.queue.clear()
	r.read = r.received
}
