package duplex

import "crypto/tls"

// Flow is how one direction of something observed stands.
type Flow struct {
	Bytes  int64  // how many the destination has taken
	Reason Reason // Running, or why it is over
	// Holding says that bytes have been read that the destination has not taken
	// yet. If it stays so, the destination is slow.
	Holding bool
}

// Flow returns how a direction stands. It reads counters, makes no system call
// and allocates nothing.
//
// Where the kernel moves the bytes the counters grow four times a second.
func (o *Observed) Flow(w Way) Flow {
	if o.dirs != nil {
		d := &o.dirs[w]
		return Flow{Bytes: d.moved.Load(), Reason: Reason(d.reason.Load()), Holding: d.holding.Load()}
	}
	c := o.conn
	c.mu.Lock()
	defer c.mu.Unlock()
	if w == AB {
		return Flow{Bytes: c.BytesRead(), Reason: c.readEnd.reason(ReadFailed)}
	}
	return Flow{Bytes: c.BytesWritten(), Reason: c.writeEnd.reason(WriteFailed), Holding: c.writes.Load() > 0}
}

// Waiting returns how many bytes wait on their way in one direction: what has
// arrived at its source and has not been read, and what was written to its
// destination and has not been taken by the peer of that. mark is how many may
// wait before whoever writes must; zero if that is not known.
//
// Of in-memory streams that is what waits, and the high-water mark. Of sockets
// the kernel is asked for its queues and for half of their sizes, the other half
// being for its own account of them; on systems where it is not asked, and of
// other streams, both are zero.
func (o *Observed) Waiting(w Way) (waiting, mark int) {
	src, dst := o.ends[w], o.ends[1-w]
	if src != nil {
		waiting, mark = arrivals(src)
	}
	if dst != nil {
		n, m := departures(dst)
		waiting, mark = waiting+n, mark+m
	}
	return waiting, max(mark, waiting)
}

// arrivals returns how much waits to be read from s, and how much may.
func arrivals(s Stream) (waiting, mark int) {
	switch s := bare(s).(type) {
	case *PairEnd:
		return s.in.level(), s.in.mark
	case *loop:
		return s.q.level(), s.q.mark
	case *tls.Conn:
		return kernelQueue(s.NetConn(), false)
	default:
		return kernelQueue(s, false)
	}
}

// departures returns how much was written to s that its peer has not taken, and
// how much may be.
func departures(s Stream) (waiting, mark int) {
	switch s := bare(s).(type) {
	case *PairEnd:
		return s.out.level(), s.out.mark
	case *loop:
		return s.q.level(), s.q.mark
	case *tls.Conn:
		return kernelQueue(s.NetConn(), true)
	default:
		return kernelQueue(s, true)
	}
}

// LayerFlow is what one codec of a layer has done in one direction.
type LayerFlow struct {
	Transforms []string // their names, in the order in which bytes pass them
	In, Out    int64    // bytes before and after all of them
}

// Layers returns what the layers on the streams have done in one direction, in
// the order in which bytes pass them.
func (o *Observed) Layers(w Way) []LayerFlow {
	var flows []LayerFlow
	plain := o.Flow(w).Bytes
	if src := layers(o.ends[w]); len(src) > 0 {
		// The innermost is where bytes come in; each one's output is what the
		// next one reads.
		for i := len(src) - 1; i >= 0; i-- {
			f := LayerFlow{Transforms: src[i].codec.Decode.names(), In: src[i].received.Load(), Out: plain}
			if i > 0 {
				f.Out = src[i-1].received.Load()
			}
			flows = append(flows, f)
		}
	}
	in := plain
	for _, l := range layers(o.ends[1-w]) {
		f := LayerFlow{Transforms: l.codec.Encode.names(), In: in, Out: l.sent.Load()}
		in = f.Out
		flows = append(flows, f)
	}
	return flows
}

// layers returns the layers of s, the outermost first.
func layers(s Stream) (list []*Layered) {
	for s != nil {
		if l, ok := s.(*Layered); ok {
			list = append(list, l)
		}
		u, ok := s.(interface{ Unwrap() Stream })
		if !ok {
			break
		}
		s = u.Unwrap()
	}
	return list
}

// names returns what the parts of t are called.
func (t Transform) names() []string {
	if t.name != "" {
		return []string{t.name}
	}
	var names []string
	for _, u := range t.then {
		names = append(names, u.names()...)
	}
	if t.push != nil || t.pull != nil {
		names = append(names, t.String())
	}
	return names
}
