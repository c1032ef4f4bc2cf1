//go:build race

package ws

// underRace says that the race detector runs, which makes sync.Pool forget
// buffers on purpose: allocations cannot be counted then.
const underRace = true
