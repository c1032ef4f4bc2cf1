//go:build !race

package duplex_test

const underRace = false
