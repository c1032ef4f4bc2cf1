//go:build !race

package inspect_test

const underRace = false
