package compress_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/duplex-go/duplex/compress"
	"github.com/duplex-go/duplex/deflate"
)

func TestF3_MembersAreOneOutputHoweverTheyAreSplit(t *testing.T) {
	peer := startNodeAnswering(t)
	z := append(peer.coded("gzipSync", []byte("abc")), peer.coded("gzipSync", []byte("def"))...)
	for i := range z {
		got, err := decoded(compress.Gunzip(compress.DecoderOptions{}), io.MultiReader(bytes.NewReader(z[:i]), bytes.NewReader(z[i:])))
		if string(got) != "abcdef" || err != nil {
			t.Errorf("split at %d: %q, %v", i, got, err)
		}
	}
	for _, tr := range []string{"gunzip", "unzip"} {
		s := compress.Gunzip(compress.DecoderOptions{}).Stream()
		if tr == "unzip" {
			s = compress.Unzip(compress.DecoderOptions{}).Stream()
		}
		for i := range z {
			_, _ = s.Write(z[i : i+1])
		}
		if err := s.CloseWrite(); err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(s); string(got) != "abcdef" || err != nil {
			t.Errorf("%s byte by byte: %q, %v", tr, got, err)
		}
		_ = s.Close()
	}
	// The bytes of a member are there before anybody knows what follows.
	s := compress.Gunzip(compress.DecoderOptions{}).Stream()
	defer s.Close()
	_, _ = s.Write(z[:len(z)/2])
	p := make([]byte, 10)
	if n, err := s.Read(p); string(p[:n]) != "abc" || err != nil {
		t.Errorf("after the first member: %q, %v", p[:n], err)
	}
}

func TestF4_WhatFollowsAMember(t *testing.T) {
	peer := startNodeAnswering(t)
	member := peer.coded("gzipSync", []byte("abc"))
	second := peer.coded("gzipSync", []byte("def"))
	for _, test := range []struct {
		name string
		tail []byte
		want error // nil: ended well
	}{
		{"nothing", nil, nil},
		{"zeros", make([]byte, 10), nil},
		{"zeros and a member", append(make([]byte, 10), second...), nil},
		{"text", []byte("this is some text"), deflate.ErrHeader},
		{"the start of a header", []byte{0x1f, 0x8b, 0xff, 0xff}, deflate.ErrHeader},
		{"one byte", []byte{0x1f}, io.ErrUnexpectedEOF},
		{"a member", second, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			for _, pieces := range [][][]byte{{append(append([]byte(nil), member...), test.tail...)}, {member, test.tail}} {
				var rs []io.Reader
				for _, p := range pieces {
					rs = append(rs, bytes.NewReader(p))
				}
				got, err := decoded(compress.Gunzip(compress.DecoderOptions{}), io.MultiReader(rs...))
				if !bytes.HasPrefix(got, []byte("abc")) || !errors.Is(err, test.want) || (test.want == nil) != (err == nil) {
					t.Errorf("%q, %v; want %v", got, err, test.want)
				}
				v := peer.stream("zlib.createGunzip()", pieces...)
				if (v.Err == "") != (err == nil) {
					t.Errorf("we say %v, Node says %q", err, v.Err)
				}
			}
		})
	}
}

func TestF4_PoliciesForWhatFollows(t *testing.T) {
	peer := startNodeAnswering(t)
	member := peer.coded("gzipSync", []byte("abc"))
	two := append(append([]byte(nil), member...), member...)
	garbage := append(append([]byte(nil), member...), "garbage"...)
	for _, test := range []struct {
		policy deflate.Trailing
		in     []byte
		want   string
		err    error
		unused int
	}{
		{deflate.TrailingReject, member, "abc", nil, 0},
		{deflate.TrailingReject, two, "abc", deflate.ErrTrailing, len(member)},
		{deflate.TrailingReject, garbage, "abc", deflate.ErrTrailing, 7},
		{deflate.TrailingIgnore, two, "abcabc", nil, 0},
		{deflate.TrailingIgnore, garbage, "abc", nil, 0},
		{deflate.TrailingReturn, two, "abc", nil, len(member)},
		{deflate.TrailingReturn, garbage, "abc", nil, 7},
	} {
		r := compress.Gunzip(compress.DecoderOptions{Trailing: test.policy}).Reader(bytes.NewReader(test.in))
		got, err := io.ReadAll(r)
		rest, _ := compress.Unused(r)
		_ = r.Close()
		if string(got) != test.want || !errors.Is(err, test.err) || len(rest) != test.unused {
			t.Errorf("policy %d: %q, %v, %d bytes left over; want %q, %v, %d", test.policy, got, err, len(rest), test.want, test.err, test.unused)
		}
	}
}

