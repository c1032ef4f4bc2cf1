package codec_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/codec"
	"github.com/duplex-go/duplex/compress"
)

func parse(t testing.TB, spec string) duplex.Transform {
	t.Helper()
	tr, err := codec.Parse(spec)
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

// apply gives the pieces to the transform, one write each.
func apply(tr duplex.Transform, pieces ...string) (string, error) {
	var b bytes.Buffer
	w := tr.Writer(&b)
	for _, p := range pieces {
		if _, err := io.WriteString(w, p); err != nil {
			_ = w.Close()
			return b.String(), err
		}
	}
	err := w.Close()
	return b.String(), err
}

// sample has text in more than one alphabet, every byte, and repetition.
func sample() string {
	var all [256]byte
	for i := range all {
		all[i] = byte(i)
	}
	return "text \u00e4\u65e5\u672c " + string(all[:]) + strings.Repeat("again ", 500)
}

func TestTheInverseUndoesEveryTransform(t *testing.T) {
	for _, spec := range known {
		inverse, ok, err := codec.Inverse(spec)
		if err != nil {
			t.Fatal(err)
		}
		if !ok {
			continue
		}
		t.Run(spec, func(t *testing.T) {
			there, back, in := parse(t, spec), inverse, sample()
			if isDecoder(spec) {
				there, back = back, there // what it reads must be coded
			}
			out, err := apply(there, in)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := apply(back, out); err != nil || got != in {
				t.Errorf("%d bytes of %d, %v", len(got), len(in), err)
			}
		})
	}
}

func isDecoder(spec string) bool {
	return strings.HasPrefix(spec, "un") || strings.HasPrefix(spec, "gun") || strings.Contains(spec, "inflate")
}

func TestAwkwardReadersChangeNothing(t *testing.T) {
	for _, spec := range []string{"upper", "lower", "base64", "base64:wrap=5", "unbase64", "hex", "unhex", "gzip", "unzstd"} {
		in := sample()
		if inverse, _, _ := codec.Inverse(spec); isDecoder(spec) {
			in, _ = apply(inverse, in)
		}
		want, err := apply(parse(t, spec), in)
		if err != nil {
			t.Fatal(err)
		}
		for name, awkward := range map[string]func(io.Reader) io.Reader{
			"one byte": iotest.OneByteReader, "half": iotest.HalfReader, "data with error": iotest.DataErrReader,
		} {
			r := parse(t, spec).Reader(awkward(strings.NewReader(in)))
			got, err := io.ReadAll(r)
			_ = r.Close()
			if spec == "gzip" || strings.HasPrefix(spec, "base64") {
				// A source that pauses is flushed, which shows until it is undone.
				inverse, _, _ := codec.Inverse(spec)
				back, berr := apply(inverse, string(got))
				if err != nil || berr != nil || back != in {
					t.Errorf("%s, %s: %d bytes back of %d, %v, %v", spec, name, len(back), len(in), err, berr)
				}
				continue
			}
			if err != nil || string(got) != want {
				t.Errorf("%s, %s: %d bytes of %d, %v", spec, name, len(got), len(want), err)
			}
		}
	}
}

func TestPairStandsOneInFrontOfTheOther(t *testing.T) {
	pair, err := codec.Pair("upper", "gzip", "base64:url", "hex:wrap=30")
	if err != nil {
		t.Fatal(err)
	}
	a, b := duplex.Pair()
	left, right := duplex.Layer(a, pair), duplex.Layer(b, pair)
	defer left.Close()
	defer right.Close()
	left.AutoFlush = true
	buf := make([]byte, 100)
	for _, word := range []string{"a", "bc", "def"} {
		_, _ = io.WriteString(left, word)
		n, err := io.ReadAtLeast(right, buf, len(word))
		if string(buf[:n]) != strings.ToUpper(word) || err != nil {
			t.Fatalf("%q, %v", buf[:n], err)
		}
	}
	if err := left.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if rest, err := io.ReadAll(right); len(rest) > 0 || err != nil {
		t.Errorf("%q, %v", rest, err)
	}
}

func TestGzipHasTheHeaderThatWasAskedFor(t *testing.T) {
	coded, err := apply(parse(t, "gzip:name=n,comment=c,mtime=2006-01-02T15:04:05Z,os=0,headercrc"), "x")
	if err != nil {
		t.Fatal(err)
	}
	z, err := gzip.NewReader(strings.NewReader(coded))
	if err != nil {
		t.Fatal(err)
	}
	if z.Name != "n" || z.Comment != "c" || !z.ModTime.Equal(time.Unix(1136214245, 0)) || z.OS != 0 || coded[3]&2 == 0 {
		t.Errorf("%+v, flags %x", z.Header, coded[3])
	}
	if coded, _ := apply(parse(t, "gzip:os=19"), "x"); coded[9] != 19 {
		t.Errorf("operating system %d", coded[9])
	}
}

func TestOptionsReachTheTransform(t *testing.T) {
	long := strings.Repeat("some text, again and again; ", 5000)
	length := func(spec string) int {
		t.Helper()
		out, err := apply(parse(t, spec), long)
		if err != nil {
			t.Fatalf("%s: %v", spec, err)
		}
		return len(out)
	}
	if stored, best := length("gzip:level=0"), length("gzip:level=9"); stored < len(long) || best > len(long)/50 {
		t.Errorf("levels 0 and 9: %d and %d of %d", stored, best, len(long))
	}
	if h := length("gzip:strategy=huffman"); h < len(long)/4 {
		t.Errorf("huffman: %d of %d", h, len(long))
	}
	if b := length("br:quality=0"); b == length("br:quality=11") {
		t.Error("qualities 0 and 11 are the same")
	}
	if length("zstd:checksum=false") != length("zstd")-4 {
		t.Error("zstd has a checksum of four bytes")
	}
	gz, _ := apply(parse(t, "gzip"), long)
	for _, spec := range []string{"gunzip:maxoutput=1k", "unzip:maxoutput=1023"} {
		if out, err := apply(parse(t, spec), gz); err == nil || len(out) > 1024 {
			t.Errorf("%s: %d bytes, %v", spec, len(out), err)
		}
	}
	if out, err := apply(parse(t, "gunzip:truncated"), gz[:len(gz)/2]); err != nil || !strings.HasPrefix(long, out) {
		t.Errorf("truncated: %d bytes, %v", len(out), err)
	}
	if _, err := apply(parse(t, "gunzip:trailing=reject"), gz+gz); err == nil {
		t.Error("two members, and trailing=reject")
	}
	if out, err := apply(parse(t, "gunzip:trailing=ignore"), gz+"garbage"); err != nil || out != long {
		t.Errorf("trailing=ignore: %d bytes, %v", len(out), err)
	}
}

// A decoder that has its end does not hide that what it was in is cut.
func TestACutAroundWholeDataIsSeen(t *testing.T) {
	for _, inner := range []string{"deflate", "rawdeflate", "br", "zstd", "gzip"} {
		coded, err := apply(duplex.Compose(parse(t, inner), parse(t, "gzip")), "some text")
		if err != nil {
			t.Fatal(err)
		}
		undo, _, _ := codec.Inverse(inner)
		for _, k := range codec.List() {
			if k.Inverse == inner && k.Name != "unzip" {
				undo = parse(t, k.Name)
			}
		}
		r := duplex.Compose(parse(t, "gunzip"), undo).Reader(strings.NewReader(coded[:len(coded)-1]))
		out, err := io.ReadAll(r)
		_ = r.Close()
		if string(out) != "some text" || !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%s in a cut gzip: %q, %v", inner, out, err)
		}
	}
}

