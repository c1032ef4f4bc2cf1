package load

import (
	"crypto/tls"
	"net"
	"runtime"
	"sync"
	"sync/atomic"
)

// Beats is a number of connections that say nothing and read what the server
// beats. One goroutine may use it.
type Beats struct {
	conns   []net.Conn
	reading sync.WaitGroup
	read    atomic.Int64
}

// NewBeats connects to addr. opened is how many connections its callers have
// opened before, which says where the new ones come from: one address has ports
// for some 28,000, those included that have just been closed. With secure they
// speak TLS. The caller closes it.
func NewBeats(addr string, conns, opened int, secure *tls.Config) (*Beats, error) {
	b := new(Beats)
	for i := range conns {
		d := net.Dialer{LocalAddr: source(opened + i)}
		c, err := d.Dial("tcp", addr)
		if err != nil {
			b.Close()
			return nil, err
		}
		b.conns = append(b.conns, c)
		if secure != nil {
			t := tls.Client(c, secure)
			if err := t.Handshake(); err != nil {
				b.Close()
				return nil, err
			}
			c = t
		}
		b.reading.Go(func() {
			p := make([]byte, 1)
			for {
				n, err := c.Read(p)
				if err != nil {
					return
				}
				b.read.Add(int64(n))
			}
		})
	}
	return b, nil
}

// Read returns how many bytes have been read, which is how many beats have come.
func (b *Beats) Read() int64 { return b.read.Load() }

// source returns the address to connect from for the n-th time, or nil where all
// of loopback is one address.
func source(n int) net.Addr {
	if runtime.GOOS != "linux" {
		return nil
	}
	k := n / 5_000
	return &net.TCPAddr{IP: net.IPv4(127, 1, byte(k/200), byte(1+k%200))}
}

// Close closes the connections.
func (b *Beats) Close() {
	for _, c := range b.conns {
		_ = c.Close() // nothing was written
	}
	b.reading.Wait()
}
