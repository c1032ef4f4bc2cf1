package duplex_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/duplex-go/duplex"
)

// shapes are the ways in which a transform can be used on a whole input.
var shapes = []struct {
	name string
	do   func(t duplex.Transform, in []byte, piece int) ([]byte, error)
}{
	{"Writer", func(t duplex.Transform, in []byte, piece int) ([]byte, error) {
		var out bytes.Buffer
		w := t.Writer(&out)
		err := errors.Join(writePieces(w, in, piece), w.Close())
		return out.Bytes(), err
	}},
	{"Reader", func(t duplex.Transform, in []byte, piece int) ([]byte, error) {
		r := t.Reader(&piecewise{p: in, n: piece})
		out, err := io.ReadAll(r)
		return out, errors.Join(err, r.Close())
	}},
	{"Stream", func(t duplex.Transform, in []byte, piece int) ([]byte, error) {
		s := t.Stream()
		defer s.Close()
		wrote := background(func() error {
			if err := writePieces(s, in, piece); err != nil {
				return err
			}
			return s.CloseWrite()
		})
		out, err := io.ReadAll(s)
		return out, errors.Join(err, <-wrote)
	}},
	{"Layer", func(t duplex.Transform, in []byte, piece int) ([]byte, error) {
		a, b := duplex.Pair()
		defer b.Close()
		l := duplex.Layer(a, duplex.Codec{Encode: t})
		defer l.Close()
		wrote := background(func() error {
			err := writePieces(l, in, piece)
			if err == nil {
				err = l.CloseWrite()
			}
			if err != nil {
				l.Abort(err)
			}
			return err
		})
		out, err := io.ReadAll(b)
		return out, errors.Join(err, <-wrote)
	}},
	{"Pipeline", func(t duplex.Transform, in []byte, piece int) ([]byte, error) {
		var out bytes.Buffer
		err := duplex.Pipeline(context.Background(), duplex.From(&piecewise{p: in, n: piece}), t, duplex.To(&out))
		return out.Bytes(), err
	}},
}

func writePieces(w io.Writer, p []byte, size int) error {
	for len(p) > 0 {
		n := min(size, len(p))
		if m, err := w.Write(p[:n]); err != nil || m != n {
			return fmt.Errorf("write of %d: %d, %w", n, m, err)
		}
		p = p[n:]
	}
	return nil
}

// piecewise is a reader that gives n bytes at a time.
type piecewise struct {
	p []byte
	n int
}

func (r *piecewise) Read(p []byte) (int, error) {
	if len(r.p) == 0 {
		return 0, io.EOF
	}
	n := copy(p[:min(len(p), r.n)], r.p)
	r.p = r.p[n:]
	return n, nil
}

func TestTransformGivesTheSameBytesInEveryShapeAndSplit(t *testing.T) {
	in := append(pattern(50_000), bytes.Repeat([]byte("easy "), 5_000)...)
	for _, codec := range stdCodecs {
		for _, shape := range shapes {
			t.Run(codec.Encode.String()+" as "+shape.name, func(t *testing.T) {
				var first []byte
				for _, piece := range []int{len(in), 7777} {
					encoded, err := shape.do(codec.Encode, in, piece)
					noError(t, err)
					if first == nil {
						first = encoded
					}
					back, err := shape.do(codec.Decode, encoded, piece)
					noError(t, err)
					if !bytes.Equal(back, in) {
						t.Fatalf("pieces of %d: %d bytes come back, want %d", piece, len(back), len(in))
					}
				}
			})
		}
	}
}

func TestTransformZeroValueAndEmptyComposePassBytesOn(t *testing.T) {
	for _, tr := range []duplex.Transform{{}, duplex.Compose(), duplex.Compose(duplex.Transform{}, duplex.Compose())} {
		for _, shape := range shapes {
			got, err := shape.do(tr, pattern(100_000), 333)
			noError(t, err)
			if !bytes.Equal(got, pattern(100_000)) {
				t.Errorf("%s changes what it passes on", shape.name)
			}
		}
	}
}

