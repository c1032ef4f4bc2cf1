package compress_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/duplex-go/duplex/compress"
	"github.com/duplex-go/duplex/deflate"
)

// frame is a Zstandard frame by hand: a header with a window of 1 KiB << window
// and no checksum, and blocks.
func frame(window byte, blocks ...[]byte) []byte {
	return append([]byte{0x28, 0xb5, 0x2f, 0xfd, 0, window << 3}, bytes.Join(blocks, nil)...)
}

const (
	raw = iota
	rle
)

// block is a raw or repeated block.
func block(last bool, kind, size int, body string) []byte {
	h := uint32(size<<3 | kind<<1)
	if last {
		h |= 1
	}
	return append([]byte{byte(h), byte(h >> 8), byte(h >> 16)}, body...)
}

func skippable(n int) []byte {
	b := binary.LittleEndian.AppendUint32(nil, 0x184d2a53)
	b = binary.LittleEndian.AppendUint32(b, uint32(n))
	return append(b, make([]byte, n)...)
}

func TestFramesOfZstandard(t *testing.T) {
	abc := frame(10, block(true, raw, 3, "abc"))
	for _, test := range []struct {
		name string
		in   [][]byte
		o    compress.UnzstdOptions
		want string
		err  error
	}{
		{"one", [][]byte{abc}, compress.UnzstdOptions{}, "abc", nil},
		{"two", [][]byte{abc, abc}, compress.UnzstdOptions{}, "abcabc", nil},
		{"a repeated byte", [][]byte{frame(10, block(false, rle, 5, "x"), block(true, raw, 1, "y"))}, compress.UnzstdOptions{}, "xxxxxy", nil},
		{"empty blocks", [][]byte{frame(10, block(false, raw, 0, ""), block(false, rle, 0, "q"), block(false, raw, 2, "ab"),
			block(false, raw, 0, ""), block(true, raw, 0, "")), abc}, compress.UnzstdOptions{}, "ababc", nil},
		{"an empty frame", [][]byte{frame(10, block(true, raw, 0, ""))}, compress.UnzstdOptions{}, "", nil},
		{"skippable ones", [][]byte{skippable(0), abc, skippable(100_000), abc, skippable(3)}, compress.UnzstdOptions{}, "abcabc", nil},
		{"nothing but a skippable one", [][]byte{skippable(3)}, compress.UnzstdOptions{}, "", nil},
		{"nothing", nil, compress.UnzstdOptions{}, "", io.ErrUnexpectedEOF},
		{"a cut skippable one", [][]byte{abc, skippable(9)[:12]}, compress.UnzstdOptions{}, "abc", io.ErrUnexpectedEOF},
		{"a cut one, allowed", [][]byte{abc, abc[:7]}, compress.UnzstdOptions{AllowTruncated: true}, "abc", nil},
		{"garbage after it", [][]byte{abc, []byte("garbage")}, compress.UnzstdOptions{}, "abc", deflate.ErrHeader},
		{"a bit of garbage after it", [][]byte{abc, []byte("g")}, compress.UnzstdOptions{}, "abc", io.ErrUnexpectedEOF},
		{"garbage that is ignored", [][]byte{abc, abc, []byte("garbage")}, compress.UnzstdOptions{Trailing: deflate.TrailingIgnore}, "abcabc", nil},
		{"a bit that is ignored", [][]byte{abc, []byte("g")}, compress.UnzstdOptions{Trailing: deflate.TrailingIgnore}, "abc", nil},
		{"anything, rejected", [][]byte{abc, abc}, compress.UnzstdOptions{Trailing: deflate.TrailingReject}, "abc", deflate.ErrTrailing},
		{"a bit, rejected", [][]byte{abc, []byte("g")}, compress.UnzstdOptions{Trailing: deflate.TrailingReject}, "abc", deflate.ErrTrailing},
		{"the first alone", [][]byte{skippable(3), abc, abc}, compress.UnzstdOptions{Trailing: deflate.TrailingReturn}, "abc", nil},
		{"a window of 8 MiB", [][]byte{frame(13, block(true, raw, 3, "abc"))}, compress.UnzstdOptions{}, "abc", nil},
		{"a larger window", [][]byte{frame(14, block(true, raw, 3, "abc"))}, compress.UnzstdOptions{}, "", deflate.ErrWindow},
		{"a larger window, allowed", [][]byte{frame(14, block(true, raw, 3, "abc"))}, compress.UnzstdOptions{WindowBits: 24}, "abc", nil},
		{"a size that is no window", [][]byte{{0x28, 0xb5, 0x2f, 0xfd, 0xe0, 0, 0, 0, 0, 0, 0, 1, 0}}, compress.UnzstdOptions{}, "", deflate.ErrWindow},
		{"a wrong size", [][]byte{append([]byte{0x28, 0xb5, 0x2f, 0xfd, 0x20, 4}, block(true, raw, 3, "abc")...)}, compress.UnzstdOptions{}, "abc", deflate.ErrLength},
		{"a reserved bit", [][]byte{{0x28, 0xb5, 0x2f, 0xfd, 8, 0}}, compress.UnzstdOptions{}, "", deflate.ErrHeader},
		{"a reserved type", [][]byte{frame(10, block(true, 3, 1, "x"))}, compress.UnzstdOptions{}, "", deflate.ErrCorrupt},
		{"a block beyond the window", [][]byte{frame(0, block(false, rle, 1025, "x"))}, compress.UnzstdOptions{}, "", deflate.ErrCorrupt},
		{"a block beyond any", [][]byte{frame(13, block(false, raw, 200_000, ""))}, compress.UnzstdOptions{}, "", deflate.ErrCorrupt},
		{"an unknown dictionary", [][]byte{{0x28, 0xb5, 0x2f, 0xfd, 1, 0, 7}, block(true, raw, 1, "x")}, compress.UnzstdOptions{}, "", deflate.ErrNoDictionary},
		{"another dictionary", [][]byte{{0x28, 0xb5, 0x2f, 0xfd, 1, 0, 7}, block(true, raw, 1, "x")}, compress.UnzstdOptions{Dict: testDict}, "", deflate.ErrDictionary},
	} {
		in := bytes.Join(test.in, nil)
		for _, r := range []io.Reader{bytes.NewReader(in), &cutter{in}} {
			got, err := decoded(compress.Unzstd(test.o), r)
			if string(got) != test.want || !errors.Is(err, test.err) || (err == nil) != (test.err == nil) {
				t.Errorf("%s: %q, %v; want %q, %v", test.name, got, err, test.want, test.err)
			}
			var e *compress.Error
			if err != nil && (!errors.As(err, &e) || e.Offset < 0 || e.Offset > int64(len(in))) {
				t.Errorf("%s: %#v", test.name, err)
			}
		}
	}
}

