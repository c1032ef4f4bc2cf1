package compress_test

import (
	"bytes"
	"errors"
	"io"
	"runtime"
	"testing"

	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/compress"
	"github.com/duplex-go/duplex/deflate"
)

// live returns how many bytes of the heap are in use.
func live() int64 {
	runtime.GC()
	runtime.GC() // what pools held goes with the second
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// watch reads all of r and returns how many bytes there were and by how much
// the heap in use had grown at most, looking a few times on the way.
func watch(r io.Reader, looks int, size int64) (n, grown int64, err error) {
	before := live()
	buf := make([]byte, 64<<10)
	next := int64(1)
	for {
		m, rerr := r.Read(buf)
		if n += int64(m); n >= next || rerr != nil {
			grown = max(grown, live()-before)
			next += size / int64(looks)
		}
		if rerr == io.EOF {
			return n, grown, nil
		}
		if rerr != nil {
			return n, grown, rerr
		}
	}
}

// bombSize is what a bomb unpacks to.
func bombSize() int64 {
	switch {
	case full:
		return 256 << 20
	case race:
		return 4 << 20
	}
	return 16 << 20
}

// bomb packs zeros, as often as it says.
func bomb(t *testing.T, times int, encode duplex.Transform) []byte {
	t.Helper()
	var list []duplex.Transform
	for range times {
		list = append(list, encode)
	}
	var b bytes.Buffer
	w := duplex.Compose(list...).Writer(&b)
	if _, err := io.CopyN(w, zeros{}, bombSize()); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestABombTakesNoMemoryAsAStream(t *testing.T) {
	for _, name := range []string{"gzip", "deflate", "rawdeflate", "zstd", "br"} {
		f := formatNamed(t, name)
		for times := 1; times <= 3; times++ {
			if times > 1 && name != "gzip" && name != "zstd" {
				continue
			}
			z := bomb(t, times, f.encode)
			var list []duplex.Transform
			for range times {
				list = append(list, f.decode(guard{}))
			}
			tr := duplex.Compose(list...)
			allowed := int64(1 << 20)
			if name == "zstd" || name == "br" {
				allowed *= int64(times) // each decoder has a window and buffers of its own
			}
			// As a stream, alone: the writer waits, the reader is watched.
			s := tr.Stream()
			go func() {
				_, _ = s.Write(z)
				_ = s.CloseWrite()
			}()
			n, grown, err := watch(s, 8, bombSize())
			_ = s.Close()
			if n != bombSize() || err != nil || grown > allowed {
				t.Errorf("%s, %d times, %d bytes: %d bytes, %v; the heap grew by %d KiB", name, times, len(z), n, err, grown>>10)
			}
		}
	}
}

func TestALimitStopsABombWithinABuffer(t *testing.T) {
	for _, f := range formats() {
		if f.name == "rawdeflate huffman fast" || f.name == "gzip level 0" {
			continue // these make no bombs
		}
		if race && f.name != "gzip" && f.name != "zstd" {
			continue // slow there, and nothing in it is concurrent
		}
		z := bomb(t, 1, f.encode)
		for _, limit := range []int64{1 << 10, 1 << 20, 3<<20 + 1} {
			r := f.decode(guard{maxOutput: limit}).Reader(bytes.NewReader(z))
			n, err := io.Copy(io.Discard, r)
			if n != limit || !errors.Is(err, deflate.ErrTooLarge) {
				t.Errorf("%s, a limit of %d: %d bytes, %v", f.name, limit, n, err)
			}
			_ = r.Close()
		}
		r := f.decode(guard{maxRatio: 20}).Reader(bytes.NewReader(z))
		n, err := io.Copy(io.Discard, r)
		stats, _ := compress.DecoderStats(r)
		if !errors.Is(err, deflate.ErrRatio) || n > deflate.RatioGrace+20*stats.In+128<<10 {
			t.Errorf("%s, a ratio of 20: %d bytes of %d, %v", f.name, n, stats.In, err)
		}
		_ = r.Close()
	}
	// The limits hold where a decoder is written to as well.
	z := bomb(t, 1, formatNamed(t, "gzip").encode)
	var out counter
	w := compress.Gunzip(compress.DecoderOptions{MaxOutput: 1 << 20}).Writer(&out)
	_, werr := w.Write(z)
	cerr := w.Close()
	if out != 1<<20 || !errors.Is(errors.Join(werr, cerr), deflate.ErrTooLarge) {
		t.Errorf("written to: %d bytes, %v, %v", out, werr, cerr)
	}
}

type counter int64

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}

// A stream of nothing but empty members, and frames.
func TestEmptyMembersTakeNoMemory(t *testing.T) {
	for _, name := range []string{"gzip", "zstd"} {
		f := formatNamed(t, name)
		z := f.encoded(t, nil)
		count := 10 << 20 / len(z)
		if race {
			count /= 10
		}
		r := f.decode(guard{}).Reader(&repeated{z, count, nil})
		n, grown, err := watch(r, 1, 1)
		stats, _ := compress.DecoderStats(r)
		if n != 0 || err != nil || grown > 1<<20 || stats.In != int64(count*len(z)) {
			t.Errorf("%s: %d empty ones: %d bytes, %v; %d KiB, %+v", name, count, n, err, grown>>10, stats)
		}
		_ = r.Close()
	}
}

// repeated gives the same bytes n times.
type repeated struct {
	b    []byte
	n    int
	rest []byte
}

func (r *repeated) Read(p []byte) (int, error) {
	n := 0
	for n < len(p) {
		if len(r.rest) == 0 {
			if r.n == 0 {
				break
			}
			r.n--
			r.rest = r.b
		}
		m := copy(p[n:], r.rest)
		r.rest = r.rest[m:]
		n += m
	}
	if n == 0 {
		return 0, io.EOF
	}
	return n, nil
}
