package compress_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/compress"
	"github.com/duplex-go/duplex/deflate"
)

// writes keeps each write.
type writes [][]byte

func (w *writes) Write(p []byte) (int, error) {
	*w = append(*w, append([]byte(nil), p...))
	return len(p), nil
}

// What the page's gzip program prints, one line for each chunk.
func TestThePagesChunks(t *testing.T) {
	gzip := compress.Gzip(compress.Options{Header: deflate.Header{OS: deflate.Darwin}})
	want := []string{"H4sIAAAAAAAAEw==", "S1QoLinKzEtXyEgtSk3Myy8B0shCAA8rMZwgAAAA"}

	s := gzip.Stream()
	defer s.Close()
	buf := make([]byte, 1000)
	_, _ = io.WriteString(s, "a string here")
	n, _ := s.Read(buf)
	first := base64.StdEncoding.EncodeToString(buf[:n])
	_, _ = io.WriteString(s, "another string here")
	_ = s.CloseWrite()
	n, _ = s.Read(buf)
	if got := []string{first, base64.StdEncoding.EncodeToString(buf[:n])}; got[0] != want[0] || got[1] != want[1] {
		t.Errorf("as a stream %q, want %q", got, want)
	}

	var w writes
	z := gzip.Writer(&w)
	_, _ = io.WriteString(z, "a string here")
	_, _ = io.WriteString(z, "another string here")
	_ = z.Close()
	if len(w) != 2 || base64.StdEncoding.EncodeToString(w[0]) != want[0] || base64.StdEncoding.EncodeToString(w[1]) != want[1] {
		t.Errorf("as a writer %q, want %q", w, want)
	}
}

func TestWhatACallGivesIsOneWrite(t *testing.T) {
	eachFormat(t, func(t *testing.T, f format) {
		var w writes
		z := f.encode.Writer(&w).(writeFlusher)
		step := func(name string, most int, call func() error) {
			t.Helper()
			before := len(w)
			if err := call(); err != nil {
				t.Fatal(err)
			}
			if n := len(w) - before; n > most {
				t.Errorf("%s: %d writes", name, n)
			}
		}
		write := func(p []byte) func() error {
			return func() error { _, err := z.Write(p); return err }
		}
		step("the first write", 1, write(text(100)))
		step("a write", 1, write(text(5000)))
		step("a flush", 1, z.Flush)
		step("a flush of nothing", 0, z.Flush)
		step("a flush of nothing", 0, z.Flush)
		step("a write", 1, write(text(100)))
		step("a flush", 1, z.Flush)
		step("a write", 1, write(text(20_000)))
		step("the end", 1, z.Close)
		if len(w) < 3 {
			t.Errorf("%d writes in all", len(w))
		}
	})
}

