//go:build race

package inspect_test

const underRace = true // everything takes ten times as long
