package deflate_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"testing"
	"testing/iotest"

	"github.com/duplex-go/duplex/deflate"
)

var errPlanted = errors.New("planted")

func TestReader_AwkwardSources_GiveTheSameOutput(t *testing.T) {
	plain := slices.Concat(prose(100_000/min(2, fewer), 5), repeatable(20_000, 6), prose(30_000, 7))
	for _, f := range []deflate.Format{deflate.Raw, deflate.Zlib, deflate.Gzip, deflate.Auto} {
		var coded []byte
		switch f {
		case deflate.Raw:
			coded = goRaw(t, plain, 6)
		case deflate.Zlib:
			coded = goZlib(t, plain, 6)
		default:
			coded = slices.Concat(goGzip(t, plain[:70_000], 6), goGzip(t, plain[70_000:], 1))
		}
		for name, wrap := range map[string]func(io.Reader) io.Reader{
			"plain":      func(r io.Reader) io.Reader { return r },
			"one byte":   iotest.OneByteReader,
			"half":       iotest.HalfReader,
			"data error": iotest.DataErrReader,
			"timeout":    iotest.TimeoutReader,
		} {
			for _, shape := range []string{"ReadAll", "small reads", "WriteTo"} {
				z, err := deflate.NewReader(wrap(bytes.NewReader(coded)), deflate.DecoderOptions{Format: f})
				if err != nil {
					t.Fatal(err)
				}
				var out bytes.Buffer
				timeouts := 0
				for {
					switch shape {
					case "ReadAll":
						_, err = out.ReadFrom(readerOnly{z})
					case "small reads":
						_, err = io.CopyBuffer(writerOnly{&out}, readerOnly{z}, make([]byte, 7))
					case "WriteTo":
						_, err = z.WriteTo(&out)
					}
					if err != iotest.ErrTimeout {
						break
					}
					timeouts++
				}
				if err != nil || !bytes.Equal(out.Bytes(), plain) {
					t.Errorf("%v, %s, %s: %v, %d of %d bytes", f, name, shape, err, out.Len(), len(plain))
				}
				if want := map[bool]int{true: 1}[name == "timeout"]; timeouts != want {
					t.Errorf("%v, %s, %s: %d timeouts, want %d", f, name, shape, timeouts, want)
				}
				if z.InputOffset() != int64(len(coded)) || z.OutputOffset() != int64(len(plain)) {
					t.Errorf("%v, %s, %s: offsets %d, %d", f, name, shape, z.InputOffset(), z.OutputOffset())
				}
			}
		}
	}
}

// readerOnly and writerOnly hide WriteTo and ReadFrom.
type readerOnly struct{ io.Reader }
type writerOnly struct{ io.Writer }

func TestReader_PassesTheReaderTest(t *testing.T) {
	plain := prose(10_000, 8)
	z, err := deflate.NewReader(bytes.NewReader(goGzip(t, plain, 6)), deflate.DecoderOptions{Format: deflate.Gzip})
	if err != nil {
		t.Fatal(err)
	}
	if err := iotest.TestReader(z, plain); err != nil {
		t.Error(err)
	}
}

func TestReader_SourceError_IsReturnedAfterWhatCanBeDecoded(t *testing.T) {
	plain := prose(5000, 9)
	coded := goGzip(t, plain, 6)
	whole := decodeAll(t, deflate.DecoderOptions{Format: deflate.Gzip}, coded[:500], 0, 1<<16)
	z, err := deflate.NewReader(io.MultiReader(bytes.NewReader(coded[:500]), iotest.ErrReader(errPlanted)), deflate.DecoderOptions{Format: deflate.Gzip})
	if err != nil {
		t.Fatal(err)
	}
	out, err := io.ReadAll(z)
	if err != errPlanted || !bytes.Equal(out, whole.out) {
		t.Errorf("%d bytes, %v; want %d, %v", len(out), err, len(whole.out), errPlanted)
	}
}

