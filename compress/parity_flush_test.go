package compress_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/compress"
	"github.com/duplex-go/duplex/deflate"
)

// The scenarios F1 to F12 of Node's zlib; the others are in the files
// parity_*_test.go beside this one.

func TestF1_WhatIsOutAfterAFlushDecodes(t *testing.T) {
	peer := startNodeAnswering(t)
	s := compress.Gzip(compress.Options{}).Stream()
	defer s.Close()
	var coded []byte
	collect := func() { // what is out so far
		buf := make([]byte, 4096)
		n, err := s.Read(buf)
		if err != nil {
			t.Fatal(err)
		}
		coded = append(coded, buf[:n]...)
	}
	_, _ = io.WriteString(s, "hello ")
	collect()
	if len(coded) != 10 {
		t.Errorf("before the flush %d bytes are out; the header has 10", len(coded))
	}
	if err := s.Flush(); err != nil {
		t.Fatal(err)
	}
	collect()
	if !bytes.HasSuffix(coded, []byte{0, 0, 0xff, 0xff}) {
		t.Errorf("a sync flush ends with 00 00 ff ff, not with %x", coded)
	}
	prefix := compress.Gunzip(compress.DecoderOptions{AllowTruncated: true})
	if p, err := compress.Decompress(prefix, coded, 100); string(p) != "hello " || err != nil {
		t.Errorf("after the flush %q, %v", p, err)
	}
	if p := peer.eval(`zlib.gunzipSync(input, {finishFlush: zlib.constants.Z_SYNC_FLUSH})`, coded); string(p) != "hello " {
		t.Errorf("Node: after the flush %q", p)
	}
	_, _ = io.WriteString(s, "world")
	if err := s.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	rest, err := io.ReadAll(s)
	if err != nil {
		t.Fatal(err)
	}
	coded = append(coded, rest...)
	if p, err := compress.Decompress(compress.Gunzip(compress.DecoderOptions{}), coded, 100); string(p) != "hello world" || err != nil {
		t.Errorf("the whole is %q, %v", p, err)
	}
	if p := peer.eval(`zlib.gunzipSync(input)`, coded); string(p) != "hello world" {
		t.Errorf("Node: the whole is %q", p)
	}
}

func TestF1_WhatNodeFlushesIsReadAtOnce(t *testing.T) {
	for _, kind := range []string{"Z_PARTIAL_FLUSH", "Z_SYNC_FLUSH", "Z_FULL_FLUSH"} {
		t.Run(kind, func(t *testing.T) {
			peer := startNode(t, `
				const z = zlib.createGzip();
				z.pipe(process.stdout);
				z.write('hello ', () => z.flush(zlib.constants.`+kind+`));
				process.stdin.on('end', () => z.end('world')).resume();
			`)
			r := compress.Gunzip(compress.DecoderOptions{}).Reader(peer.stdout)
			defer r.Close()
			p := make([]byte, 100)
			n, err := io.ReadAtLeast(r, p, 6) // and Node waits for us
			if string(p[:n]) != "hello " || err != nil {
				t.Fatalf("%q, %v", p[:n], err)
			}
			peer.stdin.Close()
			if rest, err := io.ReadAll(r); string(rest) != "world" || err != nil {
				t.Errorf("then %q, %v", rest, err)
			}
		})
	}
}

