package deflate_test

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"runtime"
	"slices"
	"testing"

	"github.com/duplex-go/duplex/deflate"
)

func TestDecoder_MaxOutput_IsTheExactBoundHoweverCut(t *testing.T) {
	for _, size := range []int{1, 999, 1000, 40_000, 100_000} {
		for name, plain := range map[string][]byte{"zeros": make([]byte, size), "random": repeatable(size, 1), "text": prose(size, 2)} {
			coded := goGzip(t, plain, 6)
			for _, c := range []struct {
				limit int
				err   error
			}{{size + 1, nil}, {size, nil}, {size - 1, deflate.ErrTooLarge}, {size / 2, deflate.ErrTooLarge}} {
				if c.limit == 0 {
					continue
				}
				for _, step := range []int{0, 1, 100} {
					if step == 1 && len(coded) > 10_000 {
						continue
					}
					v := decodeAll(t, deflate.DecoderOptions{Format: deflate.Gzip, MaxOutput: int64(c.limit)}, coded, step, 5000)
					want := plain[:min(size, c.limit)]
					if !errors.Is(v.err, c.err) || c.err == nil && v.err != nil || !bytes.Equal(v.out, want) {
						t.Errorf("%d bytes of %s, limit %d, pieces of %d: %d bytes, %v", size, name, c.limit, step, len(v.out), v.err)
					}
				}
			}
		}
	}
}

func TestDecoder_MaxOutput_CountsAllMembers(t *testing.T) {
	coded := slices.Concat(goGzip(t, []byte("abc"), 6), goGzip(t, []byte("def"), 6), goGzip(t, nil, 6))
	for limit, want := range map[int64]string{3: "abc", 5: "abcde", 6: "abcdef"} {
		v := decodeAll(t, deflate.DecoderOptions{Format: deflate.Gzip, MaxOutput: limit}, coded, 0, 10)
		if string(v.out) != want || (v.err == nil) != (limit == 6) {
			t.Errorf("limit %d: %q, %v", limit, v.out, v.err)
		}
	}
}

// bomb returns gzip data of n zero bytes, whole MiB, a thousandth of that. It
// repeats one piece that ends with a full flush, which is faster than coding.
func bomb(t testing.TB, n int) []byte {
	t.Helper()
	const mib = 1 << 20
	var piece bytes.Buffer
	w, err := flate.NewWriter(&piece, 9)
	if err != nil {
		t.Fatal(err)
	}
	zeros := make([]byte, mib)
	w.Write(zeros)
	w.Flush()
	p := []byte{0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3}
	crc := uint32(0)
	for range n / mib {
		p = append(p, piece.Bytes()...)
		crc = crc32.Update(crc, crc32.IEEETable, zeros)
	}
	p = append(p, 3, 0)
	return binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(p, crc), uint32(n))
}

func TestDecoder_MaxRatio_StopsABombAtTheSamePlace(t *testing.T) {
	coded := bomb(t, 16<<20/fewer)
	o := deflate.DecoderOptions{Format: deflate.Gzip, MaxRatio: 100}
	first := decodeAll(t, o, coded, 0, 1<<16)
	if !errors.Is(first.err, deflate.ErrRatio) || len(first.out) < deflate.RatioGrace || len(first.out) > deflate.RatioGrace*5/4 {
		t.Fatalf("%d bytes, %v", len(first.out), first.err)
	}
	for i, step := range []int{1, 77, 1000} {
		for j, room := range []int{10, 1000, 40_000} {
			if fewer > 1 && (i+j)%3 != 0 {
				continue // each step and each room once
			}
			v := decodeAll(t, o, coded, step, room)
			if v.err.Error() != first.err.Error() || len(v.out) != len(first.out) {
				t.Errorf("pieces of %d, room of %d: %d bytes, %v; want %d, %v", step, room, len(v.out), v.err, len(first.out), first.err)
			}
		}
	}
	o.MaxRatio = 1100
	if v := decodeAll(t, o, coded, 0, 1<<16); v.err != nil || len(v.out) != 16<<20/fewer {
		t.Errorf("a ratio no stream exceeds: %d bytes, %v", len(v.out), v.err)
	}
	small := bomb(t, deflate.RatioGrace)
	o.MaxRatio = 1
	if v := decodeAll(t, o, small, 0, 1<<16); v.err != nil || len(v.out) != deflate.RatioGrace {
		t.Errorf("within the grace: %d bytes, %v", len(v.out), v.err)
	}
	text := goGzip(t, slices.Concat(prose(1<<20, 1), repeatable(1<<20, 2), prose(1<<20, 3)), 6)
	o.MaxRatio = 20
	if v := decodeAll(t, o, text, 0, 1<<16); v.err != nil || len(v.out) != 3<<20 {
		t.Errorf("ordinary data: %d bytes, %v", len(v.out), v.err)
	}
}

