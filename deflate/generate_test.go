package deflate_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"

	"github.com/duplex-go/duplex/deflate"
)

// words are what text is made of, some long enough for matches of their own.
var words = bytes.Fields([]byte(`the of and to in is that for it as was with be by on not he his but at
are this have from or had an they which one you were all her she there would their we him been has when who
will no more if out so up said what its about than into them can only other time new some could these two
may first then do any like my now over such our man me even most made after also did many off before must
well back through years much where your way down should because long each just state those people too
function return package import error nil string int byte slice struct interface "duplex" 0x00 {} [] () := !=`))

// sizeNear returns a size that likes the edges: small ones, the window, two
// windows, and the number of symbols in a block.
func sizeNear(r *rand.Rand, most int) int {
	edge := []int{0, 3, 258, 262, 512, 1 << 10, 1 << 12, 16383, 16384, 32506, 32768, 65536, 65274, 98304}
	n := 0
	switch r.IntN(6) {
	case 0:
		n = r.IntN(20)
	case 1, 2:
		n = r.IntN(2000)
	case 3:
		n = edge[r.IntN(len(edge))] + r.IntN(13) - 6
	case 4:
		n = r.IntN(20000)
	default:
		n = r.IntN(most + 1)
	}
	return min(max(n, 0), most)
}

// appendData appends n bytes of a random kind to b.
func appendData(r *rand.Rand, b []byte, n, window int) []byte {
	end := len(b) + n
	switch r.IntN(11) {
	case 0: // random
		for len(b) < end {
			b = append(b, byte(r.Uint32()))
		}
	case 1: // text
		for len(b) < end {
			b = append(append(b, words[r.IntN(len(words))]...), ' ')
		}
	case 2: // skewed text: few words, so that matches are long
		for len(b) < end {
			b = append(append(b, words[min(r.IntN(40), r.IntN(40))]...), " \n"[r.IntN(20)/19])
		}
	case 3: // runs
		for len(b) < end {
			c := byte(r.Uint32())
			for range 1 + r.IntN(1+r.IntN(600)) {
				b = append(b, c)
			}
		}
	case 4: // one long run
		c := byte(0)
		if r.IntN(3) == 0 {
			c = byte(r.Uint32())
		}
		for len(b) < end {
			b = append(b, c)
		}
	case 5: // repeats at distances about the window's edge and elsewhere
		edge := []int{window, window - 262, window - 261, window - 263, 4096, 4097, 1, 2, 3, 258}
		for len(b) < end {
			d := edge[r.IntN(len(edge))] + r.IntN(3) - 1
			if d < 1 || d > len(b) || r.IntN(4) == 0 {
				for range 1 + r.IntN(9) {
					b = append(b, byte(r.Uint32()))
				}
				continue
			}
			for range 3 + r.IntN(1+r.IntN(300)) {
				b = append(b, b[len(b)-d])
			}
		}
	case 6: // bytes whose triples share a hash: a change of the first and last cancels out
		base := []byte{byte(r.Uint32()), byte(r.Uint32()), byte(r.Uint32())}
		for len(b) < end {
			k := byte(r.IntN(8))
			b = append(b, base[0]^k>>2, base[1]^k<<3, base[2]^k<<(5*uint(k&1)))
		}
	case 7: // a small alphabet
		k := 2 + r.IntN(4)
		for len(b) < end {
			b = append(b, 'a'+byte(r.IntN(k)))
		}
	case 8: // records
		for id := r.IntN(1000); len(b) < end; id++ {
			b = fmt.Appendf(b, `{"id":%d,"level":"info","msg":"%s %s","ms":%d.%d}`+"\n", id, words[r.IntN(len(words))], words[r.IntN(len(words))], r.IntN(100), r.IntN(10))
		}
	case 9: // near repeats of one block
		block := make([]byte, 5+r.IntN(700))
		for i := range block {
			block[i] = byte(r.Uint32() >> (r.IntN(2) * 5))
		}
		for len(b) < end {
			b = append(b, block...)
			for range r.IntN(4) {
				block[r.IntN(len(block))] = byte(r.Uint32())
			}
		}
	default: // counting, little-endian: deltas of columns
		for v := r.Uint32(); len(b) < end; v += uint32(r.IntN(4)) {
			b = append(b, byte(v), byte(v>>8), byte(v>>16), byte(v>>24))
		}
	}
	return b[:end]
}

