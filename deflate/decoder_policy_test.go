package deflate_test

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/duplex-go/duplex/deflate"
)

// goGzip, goZlib and goRaw code with Go's own packages.
func goGzip(t testing.TB, p []byte, level int) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, level)
	return finished(t, &b, w, err, p)
}

func goZlib(t testing.TB, p []byte, level int) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := zlib.NewWriterLevel(&b, level)
	return finished(t, &b, w, err, p)
}

func goRaw(t testing.TB, p []byte, level int) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, level)
	return finished(t, &b, w, err, p)
}

func finished(t testing.TB, b *bytes.Buffer, w io.WriteCloser, err error, p []byte) []byte {
	t.Helper()
	if err == nil {
		_, err = w.Write(p)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestDecoder_Trailing_FollowsThePolicy(t *testing.T) {
	abc, def := goGzip(t, []byte("abc"), 6), goGzip(t, []byte("def"), 6)
	zl, raw := goZlib(t, []byte("abc"), 6), goRaw(t, []byte("abc"), 6)
	const (
		members = deflate.TrailingMembers
		reject  = deflate.TrailingReject
		ignore  = deflate.TrailingIgnore
		back    = deflate.TrailingReturn
	)
	eof := io.ErrUnexpectedEOF
	header := deflate.ErrHeader
	trailing := deflate.ErrTrailing
	for _, c := range []struct {
		name   string
		format deflate.Format
		data   []byte
		rest   string
		policy deflate.Trailing
		out    string
		err    error
		left   int // bytes of rest that are left over
	}{
		{"nothing", deflate.Gzip, abc, "", members, "abc", nil, 0},
		{"second member", deflate.Gzip, abc, string(def), members, "abcdef", nil, 0},
		{"second member, automatic", deflate.Auto, abc, string(def), members, "abcdef", nil, 0},
		{"zeros", deflate.Gzip, abc, strings.Repeat("\x00", 10), members, "abc", nil, 10},
		{"member after a zero", deflate.Gzip, abc, "\x00" + string(def), members, "abc", nil, 1 + len(def)},
		{"text", deflate.Gzip, abc, "text", members, "abc", header, -1},
		{"one byte", deflate.Gzip, abc, "t", members, "abc", eof, -1},
		{"start of a member", deflate.Gzip, abc, "\x1f", members, "abc", eof, -1},
		{"bad method", deflate.Gzip, abc, "\x1f\x8b\xff\xff", members, "abc", header, -1},
		{"cut member", deflate.Gzip, abc, string(def[:len(def)-1]), members, "abcdef", eof, -1},
		{"zlib after gzip", deflate.Gzip, abc, string(zl), members, "abc", header, -1},
		{"zlib after gzip, automatic", deflate.Auto, abc, string(zl) + string(def), members, "abcabcdef", nil, 0},
		{"gzip after zlib, automatic", deflate.Auto, zl, string(def), members, "abc", nil, len(def)},
		{"zlib", deflate.Zlib, zl, "text", members, "abc", nil, 4},
		{"second zlib stream", deflate.Zlib, zl, string(zl), members, "abc", nil, len(zl)},
		{"zlib, automatic", deflate.Auto, zl, "text", members, "abc", nil, 4},
		{"raw", deflate.Raw, raw, "text", members, "abc", nil, 4},

		{"reject nothing", deflate.Gzip, abc, "", reject, "abc", nil, 0},
		{"reject a member", deflate.Gzip, abc, string(def), reject, "abc", trailing, len(def)},
		{"reject zeros", deflate.Gzip, abc, "\x00", reject, "abc", trailing, 1},
		{"reject after zlib", deflate.Zlib, zl, "t", reject, "abc", trailing, 1},
		{"reject after raw", deflate.Raw, raw, "t", reject, "abc", trailing, 1},

		{"ignore text", deflate.Gzip, abc, "text", ignore, "abc", nil, -1},
		{"ignore, but not a member", deflate.Gzip, abc, string(def) + "text", ignore, "abcdef", nil, -1},
		{"ignore what begins like a member", deflate.Gzip, abc, "\x1ftext", ignore, "abc", nil, -1},
		{"ignore one byte of a member", deflate.Gzip, abc, "\x1f", ignore, "abc", nil, -1},
		{"not a cut member", deflate.Gzip, abc, "\x1f\x8b", ignore, "abc", eof, -1},
		{"ignore after zlib", deflate.Zlib, zl, "text", ignore, "abc", nil, -1},

		{"return a member", deflate.Gzip, abc, string(def), back, "abc", nil, len(def)},
		{"return text", deflate.Gzip, abc, "text", back, "abc", nil, 4},
		{"return after zlib", deflate.Zlib, zl, "text", back, "abc", nil, 4},
		{"return after raw", deflate.Raw, raw, "text", back, "abc", nil, 4},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := deflate.DecoderOptions{Format: c.format, Trailing: c.policy}
			data := slices.Concat(c.data, []byte(c.rest))
			for _, step := range []int{0, 1, len(c.data)} {
				v := decodeAll(t, o, data, step, 100)
				if string(v.out) != c.out || !errors.Is(v.err, c.err) || c.err == nil && v.err != nil {
					t.Errorf("pieces of %d: %q, %v; want %q, %v", step, v.out, v.err, c.out, c.err)
				}
				if left := len(data) - int(v.used); c.left >= 0 && left != c.left {
					t.Errorf("pieces of %d: %d bytes left, want %d", step, left, c.left)
				}
			}
			z, err := deflate.NewReader(bytes.NewReader(data), o)
			if err != nil {
				t.Fatal(err)
			}
			out, err := io.ReadAll(z)
			if string(out) != c.out || !errors.Is(err, c.err) {
				t.Errorf("reader: %q, %v; want %q, %v", out, err, c.out, c.err)
			}
			if c.err == nil && c.left >= 0 && string(z.Unused()) != c.rest[len(c.rest)-c.left:] {
				t.Errorf("reader leaves %q", z.Unused())
			}
		})
	}
}

