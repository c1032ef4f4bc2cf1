//go:build !race

package deflate_test

// slowDown is how many times fewer cases a test has under the race detector.
const slowDown = 1