func TestReader_NoProgress_IsAnError(t *testing.T) {
	z, err := deflate.NewReader(emptyReader{}, deflate.DecoderOptions{Format: deflate.Gzip})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := z.Read(make([]byte, 1)); err != io.ErrNoProgress {
		t.Errorf("got %v", err)
	}
}

type emptyReader struct{}

func (emptyReader) Read([]byte) (int, error) { return 0, nil }

// A scriptedReader returns one piece per Read and fails the test when it is
// read once more than it has pieces: a live peer that says no more.
type scriptedReader struct {
	t      *testing.T
	pieces [][]byte
}

func (r *scriptedReader) Read(p []byte) (int, error) {
	if len(r.pieces) == 0 {
		r.t.Error("the source was read while decoded bytes were due: a live connection would block here")
		return 0, io.EOF
	}
	n := copy(p, r.pieces[0])
	if r.pieces[0] = r.pieces[0][n:]; len(r.pieces[0]) == 0 {
		r.pieces = r.pieces[1:]
	}
	return n, nil
}

func TestReader_LiveConnection_DeliversEachFlushWithoutTheNextByte(t *testing.T) {
	for _, flush := range []string{"partial", "sync", "full"} {
		for _, f := range []deflate.Format{deflate.Raw, deflate.Zlib, deflate.Gzip} {
			q := oracleQuestion{Op: "encode", Bits: oracleBits(formatWord(f), 15), Level: 6, Mem: 8}
			source := &scriptedReader{t: t}
			z, err := deflate.NewReader(source, deflate.DecoderOptions{Format: f})
			if err != nil {
				t.Fatal(err)
			}
			var sent int
			for i := range 20 {
				text := prose(10+i*500, uint64(i))
				q.Parts = append(q.Parts, oraclePart{text, flush})
				coded := ask(t, q)[0].Out
				source.pieces = [][]byte{coded[sent:]}
				sent = len(coded)
				got := make([]byte, len(text))
				if _, err := io.ReadFull(z, got); err != nil || !bytes.Equal(got, text) {
					t.Fatalf("%v, %s flush %d: %v", f, flush, i, err)
				}
			}
		}
	}
}

func TestReader_EndOfMember_DeliversWithoutTheNextHeader(t *testing.T) {
	a, b := goGzip(t, []byte("abc"), 6), goGzip(t, []byte("def"), 6)
	source := &scriptedReader{t: t, pieces: [][]byte{a}}
	z, err := deflate.NewReader(source, deflate.DecoderOptions{Format: deflate.Gzip})
	if err != nil {
		t.Fatal(err)
	}
	got := make([]byte, 3)
	if _, err := io.ReadFull(z, got); err != nil || string(got) != "abc" {
		t.Fatalf("%q, %v", got, err)
	}
	source.pieces = [][]byte{b}
	if _, err := io.ReadFull(z, got); err != nil || string(got) != "def" {
		t.Fatalf("%q, %v", got, err)
	}
}

func TestDecodeWriter_EveryCut_DeliversAtOnce(t *testing.T) {
	for _, s := range makeSmallStreams(t) {
		a := ask(t, s.question(s.coded, 1))[0]
		var out bytes.Buffer
		z, err := deflate.NewDecodeWriter(&out, s.options)
		if err != nil {
			t.Fatal(err)
		}
		for i, c := range s.coded {
			if n, err := z.Write([]byte{c}); n != 1 || err != nil {
				t.Fatalf("%s: Write returned %d, %v", s.name, n, err)
			}
			if out.Len() != a.Counts[i] {
				t.Fatalf("%s: after byte %d, %d bytes have come out, zlib gives %d", s.name, i, out.Len(), a.Counts[i])
			}
		}
		if err := z.Close(); err != nil || !bytes.Equal(out.Bytes(), s.plain) {
			t.Errorf("%s: %v", s.name, err)
		}
		for i := range s.coded {
			out.Reset()
			z.Reset(&out)
			_, err1 := z.Write(s.coded[:i])
			_, err2 := z.Write(s.coded[i:])
			if err := errors.Join(err1, err2, z.Close()); err != nil || !bytes.Equal(out.Bytes(), s.plain) {
				t.Errorf("%s cut at %d: %v", s.name, i, err)
			}
		}
	}
}