func TestDecoder_Header_IsThatOfTheLastMember(t *testing.T) {
	member := goGzip(t, []byte("abc"), 6)
	d, err := deflate.NewDecoder(deflate.DecoderOptions{Format: deflate.Gzip})
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := d.Header(); ok {
		t.Error("a header before any input")
	}
	for _, step := range []int{0, 1} {
		d.Reset()
		if v := decodeWith(t, d, withHeader(member, 0x1f), step, 10); v.err != nil {
			t.Fatal(v.err)
		}
		h, ok := d.Header()
		want := deflate.Header{Name: "naïve.txt", Comment: "a comment", Extra: []byte("AB\x02\x00\x01\x02"),
			ModTime: time.Unix(0x12345678, 0), OS: deflate.Unix, Text: true, CRC: true}
		if !ok || h.Name != want.Name || h.Comment != want.Comment || !bytes.Equal(h.Extra, want.Extra) ||
			!h.ModTime.Equal(want.ModTime) || h.OS != want.OS || h.Text != want.Text || h.CRC != want.CRC {
			t.Errorf("pieces of %d: header %+v, want %+v", step, h, want)
		}
	}
	d.Reset()
	if v := decodeWith(t, d, slices.Concat(withHeader(member, 0x1f), member), 0, 10); v.err != nil {
		t.Fatal(v.err)
	}
	if h, ok := d.Header(); !ok || h.Name != "" || h.Extra != nil || h.OS != deflate.UnknownOS || !h.ModTime.IsZero() {
		t.Errorf("second header %+v", h)
	}
}

func TestDecoder_LongHeaderFields_AreCheckedAndCut(t *testing.T) {
	member := goGzip(t, []byte("abc"), 6)
	long := bytes.Repeat([]byte{'n'}, 300_000)
	h := slices.Concat([]byte{0x1f, 0x8b, 8, 0x1c, 0, 0, 0, 0, 0, 0, 0xff, 0xff}, long[:0xffff], long, []byte{0}, long, []byte{0}, member[10:])
	for _, step := range []int{0, 1, 1000} {
		d, err := deflate.NewDecoder(deflate.DecoderOptions{Format: deflate.Gzip})
		if err != nil {
			t.Fatal(err)
		}
		v := decodeWith(t, d, h, step, 10)
		got, ok := d.Header()
		if v.err != nil || string(v.out) != "abc" || !ok || len(got.Name) != 1024 || len(got.Comment) != 1024 || len(got.Extra) != 1024 || got.OS != deflate.FAT {
			t.Errorf("pieces of %d: %v, name %d, comment %d, extra %d bytes", step, v.err, len(got.Name), len(got.Comment), len(got.Extra))
		}
	}
}

