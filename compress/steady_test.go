package compress_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/compress"
	"github.com/duplex-go/duplex/deflate"
)

// deflating returns the transform for a case.
func deflating(c zlibCase, steady bool, parallel int) duplex.Transform {
	o := compress.Options{
		Level: c.o.Level, Strategy: c.o.Strategy, MemLevel: c.o.MemLevel, WindowBits: c.o.WindowBits, Steady: steady, Parallel: parallel,
	}
	switch c.format {
	case deflate.Gzip:
		return compress.Gzip(o)
	case deflate.Zlib:
		return compress.Deflate(o)
	}
	return compress.RawDeflate(o)
}

// cutUp writes p to t in pieces of random sizes.
func cutUp(t *testing.T, tr duplex.Transform, p []byte, rnd *rand.Rand, most int) []byte {
	t.Helper()
	var out bytes.Buffer
	w := tr.Writer(&out)
	for len(p) > 0 {
		n := min(len(p), 1+rnd.IntN(most))
		if _, err := w.Write(p[:n]); err != nil {
			t.Fatal(err)
		}
		p = p[n:]
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// far repeats itself at just the distance that a window reaches: there the
// cuts of the input show most easily.
func far(rnd *rand.Rand, windowBits, n int) []byte {
	period := 1<<windowBits - 262
	p := make([]byte, n)
	for i := range p {
		if i >= period {
			p[i] = p[i-period]
		} else {
			p[i] = 'a' + byte(rnd.IntN(16))
		}
	}
	for range 30 {
		p[rnd.IntN(n)] = byte(rnd.IntN(256))
	}
	return p
}

func TestSteadyOutputIsThatOfOneWrite(t *testing.T) {
	rnd := rand.New(rand.NewPCG(11, 12))
	for round := range messages(3) {
		var data []byte
		bits := 15
		switch round % 3 {
		case 0:
			bits = 10 + round/3%6
			data = far(rnd, bits, 6<<bits)
		case 1:
			data = text(200_000)
		default:
			data = append(append(text(60_000), noise(150_000)...), make([]byte, 70_000)...)
		}
		var cases []zlibCase
		for _, level := range []deflate.Level{deflate.Stored, 1, 4, 6, 9} {
			cases = append(cases, zlibCase{deflate.Gzip, deflate.Options{Level: level, WindowBits: bits}})
		}
		cases = append(cases,
			zlibCase{deflate.Zlib, deflate.Options{Strategy: deflate.RLE, MemLevel: 1, WindowBits: bits}},
			zlibCase{deflate.Raw, deflate.Options{Strategy: deflate.HuffmanOnly, MemLevel: 9, WindowBits: bits}},
			zlibCase{deflate.Raw, deflate.Options{Level: deflate.Stored, MemLevel: 2, WindowBits: bits}})
		for i, want := range zlibWrites(t, data, cases...) {
			for parallel, most := range map[int]int{1: 1000, 2: 100_000} {
				if got := cutUp(t, deflating(cases[i], true, parallel), data, rnd, most); !bytes.Equal(got, want) {
					t.Errorf("round %d, %s, %d goroutines, pieces of up to %d: %d bytes, zlib writes %d",
						round, cases[i].argument(len(data)), parallel, most, len(got), len(want))
				}
			}
		}
	}
}

func TestStoredBlocksOfEveryLength(t *testing.T) {
	rnd := rand.New(rand.NewPCG(13, 14))
	c := zlibCase{deflate.Gzip, deflate.Options{Level: deflate.Stored}}
	lengths := []int{0, 1, 32767, 32768, 65530, 65531, 65534, 65535, 65536, 65537, 98303, 98304, 131069, 131070, 131071, 200_000}
	data := noise(200_000)
	var args []string
	for _, n := range lengths {
		args = append(args, c.argument(n))
	}
	for i, want := range runZlib(t, data, args...) {
		if got := cutUp(t, deflating(c, true, 0), data[:lengths[i]], rnd, 9000); !bytes.Equal(got, want) {
			t.Errorf("%d bytes: %d bytes, zlib writes %d", lengths[i], len(got), len(want))
		}
	}
}

func TestAFlushLetsSteadyGo(t *testing.T) {
	a, b := duplex.PairConfig{HighWaterMark: 1 << 20}.Pair()
	codec := compress.GzipCodec(compress.Options{Steady: true}, compress.DecoderOptions{})
	enc, dec := duplex.Layer(a, codec), duplex.Layer(b, codec)
	defer enc.Close()
	defer dec.Close()
	buf := make([]byte, 100)
	for i := range 3 {
		want := fmt.Sprint("message ", i)
		_, _ = enc.Write([]byte(want))
		if err := enc.Flush(); err != nil {
			t.Fatal(err)
		}
		if n, err := dec.Read(buf); string(buf[:n]) != want || err != nil {
			t.Errorf("%q, %v", buf[:n], err)
		}
	}
	// The level changes for what comes after it, not for what was held back.
	_, _ = enc.Write(text(1000))
	if err := compress.Params(enc, deflate.Stored, deflate.DefaultStrategy); err != nil {
		t.Fatal(err)
	}
	before, _ := compress.EncoderStats(enc)
	_, _ = enc.Write(noise(70_000)) // more than a stored block, less than a piece and one
	if err := enc.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if before.In != 27+1000 {
		t.Errorf("%+v before the change", before)
	}
	var all bytes.Buffer
	if _, err := all.ReadFrom(dec); err != nil || !bytes.Equal(all.Bytes(), append(text(1000), noise(70_000)...)) {
		t.Errorf("%d bytes, %v", all.Len(), err)
	}
}
