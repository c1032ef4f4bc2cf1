package main

import (
	"log"

	"github.com/duplex-go/duplex/internal/load"
)

// must ends the program if p has failed.
func (p proxy) must(err error) {
	if err != nil {
		log.Fatalf("%s: %v", p.name, err)
	}
}

func (p proxy) bulk(size int64, both bool) float64 {
	rate, err := load.Bulk(p.start, size, both)
	p.must(err)
	return rate
}

func (p proxy) pingPong(size, conns, trips int) (half, most float64) {
	half, most, err := load.PingPong(p.start, size, conns, trips)
	p.must(err)
	return half, most
}

func (p proxy) idle(pairs int) float64 {
	each, err := load.IdlePairs(p.start, pairs)
	p.must(err)
	return each
}