func TestComposeRunsTheFirstTransformFirst(t *testing.T) {
	add := func(c byte) duplex.Transform {
		return duplex.Map(func(p []byte) []byte { return append(bytes.Clone(p), c) })
	}
	tr := duplex.Compose(add('1'), duplex.Compose(add('2'), add('3')))
	for _, shape := range shapes {
		got, err := shape.do(tr, []byte("in"), 2)
		noError(t, err)
		if string(got) != "in123" {
			t.Errorf("%s: %q, want in123", shape.name, got)
		}
	}
}

func TestComposeUndoesItselfBackwards(t *testing.T) {
	there := duplex.Compose(stdXor.Encode, stdGzip.Encode, stdBase64.Encode)
	back := duplex.Compose(stdBase64.Decode, stdGzip.Decode, stdXor.Decode)
	in := pattern(70_000)
	for _, shape := range shapes {
		encoded, err := shape.do(there, in, 1000)
		noError(t, err)
		for _, shape := range shapes {
			got, err := shape.do(back, encoded, 1000)
			noError(t, err)
			if !bytes.Equal(got, in) {
				t.Errorf("%s: %d bytes come back, want %d", shape.name, len(got), len(in))
			}
		}
	}
	// Encoders behind decoders, as in a recoding.
	recode := duplex.Compose(stdHex.Decode, stdGzip.Encode, stdHex.Encode, stdHex.Decode, stdGzip.Decode)
	for _, shape := range shapes {
		got, err := shape.do(recode, []byte(hex.EncodeToString(in)), 999)
		noError(t, err)
		if !bytes.Equal(got, in) {
			t.Errorf("recoding as %s: %d bytes come back, want %d", shape.name, len(got), len(in))
		}
	}
}

func TestTransformRule10_NothingIsMadeBeforeTheFirstByte(t *testing.T) {
	var made atomic.Int32
	counted := duplex.Codec{
		Encode: duplex.Encoder(func(w io.Writer) *gzip.Writer { made.Add(1); return gzip.NewWriter(w) }),
		Decode: duplex.TryDecoder(func(r io.Reader) (*gzip.Reader, error) { made.Add(1); return gzip.NewReader(r) }),
	}
	a, b := duplex.Pair()
	l := duplex.Layer(a, counted) // gzip.NewReader would read here
	r := counted.Decode.Reader(b)
	w := counted.Encode.Writer(io.Discard)
	s := counted.Decode.Stream()
	if made.Load() != 0 {
		t.Errorf("%d codecs were made for nothing", made.Load())
	}
	for _, c := range []io.Closer{l, r, s} {
		noError(t, c.Close())
	}
	if made.Load() != 0 {
		t.Errorf("closing made %d codecs", made.Load())
	}
	noError(t, w.Close()) // an encoder's trailer may need its header
	if made.Load() != 1 {
		t.Errorf("%d codecs, want the one of the closed writer", made.Load())
	}
}

func TestTransformRule10_FlushWithNothingNewGivesNothing(t *testing.T) {
	var out bytes.Buffer
	w := stdGzip.Encode.Writer(&out)
	flush := w.(interface{ Flush() error }).Flush
	send(t, w, "hello")
	noError(t, flush())
	n := out.Len()
	for range 10 {
		noError(t, flush())
	}
	if out.Len() != n {
		t.Errorf("ten idle flushes gave %d bytes", out.Len()-n)
	}
	send(t, w, "again")
	noError(t, flush())
	if out.Len() == n {
		t.Error("a flush with something new gave nothing")
	}
	noError(t, w.Close())
	got, err := shapes[1].do(stdGzip.Decode, out.Bytes(), 1<<10)
	noError(t, err)
	if string(got) != "helloagain" {
		t.Errorf("decoded %q", got)
	}
}