func TestAFlushOfNothingWritesNothing(t *testing.T) {
	eachFormat(t, func(t *testing.T, f format) {
		var w writes
		z := f.encode.Writer(&w).(writeFlusher)
		for range 3 {
			if err := z.Flush(); err != nil {
				t.Fatal(err)
			}
		}
		if len(w) > 0 {
			t.Errorf("before anything was written: %x", w)
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		var all []byte
		for _, p := range w {
			all = append(all, p...)
		}
		if got, err := decoded(f.decode(guard{}), bytes.NewReader(all)); len(got) > 0 || err != nil || len(all) == 0 {
			t.Errorf("the end of nothing is %x: %q, %v", all, got, err)
		}
	})
}

func TestHeadersAreWrittenAndRead(t *testing.T) {
	h := deflate.Header{Name: "na\u00efve.txt", Comment: "a comment", Extra: []byte("extra"), ModTime: time.Unix(1e9, 0), OS: deflate.Windows, Text: true, CRC: true}
	for name, o := range map[string]compress.Options{"zlib's bytes": {Header: h}, "fast": {Header: h, Fast: true}, "parked": {Header: h, Park: 1}} {
		z, err := compress.Compress(compress.Gzip(o), []byte("text"))
		if err != nil {
			t.Fatal(err)
		}
		s := compress.Gunzip(compress.DecoderOptions{}).Stream()
		if _, ok := compress.Header(s); ok {
			t.Error("there is a header before there is input")
		}
		_, _ = s.Write(z)
		_ = s.CloseWrite()
		if p, err := io.ReadAll(s); string(p) != "text" || err != nil {
			t.Fatalf("%q, %v", p, err)
		}
		got, ok := compress.Header(s)
		if !ok || got.Name != h.Name || got.Comment != h.Comment || string(got.Extra) != "extra" || !got.ModTime.Equal(h.ModTime) || got.OS != h.OS || !got.Text || !got.CRC {
			t.Errorf("%s: %+v, %t", name, got, ok)
		}
		_ = s.Close()
	}
	plain, _ := compress.Compress(compress.Gzip(compress.Options{}), nil)
	if len(plain) != 20 || !bytes.Equal(plain[4:8], make([]byte, 4)) || plain[3] != 0 {
		t.Errorf("by default %x", plain)
	}
}

func TestMembersHaveTheirOwnHeaders(t *testing.T) {
	var z []byte
	for i, name := range []string{"first", "second", "third", "empty"} {
		p, _ := compress.Compress(compress.Gzip(compress.Options{Header: deflate.Header{Name: name}}), text([]int{10, 100_000, 0, 0}[i]))
		z = append(z, p...)
	}
	broken := func(at int) []byte {
		b := append([]byte(nil), z...)
		b[at] ^= 1
		return b
	}
	for _, test := range []struct {
		name   string
		in     []byte
		policy deflate.Trailing
		names  string
		err    error
	}{
		{"all", z, 0, "first second third empty", nil},
		{"zeros", append(append([]byte(nil), z...), make([]byte, 5)...), 0, "first second third empty", nil},
		{"garbage", append(append([]byte(nil), z...), "xyz"...), 0, "first second third empty", deflate.ErrHeader},
		{"garbage that is ignored", append(append([]byte(nil), z...), 0x1f, 'x'), deflate.TrailingIgnore, "first second third empty", nil},
		{"a byte that is ignored", append(append([]byte(nil), z...), 0x1f), deflate.TrailingIgnore, "first second third empty", nil},
		{"a second member that is rejected", z, deflate.TrailingReject, "first", deflate.ErrTrailing},
		{"one", z, deflate.TrailingReturn, "first", nil},
		{"a cut", z[:len(z)-1], 0, "first second third empty", io.ErrUnexpectedEOF},
		{"a cut header", z[:len(z)-20], 0, "first second third", io.ErrUnexpectedEOF},
		{"nothing", nil, 0, "", io.ErrUnexpectedEOF},
		{"a wrong length", broken(len(z) - 1), 0, "first second third empty", deflate.ErrLength},
	} {
		for _, read := range []bool{true, false} {
			var names []string
			var failure error
			for m, err := range compress.Members(&cutter{test.in}, compress.DecoderOptions{Trailing: test.policy}) {
				if err != nil {
					failure = err
					break
				}
				names = append(names, m.Header.Name)
				if !read {
					continue
				}
				p, err := io.ReadAll(m)
				if want := map[string]int{"first": 10, "second": 100_000}[m.Header.Name]; len(p) != want || err != nil && failure != nil {
					t.Errorf("%s: %s has %d bytes, %v", test.name, m.Header.Name, len(p), err)
				}
			}
			if strings.Join(names, " ") != test.names || !errors.Is(failure, test.err) || (failure == nil) != (test.err == nil) {
				t.Errorf("%s, read %t: %q, %v; want %q, %v", test.name, read, names, failure, test.names, test.err)
			}
			var e *deflate.Error
			if errors.As(failure, &e) && test.name == "a wrong length" && e.Offset != int64(len(z)-4) {
				t.Errorf("%s: at %d of %d", test.name, e.Offset, len(z))
			}
		}
	}
	for m, err := range compress.Members(bytes.NewReader(z), compress.DecoderOptions{}) {
		if err != nil || m.Header.Name != "first" {
			t.Errorf("%+v, %v", m.Header, err)
		}
		break // and nothing is left behind
	}
}

// A source that fails is no end, whether the loop reads or not.
func TestMembersEndWithTheErrorOfTheSource(t *testing.T) {
	failure := errors.New("no more")
	one, err := compress.Compress(compress.Gzip(compress.Options{}), noise(50_000))
	if err != nil {
		t.Fatal(err)
	}
	two := append(append([]byte(nil), one...), one...)
	for _, n := range []int{1, 100, len(one) - 1, len(one), len(one) + 1, len(one) + 100, len(two)} {
		for _, read := range []bool{true, false} {
			var last error
			src := io.MultiReader(bytes.NewReader(two[:n]), iotest.ErrReader(failure))
			for m, err := range compress.Members(src, compress.DecoderOptions{}) {
				if last = err; err == nil && read {
					_, _ = io.Copy(io.Discard, m)
				}
			}
			if last != failure {
				t.Errorf("after %d bytes of %d, read %t: %v", n, len(two), read, last)
			}
		}
	}
}

// cutter gives 17 bytes at a time.
type cutter struct{ b []byte }

func (c *cutter) Read(p []byte) (int, error) {
	if len(c.b) == 0 {
		return 0, io.EOF
	}
	n := copy(p[:min(len(p), 17)], c.b)
	c.b = c.b[n:]
	return n, nil
}

func TestOptionsOutOfRangeAreTheErrorOfTheFirstUse(t *testing.T) {
	for name, tr := range map[string]duplex.Transform{
		"level":          compress.Gzip(compress.Options{Level: 10}),
		"memory level":   compress.Deflate(compress.Options{MemLevel: 10}),
		"window":         compress.RawDeflate(compress.Options{WindowBits: 8}),
		"gzip's window":  compress.Gzip(compress.Options{WindowBits: 8}),
		"strategy":       compress.Gzip(compress.Options{Strategy: 5}),
		"dictionary":     compress.Gzip(compress.Options{Dict: testDict}),
		"flush":          compress.Gzip(compress.Options{Flush: deflate.Finish}),
		"park":           compress.Gzip(compress.Options{Park: 1<<15 + 1}),
		"header":         compress.Gzip(compress.Options{Header: deflate.Header{Name: "\u65e5"}}),
		"fast and more":  compress.Gzip(compress.Options{Fast: true, MemLevel: 9}),
		"fast fixed":     compress.Gzip(compress.Options{Fast: true, Strategy: deflate.Fixed}),
		"fast parallel":  compress.Gzip(compress.Options{Fast: true, Parallel: 2}),
		"fast full":      compress.Gzip(compress.Options{Fast: true, Flush: deflate.FullFlush}),
		"zstd level":     compress.Zstd(compress.ZstdOptions{Level: 23}),
		"zstd window":    compress.Zstd(compress.ZstdOptions{WindowBits: 9}),
		"quality":        compress.Brotli(compress.BrotliOptions{Quality: 12}),
		"brotli window":  compress.Brotli(compress.BrotliOptions{WindowBits: 25}),
		"decoder window": compress.Gunzip(compress.DecoderOptions{WindowBits: 7}),
		"limit":          compress.Inflate(compress.DecoderOptions{MaxOutput: -1}),
		"zstd limit":     compress.Unzstd(compress.UnzstdOptions{MaxRatio: -1}),
		"zstd policy":    compress.Unzstd(compress.UnzstdOptions{Trailing: 9}),
		"unzstd window":  compress.Unzstd(compress.UnzstdOptions{WindowBits: 32}),
		"unbr window":    compress.Unbrotli(compress.UnbrotliOptions{WindowBits: 9}),
		"unbr limit":     compress.Unbrotli(compress.UnbrotliOptions{MaxOutput: -1}),
	} {
		s := tr.Stream()
		_, werr := s.Write([]byte("x"))
		_ = s.CloseWrite()
		_, rerr := s.Read(make([]byte, 1))
		if rerr == nil || rerr == io.EOF || strings.Contains(rerr.Error(), "\n") {
			t.Errorf("%s: write %v, read %v", name, werr, rerr)
		}
		_ = s.Close()
	}
}