func TestDecodeWriter_AfterTheEnd_FollowsThePolicy(t *testing.T) {
	zl := goZlib(t, []byte("abc"), 6)
	for _, c := range []struct {
		policy   deflate.Trailing
		n        int
		err      error
		later    int
		laterErr error
		unused   string
		close    error
	}{
		{deflate.TrailingMembers, len(zl) + 4, nil, 4, nil, "rest", nil},
		{deflate.TrailingIgnore, len(zl) + 4, nil, 4, nil, "rest", nil},
		{deflate.TrailingReturn, len(zl), io.EOF, 0, io.EOF, "rest", nil},
		{deflate.TrailingReject, len(zl), deflate.ErrTrailing, 0, deflate.ErrTrailing, "", deflate.ErrTrailing},
	} {
		var out bytes.Buffer
		z, err := deflate.NewDecodeWriter(&out, deflate.DecoderOptions{Format: deflate.Zlib, Trailing: c.policy})
		if err != nil {
			t.Fatal(err)
		}
		n, err := z.Write(append(bytes.Clone(zl), "rest"...))
		if n != c.n || !errors.Is(err, c.err) {
			t.Errorf("policy %d: Write returned %d, %v", c.policy, n, err)
		}
		n, err = z.Write([]byte("more"))
		if n != c.later || !errors.Is(err, c.laterErr) {
			t.Errorf("policy %d: the next Write returned %d, %v", c.policy, n, err)
		}
		if string(z.Unused()) != c.unused || out.String() != "abc" {
			t.Errorf("policy %d: %q unused, %q decoded", c.policy, z.Unused(), out.String())
		}
		for range 2 {
			if err := z.Close(); !errors.Is(err, c.close) {
				t.Errorf("policy %d: Close returned %v", c.policy, err)
			}
		}
		if _, err := z.Write(nil); !errors.Is(err, net.ErrClosed) {
			t.Errorf("policy %d: Write after Close returned %v", c.policy, err)
		}
	}
}

func TestDecodeWriter_DestinationError_IsFinal(t *testing.T) {
	coded := goGzip(t, prose(5000, 3), 6)
	for name, w := range map[string]io.Writer{
		"error": failingWriter{0, errPlanted}, "short": failingWriter{1, nil}, "impossible": failingWriter{1 << 30, nil},
	} {
		z, err := deflate.NewDecodeWriter(w, deflate.DecoderOptions{Format: deflate.Gzip})
		if err != nil {
			t.Fatal(err)
		}
		_, err = z.Write(coded)
		if err == nil || name == "error" && err != errPlanted || name == "short" && err != io.ErrShortWrite {
			t.Errorf("%s: Write returned %v", name, err)
		}
		if _, again := z.Write(coded); again != err || z.Close() != err {
			t.Errorf("%s: then %v, Close %v", name, again, z.Close())
		}
	}
}

type failingWriter struct {
	n   int
	err error
}

func (w failingWriter) Write([]byte) (int, error) { return w.n, w.err }

func TestReader_CorruptData_ComesAfterWhatWasDecoded(t *testing.T) {
	plain := prose(50_000, 11)
	coded := goGzip(t, plain, 6)
	coded[len(coded)-6] ^= 1
	for _, size := range []int{1, 100, 1 << 20} {
		z, err := deflate.NewReader(bytes.NewReader(coded), deflate.DecoderOptions{Format: deflate.Gzip})
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		_, err = io.CopyBuffer(writerOnly{&out}, readerOnly{z}, make([]byte, size))
		if !errors.Is(err, deflate.ErrChecksum) || !bytes.Equal(out.Bytes(), plain) {
			t.Errorf("reads of %d: %d bytes, %v", size, out.Len(), err)
		}
		if _, again := z.Read(make([]byte, 1)); fmt.Sprint(again) != fmt.Sprint(err) {
			t.Errorf("then %v", again)
		}
	}
}
