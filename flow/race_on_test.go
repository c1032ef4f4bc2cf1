//go:build race

package flow

// raced says that the race detector is at work, which makes a simulation that
// has no goroutines ten times slower and finds nothing in it.
const raced = true
