package ws

// ahead is payload that has come and nobody has read.
type ahead struct {
	buf  []byte
	read int // of it
}

const (
	usual     = 4 << 10  // what is read at once for a Read of less; it is kept
	mostAhead = 64 << 10 // with so much unread nothing more is read
)

func (a *ahead) waiting() int { return len(a.buf) - a.read }

// take moves what is there to p.
func (a *ahead) take(p []byte) int {
	n := copy(p, a.buf[a.read:])
	if a.read += n; a.read == len(a.buf) {
		a.drop()
	}
	return n
}

// drop forgets what is there, and a buffer that is larger than usual.
func (a *ahead) drop() {
	if a.buf, a.read = a.buf[:0], 0; cap(a.buf) > usual {
		a.buf = nil
	}
}

// room returns where more can be read to. What of it is to stay is added by
// grow.
func (a *ahead) room() []byte {
	if cap(a.buf)-len(a.buf) < usual/4 {
		larger := make([]byte, a.waiting(), max(usual, min(2*cap(a.buf), mostAhead+usual)))
		copy(larger, a.buf[a.read:])
		a.buf, a.read = larger, 0
	}
	return a.buf[len(a.buf):cap(a.buf)]
}

// grow adds the first n bytes of room.
func (a *ahead) grow(n int) { a.buf = a.buf[:len(a.buf)+n] }