func TestWhatFollowsAFrameIsLeftOver(t *testing.T) {
	z := frame(10, block(true, raw, 3, "abc"))
	src := bytes.NewReader(append(append([]byte(nil), z...), text(20_000)...))
	r := compress.Unzstd(compress.UnzstdOptions{Trailing: deflate.TrailingReturn}).Reader(src)
	defer r.Close()
	if p, err := io.ReadAll(r); string(p) != "abc" || err != nil {
		t.Fatalf("%q, %v", p, err)
	}
	unused, err := compress.Unused(r)
	rest, _ := io.ReadAll(src)
	if !bytes.Equal(append(unused, rest...), text(20_000)) || err != nil {
		t.Errorf("%d bytes left over, %v", len(unused)+len(rest), err)
	}
	if n, err := compress.DecoderStats(r); n != (compress.Stats{In: int64(len(z)), Out: 3}) || err != nil {
		t.Errorf("%+v, %v", n, err)
	}
}

// What was decoded comes before the news that its checksum is wrong.
func TestDataComesBeforeItsChecksumFails(t *testing.T) {
	z, err := compress.Compress(compress.Zstd(compress.ZstdOptions{}), text(5000))
	if err != nil {
		t.Fatal(err)
	}
	z[len(z)-1] ^= 1
	got, err := decoded(compress.Unzstd(compress.UnzstdOptions{}), bytes.NewReader(z))
	if !bytes.Equal(got, text(5000)) || !errors.Is(err, deflate.ErrChecksum) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}

