//go:build !race

package compress_test

// race says that the race detector is on, which is slow.
const race = false