func TestF2_EachFlushCoversWhatCameBeforeIt(t *testing.T) {
	kinds := []deflate.Flush{deflate.PartialFlush, deflate.SyncFlush, deflate.FullFlush}
	t.Run("live", func(t *testing.T) {
		a, b := duplex.Pair()
		codec := compress.GzipCodec(compress.Options{}, compress.DecoderOptions{})
		enc, dec := duplex.Layer(a, codec), duplex.Layer(b, codec)
		defer enc.Close()
		defer dec.Close()
		for i := range 9 {
			want := fmt.Sprintf("piece %d", i)
			_, _ = io.WriteString(enc, want)
			if err := compress.Flush(enc, kinds[i%3]); err != nil {
				t.Fatal(err)
			}
			got := make([]byte, 100)
			n, err := io.ReadAtLeast(dec, got, len(want))
			if string(got[:n]) != want || err != nil {
				t.Fatalf("%q, %v", got[:n], err)
			}
		}
	})
	t.Run("Node", func(t *testing.T) {
		peer := startNode(t, `process.stdin.pipe(zlib.createGunzip()).pipe(process.stdout)`)
		w := compress.Gzip(compress.Options{}).Writer(peer.stdin)
		for i := range 9 {
			want := fmt.Sprintf("piece %d", i)
			_, _ = io.WriteString(w, want)
			if err := compress.Flush(w, kinds[i%3]); err != nil {
				t.Fatal(err)
			}
			got := make([]byte, 100)
			n, err := io.ReadAtLeast(peer.stdout, got, len(want))
			if string(got[:n]) != want || err != nil {
				t.Fatalf("%q, %v", got[:n], err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		peer.stdin.Close()
		if rest, err := io.ReadAll(peer.stdout); len(rest) > 0 || err != nil {
			t.Errorf("then %q, %v", rest, err)
		}
	})
}

func TestF9_ADictionaryMustBeTheRightOne(t *testing.T) {
	peer := startNodeAnswering(t)
	wrong := []byte("another dictionary")
	text := []byte("hello and flush, words such as these")
	coded := peer.eval(`zlib.deflateSync(input, {dictionary: Buffer.from('`+string(testDict)+`')})`, text)
	ours, err := compress.Compress(compress.Deflate(compress.Options{Dict: testDict}), text)
	if err != nil {
		t.Fatal(err)
	}
	if p := peer.eval(`zlib.inflateSync(input, {dictionary: Buffer.from('`+string(testDict)+`')})`, ours); !bytes.Equal(p, text) {
		t.Errorf("Node: %q", p)
	}
	for _, test := range []struct {
		name string
		dict []byte
		want error
	}{{"right", testDict, nil}, {"missing", nil, deflate.ErrNoDictionary}, {"wrong", wrong, deflate.ErrDictionary}} {
		p, err := compress.Decompress(compress.Inflate(compress.DecoderOptions{Dict: test.dict}), coded, 100)
		if test.want == nil && !bytes.Equal(p, text) || !errors.Is(err, test.want) {
			t.Errorf("%s: %q, %v", test.name, p, err)
		}
	}
	plain := peer.eval(`zlib.deflateSync(input)`, text)
	if p, err := compress.Decompress(compress.Inflate(compress.DecoderOptions{Dict: testDict}), plain, 100); !bytes.Equal(p, text) || err != nil {
		t.Errorf("one that is not needed: %q, %v", p, err)
	}
	raw := peer.eval(`zlib.deflateRawSync(input, {dictionary: Buffer.from('`+string(testDict)+`')})`, text)
	if p, err := compress.Decompress(compress.RawInflate(compress.DecoderOptions{Dict: testDict}), raw, 100); !bytes.Equal(p, text) || err != nil {
		t.Errorf("raw: %q, %v", p, err)
	}
	if _, err := compress.Decompress(compress.RawInflate(compress.DecoderOptions{}), raw, 100); !errors.Is(err, deflate.ErrCorrupt) {
		t.Errorf("raw, missing: %v", err)
	}
}

func TestF9_ADictionarySurvivesReset(t *testing.T) {
	peer := startNodeAnswering(t)
	s := compress.Deflate(compress.Options{Dict: testDict}).Stream()
	defer s.Close()
	text := "hello and flush, words such as these"
	_, _ = io.WriteString(s, "to be forgotten")
	if err := s.Flush(); err != nil {
		t.Fatal(err)
	}
	dropped := make([]byte, 4096)
	if _, err := s.Read(dropped); err != nil {
		t.Fatal(err)
	}
	if err := compress.Reset(s); err != nil {
		t.Fatal(err)
	}
	if n, err := compress.EncoderStats(s); n != (compress.Stats{}) || err != nil {
		t.Errorf("after the reset: %+v, %v", n, err)
	}
	_, _ = io.WriteString(s, text)
	if err := s.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	coded, err := io.ReadAll(s)
	if err != nil {
		t.Fatal(err)
	}
	p := peer.eval(`zlib.inflateSync(input, {dictionary: Buffer.from('`+string(testDict)+`')})`, coded)
	if string(p) != text {
		t.Errorf("Node: %q", p)
	}
}

func TestF10_LevelsChangeWithinAStream(t *testing.T) {
	peer := startNodeAnswering(t)
	first, second := text(30_000), text(40_000)
	s := compress.Deflate(compress.Options{Level: deflate.Smallest}).Stream()
	defer s.Close()
	var coded bytes.Buffer
	done := make(chan error, 1)
	go func() {
		_, err := io.Copy(&coded, s)
		done <- err
	}()
	_, _ = s.Write(first)
	if err := compress.Params(s, 10, 0); err == nil {
		t.Error("level 10 was accepted")
	}
	if err := compress.Params(s, deflate.Stored, deflate.DefaultStrategy); err != nil {
		t.Fatal(err)
	}
	_, _ = s.Write(second)
	if err := s.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	whole := append(append([]byte(nil), first...), second...)
	if p := peer.coded("inflateSync", coded.Bytes()); !bytes.Equal(p, whole) {
		t.Errorf("Node: %d bytes of %d", len(p), len(whole))
	}
	if !bytes.Contains(coded.Bytes(), second[len(second)-30_000:]) {
		t.Error("what came after the change is not stored")
	}
	if bytes.Contains(coded.Bytes(), first[1000:1100]) {
		t.Error("what came before the change is stored")
	}
}