func TestF5_WhatFollowsTheEndIsLeftOver(t *testing.T) {
	peer := startNodeAnswering(t)
	text := text(3000)
	names := map[string][2]string{
		"deflate": {"deflateSync", "createInflate"}, "rawdeflate": {"deflateRawSync", "createInflateRaw"}, "br": {"brotliCompressSync", "createBrotliDecompress"},
	}
	for name, js := range names {
		f := formatNamed(t, name)
		t.Run(name, func(t *testing.T) {
			z := peer.coded(js[0], text)
			for _, n := range []int{1, 5, 100, 50_000} {
				tail := bytes.Repeat([]byte{0xaa}, n)
				whole := append(append([]byte(nil), z...), tail...)
				for name, pieces := range map[string][][]byte{"same write": {whole}, "separate write": {z, tail}} {
					var rs []io.Reader
					for _, p := range pieces {
						rs = append(rs, bytes.NewReader(p))
					}
					src := io.MultiReader(rs...)
					r := f.decode(guard{}).Reader(src)
					got, err := io.ReadAll(r)
					if !bytes.Equal(got, text) || err != nil {
						t.Errorf("%s: %d bytes of %d, %v", name, len(got), len(text), err)
					}
					stats, err := compress.DecoderStats(r)
					if stats != (compress.Stats{In: int64(len(z)), Out: int64(len(text))}) || err != nil {
						t.Errorf("%s: %+v, %v; the data has %d bytes", name, stats, err, len(z))
					}
					unused, err := compress.Unused(r)
					rest, _ := io.ReadAll(src)
					if rest = append(unused, rest...); !bytes.Equal(rest, tail) || err != nil {
						t.Errorf("%s: %d bytes left over of %d, %v", name, len(rest), n, err)
					}
					_ = r.Close()
					if n > 100 {
						continue
					}
					if v := peer.stream("zlib."+js[1]+"()", pieces...); !v.End || v.Err != "" || !bytes.Equal(v.Out, text) || v.Used != len(z) {
						t.Errorf("%s: Node: %+v", name, v)
					}
				}
			}
			_, err := decoded(f.decode(guard{trailing: deflate.TrailingReject}), bytes.NewReader(append(z, 'x')))
			if !errors.Is(err, deflate.ErrTrailing) {
				t.Errorf("rejected: %v", err)
			}
		})
	}
}

func TestF5_WritesAfterTheEndSucceedAndVanish(t *testing.T) {
	peer := startNodeAnswering(t)
	s := compress.Inflate(compress.DecoderOptions{}).Stream()
	defer s.Close()
	_, _ = s.Write(append(peer.coded("deflateSync", []byte("abc")), "more"...))
	if got, err := io.ReadAll(s); string(got) != "abc" || err != nil {
		t.Fatalf("%q, %v", got, err)
	}
	if n, err := s.Write([]byte("and more")); n != 8 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	if err := s.CloseWrite(); err != nil {
		t.Error(err)
	}
}

func TestF6_ACutIsNeverAnEnd(t *testing.T) {
	eachFormat(t, func(t *testing.T, f format) {
		p := text(2000)
		z := f.encoded(t, p)
		for n := range z {
			got, err := decoded(f.decode(guard{}), bytes.NewReader(z[:n]))
			if !errors.Is(err, io.ErrUnexpectedEOF) || !bytes.HasPrefix(p, got) {
				t.Fatalf("%d bytes of %d: %d bytes, %v", n, len(z), len(got), err)
			}
			again, err := decoded(f.decode(guard{allowTruncated: true}), bytes.NewReader(z[:n]))
			if err != nil || !bytes.Equal(again, got) {
				t.Fatalf("%d bytes of %d, allowed: %d bytes, %v; before %d", n, len(z), len(again), err, len(got))
			}
		}
	})
}

func TestF6_NodeFindsTheSameCuts(t *testing.T) {
	peer := startNodeAnswering(t)
	z := peer.coded("gzipSync", text(1000))
	for _, n := range []int{0, 5, len(z) / 2, len(z) - 1} {
		v := peer.stream("zlib.createGunzip()", z[:n])
		got, err := decoded(compress.Gunzip(compress.DecoderOptions{}), bytes.NewReader(z[:n]))
		if v.Err != "Z_BUF_ERROR" || v.End || !errors.Is(err, io.ErrUnexpectedEOF) || !bytes.Equal(v.Out, got) {
			t.Errorf("%d bytes: Node %q and %d bytes, we %v and %d bytes", n, v.Err, len(v.Out), err, len(got))
		}
		v = peer.stream("zlib.createGunzip({finishFlush: zlib.constants.Z_SYNC_FLUSH})", z[:n])
		got, err = decoded(compress.Gunzip(compress.DecoderOptions{AllowTruncated: true}), bytes.NewReader(z[:n]))
		if v.Err != "" || err != nil || !bytes.Equal(v.Out, got) {
			t.Errorf("%d bytes, allowed: Node %q and %d bytes, we %v and %d bytes", n, v.Err, len(v.Out), err, len(got))
		}
	}
}

