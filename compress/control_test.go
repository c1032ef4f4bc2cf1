package compress_test

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"testing/synctest"

	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/compress"
	"github.com/duplex-go/duplex/deflate"
)

// A stream's encoder and decoder are reached through whatever wraps it.
func TestControlReachesThroughWrappers(t *testing.T) {
	a, b := duplex.Pair()
	defer b.Close()
	codec := compress.GzipCodec(compress.Options{}, compress.DecoderOptions{})
	inner := duplex.Layer(a, codec)
	s := duplex.NewConn(duplex.Wrap(inner, duplex.Hooks{}))
	defer s.Close()
	_, _ = s.Write([]byte("text"))
	for _, k := range []deflate.Flush{deflate.PartialFlush, deflate.SyncFlush, deflate.FullFlush, deflate.BlockFlush} {
		if err := compress.Flush(s, k); err != nil {
			t.Errorf("flush %d: %v", k, err)
		}
	}
	if err := compress.Flush(s, deflate.Finish); err == nil {
		t.Error("a flush ended the stream")
	}
	if err := compress.Params(s, 9, deflate.Filtered); err != nil {
		t.Error(err)
	}
	if n, err := compress.EncoderStats(s); n.In != 4 || n.Out < 14 || err != nil {
		t.Errorf("%+v, %v", n, err)
	}
	if err := compress.Reset(s); err != nil {
		t.Error(err)
	}
	if n, err := compress.DecoderStats(s); n != (compress.Stats{}) || err != nil {
		t.Errorf("%+v, %v", n, err)
	}
	if p, err := compress.Unused(s); len(p) > 0 || err != nil {
		t.Errorf("%q, %v", p, err)
	}
}

func TestControlOfWhatHasNoCodecIsUnsupported(t *testing.T) {
	a, b := duplex.Pair()
	defer a.Close()
	defer b.Close()
	other := duplex.Layer(b, duplex.Codec{Encode: duplex.Map(bytes.ToUpper), Decode: duplex.Map(bytes.ToLower)})
	for name, s := range map[string]duplex.Stream{"a plain stream": a, "another layer": other} {
		if err := compress.Flush(s, deflate.SyncFlush); !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("%s: flush: %v", name, err)
		}
		if err := compress.Params(s, 1, 0); !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("%s: params: %v", name, err)
		}
		if err := compress.Reset(s); !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("%s: reset: %v", name, err)
		}
		if _, err := compress.EncoderStats(s); !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("%s: stats: %v", name, err)
		}
		if _, ok := compress.Header(s); ok {
			t.Errorf("%s has a header", name)
		}
	}
	for name, tr := range map[string]duplex.Transform{
		"fast": compress.Gzip(compress.Options{Fast: true}), "zstd": compress.Zstd(compress.ZstdOptions{}), "br": compress.Brotli(compress.BrotliOptions{}),
	} {
		s := tr.Stream()
		_, _ = s.Write([]byte("x"))
		if err := compress.Flush(s, deflate.FullFlush); !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("%s: full flush: %v", name, err)
		}
		if err := compress.Flush(s, deflate.SyncFlush); err != nil {
			t.Errorf("%s: sync flush: %v", name, err)
		}
		if err := compress.Params(s, 1, 0); !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("%s: params: %v", name, err)
		}
		_ = s.Close()
	}
}

// A flush that an encoder does not have must not pass for one.
func TestAFlushAfterAnUnsupportedOneFlushes(t *testing.T) {
	for name, tr := range map[string]duplex.Transform{
		"fast": compress.Gzip(compress.Options{Fast: true}), "zstd": compress.Zstd(compress.ZstdOptions{}), "br": compress.Brotli(compress.BrotliOptions{}),
	} {
		var b bytes.Buffer
		w := tr.Writer(&b)
		_, _ = w.Write([]byte("text"))
		if err := compress.Flush(w, deflate.FullFlush); !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("%s: full flush: %v", name, err)
		}
		before := b.Len()
		if err := w.(interface{ Flush() error }).Flush(); err != nil || b.Len() == before {
			t.Errorf("%s: the flush after it gave %d bytes, %v", name, b.Len()-before, err)
		}
	}
}

