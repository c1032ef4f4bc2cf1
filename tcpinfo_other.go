//go:build !linux || !(amd64 || arm64)

package duplex

// ackedBytes returns 0: this platform does not say what a peer has taken.
func ackedBytes(Stream) uint64 { return 0 }

// received returns 0: nothing moves here without being counted.
func received(Stream) uint64 { return 0 }
