package duplex

import (
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"
)

// host returns what MaxPerHost counts a peer under: its address, or the
// network that one host of IPv6 has for itself. ok is false for peers that
// have no address, such as those of Unix sockets.
func host(peer net.Addr) (a netip.Addr, ok bool) {
	tcp, ok := peer.(*net.TCPAddr)
	if !ok {
		return a, false
	}
	a = tcp.AddrPort().Addr().Unmap()
	if a.Is6() {
		p, err := a.WithZone("").Prefix(64)
		return p.Addr(), err == nil
	}
	return a, a.IsValid()
}

// admit makes room for c, or reports that a limit or the end of the server is
// in the way. dropped tells the former.
func (s *Server) admit(c *served) (ok, dropped bool) {
	limit := s.MaxConns
	if limit == 0 {
		limit = DefaultMaxConns
	}
	c.host, c.counted = host(c.remote)
	c.counted = c.counted && s.MaxPerHost > 0
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closing:
		return false, false
	case limit > 0 && len(s.conns) >= limit, c.counted && s.perHost[c.host] >= s.MaxPerHost:
		return false, true
	}
	if s.conns == nil {
		s.conns = make(map[*served]struct{})
		s.perHost = make(map[netip.Addr]int)
	}
	s.conns[c] = struct{}{}
	if c.counted {
		s.perHost[c.host]++
	}
	return true, false
}

// finished forgets c.
func (s *Server) finished(c *served) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, c)
	if c.counted {
		if s.perHost[c.host]--; s.perHost[c.host] == 0 {
			delete(s.perHost, c.host)
		}
	}
	s.checkIdle()
	s.checkPoller()
}

// silence ends a connection that keeps it for too long.
type silence struct {
	conn      *Conn
	firstByte time.Duration // from began; 0: no bound, or it has come
	idle      time.Duration // from moved; 0: no bound
	expire    func(error)

	began    time.Time
	moved    time.Time // when progress was last seen
	progress uint64
	callback sync.WaitGroup

	mu    sync.Mutex
	timer *time.Timer
	over  bool
}

// watch begins to watch c, if s has bounds for it.
func (s *Server) watch(c *served) *silence {
	if s.FirstByte <= 0 && s.Idle <= 0 {
		return nil
	}
	w := &silence{
		conn: c.conn, firstByte: max(s.FirstByte, 0), idle: max(s.Idle, 0), began: time.Now(),
		expire: func(err error) { s.giveUp(c, err) },
	}
	w.moved, w.progress = w.began, progress(w.conn)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.arm(w.began)
	return w
}

// arm sets the timer for when something may have been silent for too long. What
// moves is only looked for, so it looks a few times within the bound of Idle.
// w.mu is held.
func (w *silence) arm(now time.Time) {
	next := w.idle / 4
	if left := w.firstByte - now.Sub(w.began); w.firstByte > 0 && (next == 0 || left < next) {
		next = left
	}
	if next == 0 {
		return // the first byte has come, and there is no other bound
	}
	w.callback.Add(1)
	w.timer = time.AfterFunc(max(next, time.Millisecond), w.look)
}

func (w *silence) look() {
	defer w.callback.Done()
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.over {
		return
	}
	now := time.Now()
	if w.firstByte > 0 && (w.conn.BytesRead() > 0 || received(w.conn.below) > 0) {
		w.firstByte = 0
	}
	if p := progress(w.conn); p != w.progress {
		w.progress, w.moved = p, now
	}
	switch {
	case w.firstByte > 0 && now.Sub(w.began) >= w.firstByte:
		w.over = true
		w.expire(fmt.Errorf("duplex: no first byte within %v: %w", w.firstByte, ErrIdle))
	case w.idle > 0 && now.Sub(w.moved) >= w.idle:
		w.over = true
		w.expire(fmt.Errorf("duplex: nothing moved for %v: %w", w.idle, ErrIdle))
	default:
		w.arm(now)
	}
}

// stop ends the watch and waits for a callback under way.
func (w *silence) stop() {
	if w == nil {
		return
	}
	w.mu.Lock()
	w.over = true
	if w.timer != nil && w.timer.Stop() {
		w.callback.Done()
	}
	w.mu.Unlock()
	w.callback.Wait()
}

// progress returns a number that grows while bytes move on c, whoever counts
// them: inside the kernel they are counted there.
func progress(c *Conn) uint64 {
	below := bare(c.below)
	return uint64(c.BytesRead()) + uint64(c.BytesWritten()) + arrived(below) + received(below)
}
