//go:build race

package deflate_test

// slowDown is how many times fewer cases a test has under the race detector,
// which decodes some ten times slower.
const slowDown = 8
