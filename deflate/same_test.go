package deflate_test

import (
	"bytes"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/duplex-go/duplex/deflate"
)

// diffDefault is the share of the differential cases that every run has.
const diffDefault = 1500

var (
	diffCases = flag.Int("diffcases", diffDefault, "cases to compare with zlib")
	diffSeed  = flag.Uint64("diffseed", 1, "seed of the first case; case i has seed diffseed+i")
)

// difference runs s in both and says how they differ, or nothing.
func difference(p *peer, s *stream) error {
	want, err := p.run(s)
	if err != nil {
		return err
	}
	got, err := ours(s)
	if err != nil {
		return err
	}
	if !bytes.Equal(got.out, want.out) {
		i := 0
		for i < min(len(got.out), len(want.out)) && got.out[i] == want.out[i] {
			i++
		}
		return fmt.Errorf("byte %d differs: %d bytes, zlib %d", i, len(got.out), len(want.out))
	}
	if !slices.Equal(got.ends, want.ends) {
		return fmt.Errorf("the same bytes, but not out at the same calls: %v, zlib %v", got.ends, want.ends)
	}
	return nil
}

// TestSameBytesAsZlib compares random streams with zlib, byte for byte and
// call for call. The full run is
//
//	go test ./deflate -run TestSameBytesAsZlib -diffcases 100000 -timeout 0
func TestSameBytesAsZlib(t *testing.T) {
	p := startPeer(t)
	start := time.Now()
	total := 0
	cases := *diffCases
	if cases == diffDefault {
		cases /= fewer
	}
	for i := range cases {
		seed := *diffSeed + uint64(i)
		r := rand.New(rand.NewPCG(seed, 3))
		most := 40000
		switch {
		case i%50 == 0:
			most = 400000
		case i%5 == 0:
			most = 140000
		}
		s := makeStream(r, most)
		for _, st := range s.steps {
			total += len(st.data)
		}
		if err := difference(p, s); err != nil {
			small := shrink(p, s)
			t.Fatalf("seed %d: %v\n%v\nshrunk: %v\n%v", seed, err, s, small, small.steps)
		}
	}
	t.Logf("%d cases, %d bytes, the same as zlib %s, in %v", cases, total, p.version, time.Since(start).Round(time.Millisecond))
}

// TestEveryParameterSameAsZlib goes through all parameters with inputs that
// fill several windows and blocks.
func TestEveryParameterSameAsZlib(t *testing.T) {
	p := startPeer(t)
	for level := deflate.Fastest; level <= deflate.Smallest; level++ {
		if fewer > 1 && level != 1 && level != 6 {
			continue
		}
		for strategy := deflate.DefaultStrategy; strategy <= deflate.Fixed; strategy++ {
			for _, mem := range []int{1, 8, 9} {
				for _, bits := range []int{9, 12, 15} {
					r := rand.New(rand.NewPCG(uint64(bits), uint64(level)))
					o := deflate.Options{Format: deflate.Zlib, Level: level, Strategy: strategy, MemLevel: mem, WindowBits: bits}
					data := makeData(r, 10, 1<<bits)
					for len(data) < 5<<bits {
						data = appendData(r, data, 1+r.IntN(3<<bits), 1<<bits)
					}
					s := &stream{o, []step{{data: data}, {flush: deflate.Finish}}}
					if err := difference(p, s); err != nil {
						t.Errorf("%v: %v", s, err)
					}
				}
			}
		}
	}
}

// TestStoredSameAsZlibForOneWrite compares level 0.
func TestStoredSameAsZlibForOneWrite(t *testing.T) {
	p := startPeer(t)
	for seed := range uint64(300 / fewer) {
		r := rand.New(rand.NewPCG(seed, 5))
		o := makeOptions(r)
		o.Level = deflate.Stored
		s := &stream{o, []step{{data: makeData(r, 200000, windowOf(&o))}, {flush: deflate.Finish}}}
		if err := difference(p, s); err != nil {
			t.Fatalf("seed %d: %v\n%v", seed, err, s)
		}
	}
}