func TestF7_DamageIsOneErrorAndNoEnd(t *testing.T) {
	peer := startNodeAnswering(t)
	p := text(500)
	flip := func(z []byte, at int) []byte {
		z = append([]byte(nil), z...)
		if at < 0 {
			at += len(z)
		}
		z[at] ^= 0x10
		return z
	}
	gzip, zlib := peer.coded("gzipSync", p), peer.coded("deflateSync", p)
	raw := peer.coded("deflateRawSync", p)
	garbage := []byte("\x05this is no compressed data, but text")
	for _, test := range []struct {
		name   string
		format string
		in     []byte
		want   error
	}{
		{"garbage", "gzip", garbage, deflate.ErrHeader},
		{"garbage", "deflate", garbage, deflate.ErrHeader},
		{"garbage", "deflate unzip", garbage, deflate.ErrHeader},
		{"raw data", "deflate unzip", raw, deflate.ErrHeader},
		{"a block of the type that is none", "rawdeflate", []byte{7, 0, 0}, deflate.ErrCorrupt},
		{"CRC-32", "gzip", flip(gzip, -5), deflate.ErrChecksum},
		{"length", "gzip", flip(gzip, -1), deflate.ErrLength},
		{"Adler-32", "deflate", flip(zlib, -1), deflate.ErrChecksum},
		{"garbage", "zstd", garbage, deflate.ErrHeader},
		{"checksum", "zstd", flip(formatNamed(t, "zstd").encoded(t, p), -1), deflate.ErrChecksum},
		{"garbage", "br", []byte("\xff\xff garbage of brotli"), deflate.ErrCorrupt},
	} {
		t.Run(test.format+" "+test.name, func(t *testing.T) {
			s := formatNamed(t, test.format).decode(guard{}).Stream()
			defer s.Close()
			_, _ = s.Write(test.in)
			_ = s.CloseWrite()
			_, err := io.ReadAll(s)
			if !errors.Is(err, test.want) {
				t.Errorf("%v; want %v", err, test.want)
			}
			if _, again := s.Read(make([]byte, 1)); again != err {
				t.Errorf("again: %v, and not %v", again, err)
			}
			if _, werr := s.Write([]byte("x")); werr == nil {
				t.Error("a write after the failure succeeded")
			}
		})
	}
	for create, in := range map[string][]byte{"createGunzip": flip(gzip, -5), "createInflate": flip(zlib, -1), "createInflateRaw": {7, 0, 0}} {
		if v := peer.stream("zlib."+create+"()", in); v.Err != "Z_DATA_ERROR" || v.End {
			t.Errorf("Node's %s: %+v", create, v)
		}
	}
}

// Every flipped bit of a short stream: an error, or, where the format has no
// checksum, other data; never a hang or a panic.
func TestF7_EveryFlippedBit(t *testing.T) {
	eachFormat(t, func(t *testing.T, f format) {
		p := text(100)
		z := f.encoded(t, p)
		for i := range len(z) * 8 {
			bad := append([]byte(nil), z...)
			bad[i/8] ^= 1 << (i % 8)
			got, err := decoded(f.decode(guard{maxOutput: 1 << 20}), bytes.NewReader(bad))
			if err == nil && !bytes.Equal(got, p) && f.checked {
				t.Errorf("bit %d: %d bytes and no error", i, len(got))
			}
		}
	})
}

func TestF8_TooMuchIsAnErrorAndJustEnoughIsNot(t *testing.T) {
	peer := startNodeAnswering(t)
	size := 1 << 20
	if race {
		size = 1 << 18
	}
	bomb := make([]byte, size)
	all := int64(size)
	eachFormat(t, func(t *testing.T, f format) {
		z := f.encoded(t, bomb)
		for _, limit := range []int64{1, 1000, all - 1} {
			got, err := decoded(f.decode(guard{maxOutput: limit}), bytes.NewReader(z))
			if !errors.Is(err, deflate.ErrTooLarge) || int64(len(got)) != limit {
				t.Errorf("a stream with a limit of %d: %d bytes, %v", limit, len(got), err)
			}
			if _, err := compress.Decompress(f.decode(guard{}), z, limit); !errors.Is(err, deflate.ErrTooLarge) {
				t.Errorf("at once with a limit of %d: %v", limit, err)
			}
		}
		if got, err := decoded(f.decode(guard{maxOutput: all}), bytes.NewReader(z)); len(got) != size || err != nil {
			t.Errorf("a stream of the size of the limit: %d bytes, %v", len(got), err)
		}
		if got, err := compress.Decompress(f.decode(guard{}), z, all); len(got) != size || err != nil {
			t.Errorf("at once, of the size of the limit: %d bytes, %v", len(got), err)
		}
	})
	z := peer.coded("gzipSync", bomb)
	if _, err := peer.try(`zlib.gunzipSync(input, {maxOutputLength: 1000})`, z); err != "ERR_BUFFER_TOO_LARGE" {
		t.Errorf("Node: %q", err)
	}
	if _, err := compress.Decompress(compress.Gunzip(compress.DecoderOptions{}), z, 1000); !errors.Is(err, deflate.ErrTooLarge) {
		t.Error(fmt.Errorf("what Node wrote: %w", err))
	}
}
