package compress_test

import (
	"testing"
	"time"

	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/compress"
	"github.com/duplex-go/duplex/duplextest"
)

// Layers of every codec keep the whole contract of a stream: reads and writes
// go on after a deadline, cuts are no ends, memory is bounded.
func TestLayersKeepTheContractOfAStream(t *testing.T) {
	for name, codec := range map[string]duplex.Codec{
		"gzip":        compress.GzipCodec(compress.Options{}, compress.DecoderOptions{}),
		"gzip parked": compress.GzipCodec(compress.Options{Park: 1 << 10}, compress.DecoderOptions{}),
		"rawdeflate":  compress.RawDeflateCodec(compress.Options{Steady: true}, compress.DecoderOptions{}),
		"zstd":        compress.ZstdCodec(compress.ZstdOptions{}, compress.UnzstdOptions{}),
		"br":          compress.BrotliCodec(compress.BrotliOptions{}, compress.UnbrotliOptions{}),
	} {
		if race && name != "gzip" {
			continue // slow there, and no more concurrent than this one
		}
		t.Run(name, func(t *testing.T) {
			suite := duplextest.Suite{Cause: true, MaxBuffered: 8 << 20, Patience: time.Minute}
			suite.Stream(t, func(*testing.T) (duplex.Stream, duplex.Stream) {
				a, b := duplex.Pair()
				left, right := duplex.Layer(a, codec), duplex.Layer(b, codec)
				left.AutoFlush, right.AutoFlush = true, true
				return left, right
			})
		})
	}
}