func TestControlAfterTheEndAndAfterClose(t *testing.T) {
	s := compress.Gzip(compress.Options{}).Stream()
	_ = s.CloseWrite()
	if err := compress.Flush(s, deflate.SyncFlush); !errors.Is(err, duplex.ErrEnded) {
		t.Errorf("after the end: %v", err)
	}
	if err := compress.Reset(s); !errors.Is(err, duplex.ErrEnded) {
		t.Errorf("a reset after the end: %v", err)
	}
	_ = s.Close()
	if err := compress.Params(s, 1, 0); !errors.Is(err, duplex.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
}

// The counts are whole only when the trailer has been written.
func TestEncoderStatsAreThereAfterTheEnd(t *testing.T) {
	eachFormat(t, func(t *testing.T, f format) {
		var b bytes.Buffer
		w := f.encode.Writer(&b)
		_, _ = w.Write(text(1000))
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		want := compress.Stats{In: 1000, Out: int64(b.Len())}
		if n, err := compress.EncoderStats(w); n != want || err != nil {
			t.Errorf("a writer: %+v, %v; want %+v", n, err, want)
		}
		s := f.encode.Stream()
		defer s.Close()
		_, _ = s.Write(text(1000))
		if err := s.CloseWrite(); err != nil {
			t.Fatal(err)
		}
		if n, err := compress.EncoderStats(s); n != want || err != nil {
			t.Errorf("a stream: %+v, %v; want %+v", n, err, want)
		}
	})
}

// Flush makes explicit what zlib would do, also where there is nothing.
func TestAnExplicitFlushIsZlibs(t *testing.T) {
	var w writes
	z := compress.RawDeflate(compress.Options{}).Writer(&w)
	for _, step := range []struct {
		k    deflate.Flush
		want string
	}{
		{deflate.SyncFlush, "\x00\x00\x00\xff\xff"}, // an empty block
		{deflate.SyncFlush, ""},                     // and no second one
		{deflate.FullFlush, "\x00\x00\x00\xff\xff"}, // but a stronger one
	} {
		before := len(w)
		if err := compress.Flush(z, step.k); err != nil {
			t.Fatal(err)
		}
		got := ""
		for _, p := range w[before:] {
			got += string(p)
		}
		if got != step.want {
			t.Errorf("flush %d: %x, want %x", step.k, got, step.want)
		}
	}
	_ = z.Close()
}

// A block flush keeps bits back, and no other flush may come behind it.
func TestABlockFlushIsNoOtherFlush(t *testing.T) {
	var got, want bytes.Buffer
	w := compress.RawDeflate(compress.Options{}).Writer(&got)
	z, err := deflate.NewWriter(&want, deflate.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		_, _ = w.Write(text(100))
		_, _ = z.Write(text(100))
		if err := errors.Join(compress.Flush(w, deflate.BlockFlush), z.Flush(deflate.BlockFlush)); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got.Bytes(), want.Bytes()) {
			t.Fatalf("%x, and zlib's is %x", got.Bytes(), want.Bytes())
		}
	}
}

// Several codecs on one stream: what goes in is counted at the first, what
// comes out at the last.
func TestStatsOfSeveralCodecs(t *testing.T) {
	p := text(50_000)
	tr := duplex.Compose(compress.Deflate(compress.Options{}), compress.Gzip(compress.Options{Level: deflate.Stored}))
	var b bytes.Buffer
	w := tr.Writer(&b)
	_, _ = w.Write(p)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	size := int64(b.Len())
	r := duplex.Compose(compress.Gunzip(compress.DecoderOptions{}), compress.Inflate(compress.DecoderOptions{})).Reader(&b)
	defer r.Close()
	got, err := io.ReadAll(r)
	if err != nil || !bytes.Equal(got, p) {
		t.Fatalf("%d bytes, %v", len(got), err)
	}
	if n, err := compress.DecoderStats(r); n != (compress.Stats{In: size, Out: 50_000}) || err != nil {
		t.Errorf("%+v, %v; want %d in", n, err, size)
	}
}

func TestStatsWaitForNoOtherDirection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := duplex.Pair()
		// No zstd here: its pooled decoders hold channels, which would belong
		// to this bubble ever after.
		s := duplex.Layer(a, compress.GzipCodec(compress.Options{}, compress.DecoderOptions{}))
		go s.Read(make([]byte, 1)) // waits
		synctest.Wait()
		_, _ = s.Write([]byte("text"))
		if n, err := compress.EncoderStats(s); n.In != 4 || err != nil {
			t.Errorf("%+v, %v", n, err)
		}
		_, _ = s.Close(), b.Close()
	})
}

// Codecs that were used in a bubble of testing/synctest may be used outside
// afterwards, and the other way around: pools carry nothing over that would
// tell.
func TestBubblesLeaveNothingInThePools(t *testing.T) {
	eachFormat(t, func(t *testing.T, f format) {
		talk := func(t *testing.T) {
			for range 3 {
				z := f.encoded(t, text(1000))
				if p, err := decoded(f.decode(guard{}), bytes.NewReader(z)); err != nil || !bytes.Equal(p, text(1000)) {
					t.Errorf("%d bytes, %v", len(p), err)
				}
			}
		}
		for range 3 {
			synctest.Test(t, talk)
			talk(t)
		}
	})
}