func TestDecoder_BothLimits_GiveTheFirstOneMet(t *testing.T) {
	coded := bomb(t, 8<<20)
	v := decodeAll(t, deflate.DecoderOptions{Format: deflate.Gzip, MaxRatio: 50, MaxOutput: 2 << 20}, coded, 0, 1<<16)
	if !errors.Is(v.err, deflate.ErrRatio) {
		t.Errorf("got %v", v.err)
	}
	v = decodeAll(t, deflate.DecoderOptions{Format: deflate.Gzip, MaxRatio: 50, MaxOutput: 1 << 20}, coded, 0, 1<<16)
	if !errors.Is(v.err, deflate.ErrTooLarge) || len(v.out) != 1<<20 {
		t.Errorf("got %v after %d bytes", v.err, len(v.out))
	}
}

// heapGrowth returns how much f allocates, alive or not.
func heapGrowth(f func()) int64 {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return int64(after.TotalAlloc) - int64(before.TotalAlloc)
}

// R33.
func TestReader_Bombs_StayWithinBoundedMemory(t *testing.T) {
	size := int64(256<<20) / int64(fewer)
	gz := bomb(t, int(size))
	zl := goZlib(t, make([]byte, 16<<20), 9)
	double := goGzip(t, gz, 9)
	triple := goGzip(t, double, 9)
	for _, c := range []struct {
		name   string
		format deflate.Format
		data   []byte
		levels int
		size   int64
	}{
		{"single gzip", deflate.Gzip, gz, 1, size},
		{"16 MiB zlib", deflate.Zlib, zl, 1, 16 << 20},
		{"double gzip", deflate.Gzip, double, 2, size},
		{"triple gzip", deflate.Gzip, triple, 3, size},
	} {
		for _, limit := range []int64{0, 1000, 1 << 20} {
			if limit == 0 && c.levels == 2 {
				continue // the triple one does it all
			}
			var n int64
			var err error
			grown := heapGrowth(func() {
				var r io.Reader = bytes.NewReader(c.data)
				for i := range c.levels {
					o := deflate.DecoderOptions{Format: c.format}
					if i == c.levels-1 {
						o.MaxOutput = limit
					}
					r, err = deflate.NewReader(r, o)
					if err != nil {
						t.Fatal(err)
					}
				}
				n, err = io.Copy(io.Discard, r)
			})
			if limit == 0 && (err != nil || n != c.size) || limit > 0 && (!errors.Is(err, deflate.ErrTooLarge) || n != limit) {
				t.Errorf("%s, limit %d: %d bytes, %v", c.name, limit, n, err)
			}
			if grown > 1<<20 {
				t.Errorf("%s, limit %d: %d bytes allocated", c.name, limit, grown)
			}
		}
	}
}

// R34.
func TestReader_EmptyMembers_TakeNoMemory(t *testing.T) {
	// The smallest member: an empty fixed block.
	member := []byte{0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0}
	data := bytes.Repeat(member, 10<<20/fewer/len(member))
	var n int
	var err error
	grown := heapGrowth(func() {
		z, _ := deflate.NewReader(bytes.NewReader(data), deflate.DecoderOptions{Format: deflate.Gzip})
		n, err = z.Read(make([]byte, 10))
		if z.InputOffset() != int64(len(data)) {
			t.Errorf("%d bytes taken", z.InputOffset())
		}
	})
	if n != 0 || err != io.EOF || grown > 1<<20 {
		t.Errorf("%d, %v, %d bytes allocated", n, err, grown)
	}
}

