package deflate

// stored copies: level 0. Whole blocks go straight from the input to the
// output, the rest waits in the window, which also keeps what a later level
// may refer to.
func (e *encoder) stored(flush Flush) outcome {
	w := &e.win
	all := e.in
	worthy := min(e.pending-5, w.size) // the smallest block worth its header
	for {
		left := w.pos - w.blockStart
		n := min(maxStored, left+len(e.in))
		rest := n == left+len(e.in)
		if n < worthy && (n == 0 && flush != Finish || flush == noFlush || !rest) {
			break
		}
		last := flush == Finish && rest
		storedHeader(&e.out, n, last)
		left = min(left, n)
		e.out.bytes(w.buf[w.blockStart : w.blockStart+left])
		w.blockStart += left
		e.out.bytes(e.in[:n-left])
		e.in = e.in[n-left:]
		if last {
			e.remember(all)
			return finished
		}
	}
	e.remember(all[:len(all)-len(e.in)])
	if flush != noFlush && len(e.in) == 0 && w.pos == w.blockStart {
		return blockDone
	}

	// Keep what remains.
	room := 2*w.size - w.pos
	if len(e.in) > room && w.blockStart >= w.size {
		e.slideStored()
		w.blockStart -= w.size
		room += w.size
	}
	n := min(room, len(e.in))
	copy(w.buf[w.pos:], e.in[:n])
	e.in = e.in[n:]
	w.pos += n
	w.insert += min(n, w.size-w.insert)

	// What is left may be a block all the same, now that it is together.
	room = min(e.pending-int(e.out.n+42)>>3, maxStored)
	left := w.pos - w.blockStart
	if left >= min(room, w.size) || (left > 0 || flush == Finish) && flush != noFlush && len(e.in) == 0 && left <= room {
		n := min(left, room)
		last := flush == Finish && len(e.in) == 0 && n == left
		writeStored(&e.out, w.buf[w.blockStart:w.blockStart+n], last)
		w.blockStart += n
		if last {
			return finished
		}
	}
	return needMore
}

// remember puts the copied bytes into the window as history.
func (e *encoder) remember(copied []byte) {
	w := &e.win
	used := len(copied)
	switch {
	case used == 0:
		return
	case used >= w.size:
		e.slides = 2
		copy(w.buf, copied[used-w.size:])
		w.pos = w.size
		w.insert = w.size
	default:
		if 2*w.size-w.pos <= used {
			e.slideStored()
		}
		copy(w.buf[w.pos:], copied)
		w.pos += used
		w.insert += min(used, w.size-w.insert)
	}
	w.blockStart = w.pos
}

// slideStored drops the older half of the window; the hashes follow when the
// level changes.
func (e *encoder) slideStored() {
	w := &e.win
	w.pos -= w.size
	copy(w.buf, w.buf[w.size:w.size+w.pos])
	w.base += uint32(w.size)
	e.slides = min(e.slides+1, 2)
	w.insert = min(w.insert, w.pos)
}
