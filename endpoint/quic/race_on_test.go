//go:build race

package quic_test

// raced says that the race detector is at work.
const raced = true
