package compress

import "sync"

// maxKinds bounds the pools of one sort. A program has a few kinds of codecs;
// one that makes them up as it goes does without pools from there on.
const maxKinds = 64

// pools holds what is used again, apart by the kind that it is of. The zero
// value is ready.
type pools[K comparable, V any] struct {
	mu   sync.Mutex
	kind map[K]*sync.Pool
}

// of returns the pool of k, or nil if there are too many.
func (p *pools[K, V]) of(k K) *sync.Pool {
	p.mu.Lock()
	defer p.mu.Unlock()
	pool := p.kind[k]
	if pool == nil && len(p.kind) < maxKinds {
		if p.kind == nil {
			p.kind = make(map[K]*sync.Pool)
		}
		pool = new(sync.Pool)
		p.kind[k] = pool
	}
	return pool
}

func (p *pools[K, V]) get(k K) (v V, ok bool) {
	if pool := p.of(k); pool != nil {
		v, ok = pool.Get().(V)
	}
	return v, ok
}

func (p *pools[K, V]) put(k K, v V) {
	if pool := p.of(k); pool != nil {
		pool.Put(v)
	}
}
