package flow

// sender is what is written: freed <= sent <= next.
type sender struct {
	mark   uint64 // next-freed never exceeds it
	most   int    // the largest payload of a frame
	retain bool

	head, tail *block // what has not been freed
	unsent     *block // the first that has not been sent
	taken      *block // what the last message was made of, if it is nobody's any more

	freed uint64 // bytes that are not held any more
	acked uint64 // bytes that the peer has acknowledged
	sent  uint64 // bytes that the carrier has been given, since a rewind
	given uint64 // the largest that sent has been
	next  uint64 // bytes that have been written
	limit uint64 // bytes that the peer allows

	ended   bool // next is where it ends
	finSent bool
	stopped bool // the peer does not read any more
}

// room returns how many of want bytes may be written. With little room beneath
// the mark there is none, so that a writer of much is not woken for every little.
func (s *sender) room(want int) int {
	free := s.mark - (s.next - s.freed)
	if s.limit <= s.next || free < min(uint64(want), (s.mark+1)/2) {
		return 0
	}
	return int(min(s.limit-s.next, free, uint64(want)))
}

// write takes p, for which there is room.
func (s *sender) write(p []byte) {
	s.next += uint64(len(p))
	for len(p) > 0 {
		if s.tail == nil || s.tail.sealed || len(s.tail.b) >= s.tail.most {
			want := len(p)
			if s.unsent != nil {
				want = max(want, sizes[2]) // small writes come faster than they are sent
			}
			b := newBlock(want, s.most)
			if s.tail == nil {
				s.head = b
			} else {
				s.tail.next = b
			}
			s.tail = b
			if s.unsent == nil {
				s.unsent = b
			}
		}
		p = p[s.tail.add(p):]
	}
}

// data returns the next DATA frame, valid until the next call, or nil if there is
// none.
func (s *sender) data() []byte {
	if s.taken != nil {
		s.taken.free()
		s.taken = nil
	}
	b := s.unsent
	if b == nil {
		return nil
	}
	s.unsent = b.next
	frame := b.frame(s.sent)
	s.sent += uint64(b.size())
	s.given = max(s.given, s.sent)
	if !s.retain {
		s.head, s.taken = b.next, b
		if s.head == nil {
			s.tail = nil
		}
		s.freed = s.sent
	}
	return frame
}

// check says what is wrong with an ACK, or a STOP, at offset.
func (s *sender) check(kind Kind, offset uint64) error {
	if offset > s.given {
		return protocolError("the peer sent %v %d of %d bytes", kind, offset, s.given)
	}
	return nil
}

// ack notes that the peer has the bytes before offset, which has been checked.
func (s *sender) ack(offset uint64) {
	if offset <= s.acked {
		return // an older one
	}
	s.acked = offset
	if !s.retain {
		return
	}
	at := s.freed
	for s.head != nil && s.head.sealed && uint64(s.head.size()) <= offset-at {
		b := s.head
		at += uint64(b.size())
		s.head = b.next
		if s.head == nil {
			s.tail = nil
		}
		if b == s.unsent { // it was to be sent again
			s.unsent = b.next
			s.sent = max(s.sent, at)
		}
		// Not pooled: a carrier may still send it.
	}
	s.freed = at
}

// rewind makes all that is held unsent.
func (s *sender) rewind() {
	s.unsent, s.sent = s.head, s.freed
	s.finSent = false
}

// grant notes that the peer allows the bytes before offset, and reports whether
// that is more than before.
func (s *sender) grant(offset uint64) bool {
	if offset <= s.limit {
		return false // an older one
	}
	s.limit = offset
	return true
}

// drop forgets what has not been sent, or acknowledged.
func (s *sender) drop() {
	s.head, s.tail, s.unsent = nil, nil, nil
	s.next, s.freed = s.sent, s.sent
}

// over reports whether nothing more will be sent.
func (s *sender) over() bool { return s.stopped || s.ended && s.finSent }