// makeData returns at most most bytes of one or a few kinds.
func makeData(r *rand.Rand, most, window int) []byte {
	n := sizeNear(r, most)
	var b []byte
	for len(b) < n {
		k := n - len(b)
		if r.IntN(2) == 0 {
			k = 1 + r.IntN(k)
		}
		b = appendData(r, b, k, window)
	}
	return b
}

// makeLevel returns a random level, now and then Stored.
func makeLevel(r *rand.Rand) deflate.Level {
	if r.IntN(12) == 0 {
		return deflate.Stored
	}
	return deflate.Level(r.IntN(10))
}

// makeOptions returns random options that zlib accepts.
func makeOptions(r *rand.Rand) deflate.Options {
	o := deflate.Options{
		Format:     deflate.Format(r.IntN(3)),
		Level:      makeLevel(r),
		MemLevel:   1 + r.IntN(9),
		WindowBits: 9 + r.IntN(7),
	}
	if r.IntN(2) == 0 {
		o.MemLevel, o.WindowBits = 0, 0
	}
	if r.IntN(3) == 0 {
		o.Strategy = deflate.Strategy(r.IntN(5))
	}
	if o.Format == deflate.Zlib && r.IntN(20) == 0 {
		o.WindowBits = 8
	}
	return o
}

// windowOf is the window's size in bytes.
func windowOf(o *deflate.Options) int {
	switch o.WindowBits {
	case 0:
		return 1 << 15
	case 8:
		return 1 << 9
	}
	return 1 << o.WindowBits
}

// makeStream returns a random stream of at most most bytes.
func makeStream(r *rand.Rand, most int) *stream {
	s := &stream{options: makeOptions(r)}
	o := &s.options
	data := makeData(r, most, windowOf(o))
	if o.Format != deflate.Gzip && r.IntN(4) == 0 {
		o.Dict = makeData(r, 70000, windowOf(o))
		if len(data) > 0 && r.IntN(2) == 0 {
			// Something the data does refer to.
			o.Dict = append(o.Dict, data[:r.IntN(len(data))]...)
		}
	}
	flushes, params := r.IntN(3) == 0, r.IntN(4) == 0
	cut := 1 << r.IntN(18)
	if r.IntN(3) == 0 {
		cut = len(data) + 1
	}
	for len(data) > 0 {
		n := min(1+r.IntN(cut), len(data))
		if r.IntN(60) == 0 {
			n = 0
		}
		s.steps = append(s.steps, step{data: data[:n]})
		data = data[n:]
		if len(s.steps) > 300 {
			cut = 1 << 17
		}
		if flushes && r.IntN(3) == 0 {
			for range 1 + r.IntN(2)*r.IntN(2) {
				f := []deflate.Flush{deflate.PartialFlush, deflate.SyncFlush, deflate.FullFlush, deflate.BlockFlush}[r.IntN(4)]
				s.steps = append(s.steps, step{flush: f})
			}
		}
		if params && r.IntN(3) == 0 {
			st := step{params: true, level: makeLevel(r), strategy: deflate.Strategy(r.IntN(5))}
			if r.IntN(2) == 0 {
				st.strategy = o.Strategy
			}
			s.steps = append(s.steps, st)
		}
	}
	if params && r.IntN(10) == 0 {
		s.steps = append([]step{{params: true, level: makeLevel(r), strategy: deflate.Strategy(r.IntN(5))}}, s.steps...)
	}
	s.steps = append(s.steps, step{flush: deflate.Finish})
	return s
}
