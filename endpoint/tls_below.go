package endpoint

import (
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
)

// tlsBelow is the connection below TLS. It notes its end, and sends records
// whole: what a write deadline cuts off of one is kept, and goes out before
// anything else. TLS itself could not go on, since a record that it has made
// cannot be taken back.
type tlsBelow struct {
	net.Conn
	ended atomic.Bool

	mu   sync.Mutex
	rest []byte // of records
	cut  error  // what cut it off; nil if there is no rest
}

func (b *tlsBelow) Read(p []byte) (int, error) {
	n, err := b.Conn.Read(p)
	if err == io.EOF {
		b.ended.Store(true)
	}
	return n, err
}

// Write sends a record, or keeps what a deadline leaves of it.
func (b *tlsBelow) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	err := b.sendRest()
	if err == nil {
		var n int
		if n, err = b.Conn.Write(p); err == nil {
			return n, nil
		}
		b.rest = append(b.rest[:0], p[max(n, 0):]...)
	} else {
		b.rest = append(b.rest, p...)
	}
	if !errors.Is(err, os.ErrDeadlineExceeded) || len(b.rest) > mostRest {
		return 0, err
	}
	b.cut = err
	return len(p), nil
}

// mostRest bounds what is kept: several records, since TLS has answers of its
// own to what it reads.
const mostRest = 64 << 10

// flush sends what was kept. The error of a deadline leaves the rest kept.
func (b *tlsBelow) flush() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.sendRest()
}

func (b *tlsBelow) sendRest() error {
	if b.cut == nil {
		return nil
	}
	n, err := b.Conn.Write(b.rest)
	b.rest = b.rest[max(n, 0):]
	if err == nil {
		b.rest, b.cut = nil, nil
	}
	return err
}

// kept returns what has cut off something that is kept, or nil.
func (b *tlsBelow) kept() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.cut
}
