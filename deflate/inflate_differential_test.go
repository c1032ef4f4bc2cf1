package deflate_test

import (
	"bytes"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"

	"github.com/duplex-go/duplex/deflate"
)

// casesWanted is how many random cases a differential test runs: few in every
// run, as many as DUPLEX_CASES says in a recorded one.
func casesWanted(t testing.TB, usual int) int {
	t.Helper()
	if s := os.Getenv("DUPLEX_CASES"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil {
			t.Fatalf("DUPLEX_CASES: %v", err)
		}
		return n
	}
	return usual / fewer
}

// anyData returns data of a random kind: what compresses well, badly and not.
func anyData(r *rand.Rand) []byte {
	n := []int{r.IntN(40), r.IntN(1000), r.IntN(10_000), 32<<10 - 300 + r.IntN(600), 64<<10 - 300 + r.IntN(600), r.IntN(200_000)}[r.IntN(6)]
	seed := r.Uint64()
	switch r.IntN(5) {
	case 0:
		return prose(n, seed)
	case 1:
		return repeatable(n, seed)
	case 2: // repeats near the edge of the window
		p := repeatable(n, seed)
		back := 32<<10 - 4 + r.IntN(8)
		for i := back; i < n; i++ {
			if i%701 > 20 {
				p[i] = p[i-back]
			}
		}
		return p
	case 3: // runs with short periods
		p := make([]byte, n)
		for i := 0; i < n; {
			period, run := 1+r.IntN(20), r.IntN(600)
			for j := range min(run, n-i) {
				if j < period {
					p[i] = byte(r.Uint32())
				} else {
					p[i] = p[i-period]
				}
				i++
			}
		}
		return p
	}
	p := make([]byte, n) // few symbols, skewed: long codes
	for i := range p {
		p[i] = byte(r.ExpFloat64() * r.ExpFloat64() * 3)
	}
	return p
}

// anyStream asks for a stream with random parameters, cuts and flushes.
func anyStream(r *rand.Rand) (q oracleQuestion, o deflate.DecoderOptions, plain []byte) {
	plain = anyData(r)
	o.Format = []deflate.Format{deflate.Raw, deflate.Zlib, deflate.Gzip}[r.IntN(3)]
	bits := 9 + r.IntN(7)
	if r.IntN(2) == 0 {
		bits = 15
	}
	if r.IntN(2) == 0 {
		o.WindowBits = bits
	}
	q = oracleQuestion{Op: "encode", Bits: oracleBits(formatWord(o.Format), bits), Level: r.IntN(10), Mem: 1 + r.IntN(9), Strategy: r.IntN(5)}
	if r.IntN(4) == 0 && o.Format != deflate.Gzip {
		o.Dict = prose(1+r.IntN(40_000), 5)
		q.Dict = o.Dict
	}
	rest := plain
	for range r.IntN(8) {
		n := r.IntN(len(rest) + 1)
		q.Parts = append(q.Parts, oraclePart{rest[:n], []string{"none", "partial", "sync", "full", "block"}[r.IntN(5)]})
		rest = rest[n:]
	}
	q.Parts = append(q.Parts, oraclePart{rest, "finish"})
	return q, o, plain
}

func TestDecoder_AnythingZlibWrites_IsDecoded(t *testing.T) {
	r := rand.New(rand.NewPCG(uint64(casesWanted(t, 200)), 1))
	for done := 0; done < casesWanted(t, 200); {
		var questions []oracleQuestion
		var streams []codedStream
		for range 25 {
			q, o, plain := anyStream(r)
			questions = append(questions, q)
			streams = append(streams, codedStream{"", o, plain, nil})
		}
		for i, a := range ask(t, questions...) {
			s := streams[i]
			for _, step := range []int{0, 1 + r.IntN(20), 1 + r.IntN(5000)} {
				v := decodeAll(t, s.options, a.Out, step, 1+r.IntN(1<<(1+r.IntN(17))))
				if v.err != nil || !bytes.Equal(v.out, s.plain) || v.used != int64(len(a.Out)) {
					q := questions[i]
					t.Fatalf("case %d, %v level %d strategy %d memory %d window %d, pieces of %d: %v, %d of %d bytes, %d of %d used", done,
						s.options.Format, q.Level, q.Strategy, q.Mem, q.Bits, step, v.err, len(v.out), len(s.plain), v.used, len(a.Out))
				}
			}
			done++
		}
	}
}

func TestDecoder_AnythingDamaged_GetsZlibsVerdict(t *testing.T) {
	r := rand.New(rand.NewPCG(uint64(casesWanted(t, 200)), 2))
	for done := 0; done < casesWanted(t, 200); {
		var questions, verdicts []oracleQuestion
		var streams []codedStream
		for range 25 {
			q, o, plain := anyStream(r)
			o.WindowBits = 0 // zlib's verdict on far distances depends on its buffers
			questions = append(questions, q)
			streams = append(streams, codedStream{"", o, plain, nil})
		}
		for i, a := range ask(t, questions...) {
			p := a.Out
			if len(p) > 30_000 {
				p = p[:30_000]
			}
			for range 1 + r.IntN(3) {
				switch at := r.IntN(len(p)); r.IntN(4) {
				case 0:
					p[at] ^= 1 << r.IntN(8)
				case 1:
					p[at] = byte(r.Uint32())
				case 2:
					p = slices.Delete(p, at, min(len(p), at+1+r.IntN(4)))
				case 3:
					p = slices.Insert(p, at, repeatable(1+r.IntN(4), r.Uint64())...)
				}
				if len(p) == 0 {
					break
				}
			}
			streams[i].coded = p
			verdicts = append(verdicts, streams[i].question(p, 0))
		}
		for i, a := range ask(t, verdicts...) {
			s := streams[i]
			for _, step := range []int{0, 1 + r.IntN(20)} {
				v := decodeAll(t, s.options, s.coded, step, 1+r.IntN(70_000))
				if err := sameVerdict(s.options, v, a); err != nil {
					t.Fatalf("case %d, %v, pieces of %d: %v", done, s.options.Format, step, err)
				}
			}
			done++
		}
	}
}

func TestDecoder_WhatGoWrites_IsDecoded(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	for range 40 / fewer {
		plain := anyData(r)
		level := r.IntN(12) - 2
		for f, coded := range map[deflate.Format][]byte{
			deflate.Raw: goRaw(t, plain, level), deflate.Zlib: goZlib(t, plain, level), deflate.Gzip: goGzip(t, plain, level),
		} {
			v := decodeAll(t, deflate.DecoderOptions{Format: f}, coded, 1+r.IntN(3000), 1+r.IntN(5000))
			if v.err != nil || !bytes.Equal(v.out, plain) {
				t.Errorf("%v, level %d: %v", f, level, v.err)
			}
		}
	}
}