func TestTransformRule10_TruncatedInputIsNeverAnEnd(t *testing.T) {
	for _, codec := range []duplex.Codec{stdGzip, stdZlib, stdFlate} {
		whole, err := shapes[0].do(codec.Encode, pattern(1000), 1000)
		noError(t, err)
		for _, shape := range shapes {
			for n := range len(whole) {
				if n > 40 && n < len(whole)-20 && n%50 != 0 {
					continue
				}
				got, err := shape.do(codec.Decode, whole[:n], 100)
				if !errors.Is(err, io.ErrUnexpectedEOF) {
					t.Fatalf("%v as %s, cut after %d of %d bytes: %d bytes and then %v",
						codec.Decode, shape.name, n, len(whole), len(got), err)
				}
			}
		}
	}
}

func TestTransformRule10_EncodersAndDecodersTakeNoGoroutine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		// In a bubble a goroutine left would be a deadlock at the end: nothing
		// here is closed.
		s := stdGzip.Encode.Stream()
		send(t, s, "a")
		l := duplex.Layer(s, stdZlib)
		send(t, l, "b")
		w := stdGzip.Encode.Writer(io.Discard)
		send(t, w, "c")
		r := stdHex.Decode.Reader(strings.NewReader("61"))
		receive(t, r, "a")
	})
}

func TestTransformFlushReachesTheReaderAtOnce(t *testing.T) {
	for _, codec := range []duplex.Codec{stdGzip, stdZlib, stdFlate} {
		synctest.Test(t, func(t *testing.T) {
			a, b := duplex.Pair()
			left, right := duplex.Layer(a, codec), duplex.Layer(b, codec)
			for range 3 {
				send(t, left, "now")
				noError(t, left.Flush())
				receive(t, right, "now")
			}
			noError(t, left.CloseWrite())
			receiveEnd(t, right, "")
		})
	}
}

func TestTransformFlushPassesDecodersInTheMiddle(t *testing.T) {
	var out bytes.Buffer
	tr := duplex.Compose(stdXor.Encode, stdHex.Encode, stdHex.Decode, stdGzip.Encode, stdXor.Encode)
	pr, pw := io.Pipe()
	w := tr.Writer(pw)
	got := background(func() error {
		r := duplex.Compose(stdXor.Decode, stdGzip.Decode, stdXor.Decode).Reader(io.TeeReader(pr, &out))
		for range 20 {
			if _, err := io.ReadFull(r, make([]byte, 5)); err != nil {
				return err
			}
		}
		return untilError(r)
	})
	for range 20 {
		send(t, w, "piece")
		noError(t, w.(interface{ Flush() error }).Flush())
	}
	noError(t, w.Close())
	noError(t, pw.Close())
	wantError(t, within(t, "reader", got), io.EOF)
}

func TestTransformReadsNoMoreThanItIsAskedFor(t *testing.T) {
	reads := 0
	source := readerFunc(func(p []byte) (int, error) { reads++; return copy(p, "61"), nil })
	r := stdHex.Decode.Reader(source)
	if n, err := r.Read(nil); n != 0 || err != nil || reads != 0 {
		t.Errorf("a read of nothing: %d, %v after %d reads of the source", n, err, reads)
	}
	receive(t, r, "a")
}

func TestMapMayChangeItsArgumentButNotTheWritersBytes(t *testing.T) {
	in := []byte("keep me")
	var out bytes.Buffer
	w := duplex.Map(bytes.ToUpper).Writer(&out)
	_, err := w.Write(in)
	noError(t, err)
	x := stdXor.Encode.Writer(&out)
	_, err = x.Write(in)
	noError(t, err)
	if string(in) != "keep me" || !strings.HasPrefix(out.String(), "KEEP ME") {
		t.Errorf("in is %q now, out %q", in, out.String())
	}
}

func TestTransformNames(t *testing.T) {
	if got := (duplex.Transform{}).String(); got != "transform" {
		t.Errorf("a transform without a name is %q", got)
	}
	if got := duplex.Map(bytes.ToUpper).Named("upper").String(); got != "upper" {
		t.Errorf("its name is %q", got)
	}
}