// A source below that is cut is no end, even where a frame ends.
func TestAFailureBelowIsPassedOn(t *testing.T) {
	eachFormat(t, func(t *testing.T, f format) {
		policy := deflate.TrailingMembers
		if f.name[:2] == "de" || f.name[:2] == "ra" {
			policy = deflate.TrailingIgnore // these stop at their end otherwise
		}
		z := f.encoded(t, text(1000))
		for _, failure := range []error{io.ErrUnexpectedEOF, io.ErrClosedPipe, errors.New("some failure")} {
			got, err := decoded(f.decode(guard{trailing: policy}), io.MultiReader(bytes.NewReader(z), failing{failure}))
			if !errors.Is(err, failure) || !bytes.Equal(got, text(1000)) {
				t.Errorf("%v: %d bytes, %v", failure, len(got), err)
			}
		}
	})
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// zstdTool runs the reference implementation.
func zstdTool(t *testing.T, in []byte, args ...string) []byte {
	t.Helper()
	cmd := exec.Command(program(t, "zstd"), append(args, "-qc")...)
	cmd.Stdin, cmd.Stderr = bytes.NewReader(in), os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("zstd %v: %v", args, err)
	}
	return out
}

func TestTheReferenceAndWeReadEachOther(t *testing.T) {
	p := append(text(300_000), noise(100_000)...)
	dict := filepath.Join(t.TempDir(), "dict")
	if err := os.WriteFile(dict, testDict, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, level := range []int{1, 3, 6, 10} {
		z, err := compress.Compress(compress.Zstd(compress.ZstdOptions{Level: level}), p)
		if err != nil {
			t.Fatal(err)
		}
		if got := zstdTool(t, z, "-d"); !bytes.Equal(got, p) {
			t.Errorf("level %d: it reads %d bytes of %d", level, len(got), len(p))
		}
	}
	for _, args := range [][]string{{"-1"}, {"-19"}, {"--no-check"}, {"-3", "--long=23"}} {
		if got, err := decoded(compress.Unzstd(compress.UnzstdOptions{}), bytes.NewReader(zstdTool(t, p, args...))); !bytes.Equal(got, p) || err != nil {
			t.Errorf("%v: we read %d bytes of %d, %v", args, len(got), len(p), err)
		}
	}
	short := []byte("hello and flush, words such as these")
	z, _ := compress.Compress(compress.Zstd(compress.ZstdOptions{Dict: testDict}), short)
	if got := zstdTool(t, z, "-d", "-D", dict); !bytes.Equal(got, short) {
		t.Errorf("with a dictionary it reads %q", got)
	}
	if got, err := decoded(compress.Unzstd(compress.UnzstdOptions{Dict: testDict}), bytes.NewReader(zstdTool(t, short, "-D", dict))); !bytes.Equal(got, short) || err != nil {
		t.Errorf("with a dictionary we read %q, %v", got, err)
	}
}

func TestBrotliWindowsAreLimited(t *testing.T) {
	for bits := 10; bits <= 24; bits++ {
		z, err := compress.Compress(compress.Brotli(compress.BrotliOptions{Quality: 2, WindowBits: bits}), text(200_000))
		if err != nil {
			t.Fatal(err)
		}
		for most := 10; most <= 24; most += 7 {
			got, err := decoded(compress.Unbrotli(compress.UnbrotliOptions{WindowBits: most}), bytes.NewReader(z))
			if bits > most && !errors.Is(err, deflate.ErrWindow) || bits <= most && (err != nil || !bytes.Equal(got, text(200_000))) {
				t.Errorf("a window of %d bits where %d are allowed: %d bytes, %v", bits, most, len(got), err)
			}
		}
	}
}