func TestTheCutsOfGzipsInputDoNotShow(t *testing.T) {
	for _, spec := range []string{"gzip", "deflate:level=0", "rawdeflate:level=1", "gzip:parallel=2"} {
		in := strings.Repeat(sample(), 60)
		whole, err := apply(parse(t, spec), in)
		if err != nil {
			t.Fatal(err)
		}
		var pieces []string
		for rest := in; len(rest) > 0; {
			n := min(len(rest), 1+len(rest)%5000)
			pieces, rest = append(pieces, rest[:n]), rest[n:]
		}
		if cut, err := apply(parse(t, spec), pieces...); cut != whole || err != nil {
			t.Errorf("%s: %d bytes in one, %d in pieces, %v", spec, len(whole), len(cut), err)
		}
	}
}

func TestUpperAndLowerKnowLetters(t *testing.T) {
	for _, test := range []struct {
		spec string
		in   []string
		want string
	}{
		{"upper", []string{"starting client"}, "STARTING CLIENT"},
		{"lower", []string{"ALL Done"}, "all done"},
		{"upper", []string{"\u00e4\u03c9\u0436"}, "\u00c4\u03a9\u0416"},
		{"upper", []string{"a\xc3", "\xa4b"}, "A\u00c4B"},           // a letter in two pieces
		{"upper", []string{"\xe1", "\xba", "\x97", "x"}, "\u1e97X"}, // one in three, without an upper case
		{"upper", []string{"a\xff\xfeb\xc3"}, "A\xff\xfeB\xc3"},     // what is none passes
		{"upper", []string{"\xc3", "a"}, "\xc3A"},
		{"lower", []string{"\xe2\x84", "\xaa"}, "k"}, // the Kelvin sign
	} {
		if got, err := apply(parse(t, test.spec), test.in...); got != test.want || err != nil {
			t.Errorf("%s of %q: %q, %v; want %q", test.spec, test.in, got, err, test.want)
		}
	}
}