func TestDecoder_HeaderFaults_HaveTheirKindAndOffset(t *testing.T) {
	member := goGzip(t, []byte("abc"), 6)
	zl := goZlib(t, []byte("abc"), 6)
	edit := func(p []byte, i int, c byte) []byte {
		p = bytes.Clone(p)
		p[(i+len(p))%len(p)] = c
		return p
	}
	small := bytes.Clone(zl)
	small[0], small[1] = 0x08, 29
	noWindow := bytes.Clone(zl)
	noWindow[0], noWindow[1] = 0x88, 28
	for _, c := range []struct {
		name   string
		format deflate.Format
		bits   int
		data   []byte
		err    error
		offset int64
	}{
		{"magic", deflate.Gzip, 0, edit(member, 0, 0), deflate.ErrHeader, 0},
		{"zlib for gzip", deflate.Gzip, 0, zl, deflate.ErrHeader, 0},
		{"gzip for zlib", deflate.Zlib, 0, member, deflate.ErrHeader, 0},
		{"raw for either", deflate.Auto, 0, member[10:], deflate.ErrHeader, 0},
		{"method", deflate.Gzip, 0, edit(member, 2, 7), deflate.ErrHeader, 2},
		{"flags", deflate.Gzip, 0, edit(member, 3, 0x20), deflate.ErrHeader, 3},
		{"header check", deflate.Gzip, 0, edit(withHeader(member, 2), 10, 0), deflate.ErrHeader, 10},
		{"data check", deflate.Gzip, 0, edit(member, -5, 0xff), deflate.ErrChecksum, int64(len(member) - 8)},
		{"length", deflate.Gzip, 0, edit(member, -1, 1), deflate.ErrLength, int64(len(member) - 4)},
		{"adler", deflate.Zlib, 0, edit(zl, -1, 0), deflate.ErrChecksum, int64(len(zl) - 4)},
		{"zlib method", deflate.Zlib, 0, []byte{0x77, 0x09}, deflate.ErrHeader, 0},
		{"window", deflate.Zlib, 0, noWindow, deflate.ErrWindow, 0},
		{"window of the options", deflate.Zlib, 14, zl, deflate.ErrWindow, 0},
		{"smaller window", deflate.Zlib, 8, small, nil, 0},
		{"no input", deflate.Gzip, 0, nil, io.ErrUnexpectedEOF, 0},
		{"no input, zlib", deflate.Zlib, 0, nil, io.ErrUnexpectedEOF, 0},
		{"no input, raw", deflate.Raw, 0, nil, io.ErrUnexpectedEOF, 0},
		{"no input, automatic", deflate.Auto, 0, nil, io.ErrUnexpectedEOF, 0},
		{"block type", deflate.Raw, 0, []byte{6}, deflate.ErrCorrupt, 0},
		{"far distance", deflate.Raw, 0, []byte{0x4b, 0x04, 0x12}, deflate.ErrCorrupt, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, step := range []int{0, 1} {
				v := decodeAll(t, deflate.DecoderOptions{Format: c.format, WindowBits: c.bits}, c.data, step, 10)
				if c.err == nil && v.err == nil {
					continue
				}
				var e *deflate.Error
				if !errors.Is(v.err, c.err) || !errors.As(v.err, &e) || e.Offset != c.offset {
					t.Errorf("pieces of %d: %v, want %v at %d", step, v.err, c.err, c.offset)
				} else if strings.ContainsAny(e.Error(), "\nA") || !strings.HasPrefix(e.Error(), "deflate: ") {
					t.Errorf("message %q", e.Error())
				}
			}
		})
	}
}

func TestDecoder_WindowBits_BoundTheDistance(t *testing.T) {
	// 300 bytes apart, in windows of 256 and 512 bytes.
	half := repeatable(300, 9)
	plain := slices.Concat(half, half)
	for _, level := range []int{6, flate.HuffmanOnly} {
		raw := goRaw(t, plain, level)
		for bits, want := range map[int]error{8: deflate.ErrCorrupt, 9: nil, 15: nil, 0: nil} {
			if level == flate.HuffmanOnly {
				want = nil
			}
			for _, step := range []int{0, 1} {
				v := decodeAll(t, deflate.DecoderOptions{WindowBits: bits}, raw, step, 50)
				if !errors.Is(v.err, want) || want == nil && (v.err != nil || !bytes.Equal(v.out, plain)) {
					t.Errorf("level %d, %d window bits: %v, want %v", level, bits, v.err, want)
				}
			}
		}
	}
}

func TestDecoder_OptionsOutOfRange_AreRefused(t *testing.T) {
	for _, o := range []deflate.DecoderOptions{
		{Format: 9}, {WindowBits: 7}, {WindowBits: 16}, {WindowBits: -1}, {Trailing: 9}, {MaxOutput: -1}, {MaxRatio: -1},
	} {
		if _, err := deflate.NewDecoder(o); err == nil {
			t.Errorf("NewDecoder(%+v) succeeds", o)
		}
		if _, err := deflate.NewReader(nil, o); err == nil {
			t.Errorf("NewReader(%+v) succeeds", o)
		}
		if _, err := deflate.NewDecodeWriter(nil, o); err == nil {
			t.Errorf("NewDecodeWriter(%+v) succeeds", o)
		}
	}
}
