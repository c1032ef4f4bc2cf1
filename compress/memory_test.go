package compress_test

import (
	"io"
	"runtime"
	"testing"

	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/compress"
)

// idle makes n pairs with a layer on both ends, lets each side say a message,
// and returns how much of the heap each pair holds then, in KiB.
func idle(t testing.TB, n int, codec duplex.Codec, both bool) float64 {
	t.Helper()
	message := text(1200)
	buf := make([]byte, 2000)
	streams := make([]*duplex.Layered, 0, 2*n)
	before := live()
	for range n {
		a, b := duplex.Pair()
		left := duplex.Layer(a, codec)
		var right duplex.Stream = b // takes the coded bytes
		streams = append(streams, left)
		if both {
			l := duplex.Layer(b, codec)
			streams, right = append(streams, l), l
		}
		_, _ = left.Write(message)
		if err := left.Flush(); err != nil {
			t.Fatal(err)
		}
		if _, err := right.Read(buf); err != nil {
			t.Fatal(err)
		}
	}
	grown := live() - before
	for _, s := range streams {
		_ = s.Close()
	}
	runtime.KeepAlive(streams)
	return float64(grown) / float64(n) / 1024
}

// Ten thousand idle gzip streams in 100 MiB (R35): 10 KiB for each.
func TestIdleGzipStreamsAreSmallWhenParked(t *testing.T) {
	n := 500
	if full {
		n = 10_000
	}
	if got := idle(t, n, compress.GzipCodec(compress.Options{Park: 4 << 10}, compress.DecoderOptions{}), false); got > 10 {
		t.Errorf("%.1f KiB a stream", got)
	}
}

// What a live encoder, and a decoder, may hold.
func TestLiveCodecsKeepToTheirMemory(t *testing.T) {
	if race {
		t.Skip("the race detector takes memory too")
	}
	for _, test := range []struct {
		name  string
		codec duplex.Codec
		both  bool
		most  float64 // KiB
	}{
		{"a gzip encoder", compress.GzipCodec(compress.Options{}, compress.DecoderOptions{}), false, 700},
		{"a parked gzip encoder and a decoder", compress.GzipCodec(compress.Options{Park: 4 << 10}, compress.DecoderOptions{}), true, 80},
		{"a zstd encoder and a decoder", compress.ZstdCodec(compress.ZstdOptions{}, compress.UnzstdOptions{}), true, 1600},
		{"a brotli encoder and a decoder", compress.BrotliCodec(compress.BrotliOptions{}, compress.UnbrotliOptions{}), true, 2300},
	} {
		got := idle(t, 10, test.codec, test.both)
		t.Logf("%s: %.0f KiB", test.name, got)
		if got > test.most {
			t.Errorf("%s: %.0f KiB, more than %.0f", test.name, got, test.most)
		}
	}
}

// The memory of a live pair of layers, encoder and decoder, in KiB.
func BenchmarkMemoryOfALivePair(b *testing.B) {
	for _, test := range []struct {
		name  string
		codec duplex.Codec
	}{
		{"gzip", compress.GzipCodec(compress.Options{}, compress.DecoderOptions{})},
		{"gzip parked", compress.GzipCodec(compress.Options{Park: 4 << 10}, compress.DecoderOptions{})},
		{"gzip parked, small windows", compress.GzipCodec(compress.Options{Park: 512, WindowBits: 9, MemLevel: 1}, compress.DecoderOptions{WindowBits: 9})},
		{"gzip fast", compress.GzipCodec(compress.Options{Fast: true}, compress.DecoderOptions{})},
		{"zstd", compress.ZstdCodec(compress.ZstdOptions{}, compress.UnzstdOptions{})},
		{"zstd level 3", compress.ZstdCodec(compress.ZstdOptions{Level: 3}, compress.UnzstdOptions{})},
		{"br", compress.BrotliCodec(compress.BrotliOptions{}, compress.UnbrotliOptions{})},
	} {
		b.Run(test.name, func(b *testing.B) {
			for b.Loop() {
				b.ReportMetric(idle(b, 50, test.codec, true), "KiB/pair")
			}
		})
	}
}

// A message and its flush allocate nothing once a stream runs.
func TestMessagesAllocateNothing(t *testing.T) {
	if race {
		t.Skip("the race detector allocates")
	}
	for name, codec := range map[string]duplex.Codec{
		"gzip":        compress.GzipCodec(compress.Options{}, compress.DecoderOptions{}),
		"gzip steady": compress.GzipCodec(compress.Options{Steady: true}, compress.DecoderOptions{}),
		"gzip parked": compress.GzipCodec(compress.Options{Park: 1 << 10}, compress.DecoderOptions{}),
		"rawdeflate":  compress.RawDeflateCodec(compress.Options{}, compress.DecoderOptions{}),
		"zstd":        compress.ZstdCodec(compress.ZstdOptions{}, compress.UnzstdOptions{}),
	} {
		t.Run(name, func(t *testing.T) {
			a, b := duplex.Pair()
			left, right := duplex.Layer(a, codec), duplex.Layer(b, codec)
			defer left.Close()
			defer right.Close()
			message, buf := text(1200), make([]byte, 2000)
			talk := func() {
				if _, err := left.Write(message); err != nil {
					t.Fatal(err)
				}
				if err := left.Flush(); err != nil {
					t.Fatal(err)
				}
				for n := 0; n < len(message); {
					m, err := right.Read(buf)
					if err != nil {
						t.Fatal(err)
					}
					n += m
				}
			}
			for range 100 {
				talk()
			}
			// A collection may empty the pools within a run.
			most := 0.5
			if name == "zstd" {
				most = 1.5 // the library's
			}
			if n := testing.AllocsPerRun(500, talk); n > most {
				t.Errorf("%.2f allocations a message", n)
			}
		})
	}
}

func BenchmarkMessages(b *testing.B) {
	for _, f := range []string{"gzip", "gzip parked", "gzip fast", "zstd", "br"} {
		b.Run(f, func(b *testing.B) {
			tr := formatNamed(b, f)
			x, y := duplex.Pair()
			left, right := duplex.Layer(x, tr.codec()), duplex.Layer(y, tr.codec())
			left.AutoFlush = true
			message, buf := text(1200), make([]byte, 2000)
			b.SetBytes(int64(len(message)))
			b.ReportAllocs()
			for b.Loop() {
				_, _ = left.Write(message)
				_, _ = io.ReadFull(right, buf[:len(message)])
			}
			_, _ = left.Close(), right.Close()
		})
	}
}