func TestTextsOfBytes(t *testing.T) {
	for _, test := range []struct {
		spec string
		in   []string
		want string
		err  error
	}{
		{"base64", []string{"a"}, "YQ==", nil},
		{"base64", []string{"a", "b", "c"}, "YWJj", nil},
		{"base64", []string{""}, "", nil},
		{"base64:url", []string{"\xfb\xff"}, "-_8=", nil},
		{"base64:pad=false", []string{"ab"}, "YWI", nil},
		{"base64:wrap=4", []string{"abc", "d"}, "YWJj\nZA==\n", nil},
		{"base64:wrap=5", []string{"abc"}, "YWJj\n", nil},
		{"hex", []string{"a\xff"}, "61ff", nil},
		{"hex:wrap=3", []string{"a\xff"}, "61f\nf\n", nil},
		{"unbase64", []string{"YQ", "=="}, "a", nil},
		{"unbase64", []string{" Y W\nJ\tj\r\n"}, "abc", nil},
		{"unbase64", []string{"-_8=+/8="}, "\xfb\xff\xfb\xff", nil}, // both alphabets, and more after the padding
		{"unbase64", []string{""}, "", nil},
		{"unbase64", []string{"YWI"}, "", io.ErrUnexpectedEOF},
		{"unbase64", []string{"YWJjY"}, "abc", io.ErrUnexpectedEOF},
		{"unbase64", []string{"YQ="}, "", io.ErrUnexpectedEOF},
		{"unbase64:pad=false", []string{"YWI"}, "ab", nil},
		{"unbase64:pad=false", []string{"YWI="}, "ab", nil},
		{"unbase64:pad=false", []string{"YWJjY"}, "abc", io.ErrUnexpectedEOF},
		{"unbase64", []string{"YW*j"}, "", codec.ErrCharacter},
		{"unbase64", []string{"YQ=a"}, "", codec.ErrCharacter},
		{"unbase64", []string{"Y==="}, "", codec.ErrCharacter},
		{"unbase64", []string{"YWJjYQ=="}, "abca", nil},
		{"unbase64", []string{"YWJj=aaa"}, "abc", codec.ErrCharacter},
		{"unhex", []string{"6", "1 F", "f"}, "a\xff", nil},
		{"unhex", []string{"616"}, "a", io.ErrUnexpectedEOF},
		{"unhex", []string{"61g"}, "a", codec.ErrCharacter},
	} {
		got, err := apply(parse(t, test.spec), test.in...)
		if got != test.want || !errors.Is(err, test.err) || (err == nil) != (test.err == nil) {
			t.Errorf("%s of %q: %q, %v; want %q, %v", test.spec, test.in, got, err, test.want, test.err)
		}
	}
	_, err := apply(parse(t, "unbase64"), "YWJj\n", " \x00")
	if err == nil || !strings.Contains(err.Error(), "byte 6") {
		t.Errorf("%v; the character is at byte 6", err)
	}
}

func TestAFlushOfBase64LeavesNothingBehind(t *testing.T) {
	var b bytes.Buffer
	w := parse(t, "base64").Writer(&b)
	back := ""
	for _, piece := range []string{"a", "bc", "defg", "hijklmno"} {
		_, _ = io.WriteString(w, piece)
		if err := w.(interface{ Flush() error }).Flush(); err != nil {
			t.Fatal(err)
		}
		out, err := compress.Decompress(parse(t, "unbase64"), b.Bytes(), 1000)
		if back += piece; string(out) != back || err != nil {
			t.Fatalf("%q, %v; want %q", out, err, back)
		}
	}
	_ = w.Close()
}