func TestDecoder_LiveMemory_IsAtMost64KiB(t *testing.T) {
	coded := goGzip(t, prose(200_000, 1), 6)
	long := bytes.Repeat([]byte{'n'}, 10_000)
	coded = slices.Concat([]byte{0x1f, 0x8b, 8, 0x1c, 0, 0, 0, 0, 0, 3, 0x10, 0x27}, long, long, []byte{0}, long, []byte{0}, coded[10:])
	room := make([]byte, 100)
	const count = 50
	for name, open := range map[string]func() any{
		"Reader": func() any {
			z, _ := deflate.NewReader(bytes.NewReader(coded), deflate.DecoderOptions{Format: deflate.Gzip})
			z.Read(room)
			return z
		},
		"DecodeWriter": func() any {
			z, _ := deflate.NewDecodeWriter(io.Discard, deflate.DecoderOptions{Format: deflate.Gzip})
			for i := 0; i < len(coded)/2; i += 100 {
				z.Write(coded[i : i+100])
			}
			return z
		},
	} {
		kept := make([]any, 0, count)
		grown := heapGrowth(func() {
			for range count {
				kept = append(kept, open())
			}
		})
		each := grown / count
		t.Logf("%s: %d bytes", name, each)
		if each > 64<<10 {
			t.Errorf("a live %s takes %d bytes", name, each)
		}
		runtime.KeepAlive(kept)
	}
}

func TestDecoder_SteadyState_DoesNotAllocate(t *testing.T) {
	plain := prose(100_000, 1)
	dict := prose(10_000, 1)
	for f, coded := range map[deflate.Format][]byte{
		deflate.Raw: goRaw(t, plain, 6), deflate.Zlib: goZlib(t, plain, 6), deflate.Gzip: withHeader(goGzip(t, plain, 6), 0x1f),
	} {
		src := bytes.NewReader(coded)
		z, err := deflate.NewReader(src, deflate.DecoderOptions{Format: f, Dict: dict, MaxRatio: 1000, MaxOutput: 1 << 30})
		if err != nil {
			t.Fatal(err)
		}
		buf := make([]byte, 5000)
		got := testing.AllocsPerRun(10, func() {
			src.Reset(coded)
			z.Reset(src)
			for {
				if _, err := z.Read(buf); err == io.EOF {
					return
				} else if err != nil {
					t.Fatal(err)
				}
			}
		})
		if got != 0 {
			t.Errorf("%v: %v allocations to decode a stream", f, got)
		}
		w, err := deflate.NewDecodeWriter(io.Discard, deflate.DecoderOptions{Format: f})
		if err != nil {
			t.Fatal(err)
		}
		got = testing.AllocsPerRun(10, func() {
			w.Reset(io.Discard)
			if _, err := w.Write(coded); err != nil {
				t.Fatal(err)
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
		})
		if got != 0 {
			t.Errorf("%v: %v allocations to decode a stream by writing", f, got)
		}
	}
}

func TestDecoder_Reset_ForgetsTheFormerStream(t *testing.T) {
	long, short := goGzip(t, prose(100_000, 1), 6), goGzip(t, prose(100, 2), 6)
	d, err := deflate.NewDecoder(deflate.DecoderOptions{Format: deflate.Auto})
	if err != nil {
		t.Fatal(err)
	}
	for i, c := range []struct {
		data []byte
		err  error
	}{{long, nil}, {short, nil}, {short[:50], io.ErrUnexpectedEOF}, {short, nil}, {[]byte("text"), deflate.ErrHeader}, {goZlib(t, prose(10, 1), 6), nil}, {long, nil}} {
		d.Reset()
		if _, ok := d.Header(); ok || d.InputOffset() != 0 || d.OutputOffset() != 0 {
			t.Errorf("input %d: offsets or header of the former one", i)
		}
		if v := decodeWith(t, d, c.data, 0, 1000); !errors.Is(v.err, c.err) || c.err == nil && v.err != nil {
			t.Errorf("input %d: %v, want %v", i, v.err, c.err)
		}
	}
}
