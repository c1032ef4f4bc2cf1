package duplex_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/duplex-go/duplex"
)

// tagger puts its tag before every write, and can be given another.
type tagger struct {
	tag string
	w   io.Writer
}

func (t *tagger) Write(p []byte) (int, error) {
	_, err := t.w.Write(append([]byte(t.tag), p...))
	return len(p), err
}

func (t *tagger) Close() error { return nil }

func tagging(tag string) duplex.Transform {
	return duplex.Encoder(func(w io.Writer) *tagger { return &tagger{tag, w} })
}

// skipper reads what another reader gives without its first n bytes.
type skipper struct {
	n int64
	r io.Reader
}

func (s *skipper) Read(p []byte) (int, error) {
	for s.n > 0 {
		n, err := io.CopyN(io.Discard, s.r, s.n)
		if s.n -= n; err != nil {
			return 0, err
		}
	}
	return s.r.Read(p)
}

func skipping(n int64) duplex.Transform {
	return duplex.Decoder(func(r io.Reader) *skipper { return &skipper{n, r} })
}

func retag(tag string) func(io.WriteCloser) error {
	return func(enc io.WriteCloser) error {
		enc.(*tagger).tag += tag
		return nil
	}
}

func TestEncodersReachesTheEncodersInOrder(t *testing.T) {
	a, b := duplex.Pair()
	defer b.Close()
	l := duplex.Layer(a, duplex.Codec{Encode: duplex.Compose(tagging("1"), tagging("2"), skipping(0))})
	defer l.Close()
	var seen []string
	visit := func(enc io.WriteCloser) error {
		seen = append(seen, enc.(*tagger).tag)
		return nil
	}
	if err := l.Encoders(visit); err != nil || strings.Join(seen, "") != "12" {
		t.Fatalf("saw %q, %v", seen, err)
	}
	failure := errors.New("no")
	seen = nil
	err := l.Encoders(func(enc io.WriteCloser) error {
		_ = visit(enc)
		return failure
	})
	if err != failure || len(seen) != 1 {
		t.Errorf("a failure: saw %q, %v", seen, err)
	}
}

func TestWhatEncodersMakesThemGiveIsSent(t *testing.T) {
	a, b := duplex.Pair()
	defer b.Close()
	l := duplex.Layer(a, duplex.Codec{Encode: tagging("<")})
	defer l.Close()
	err := l.Encoders(func(enc io.WriteCloser) error {
		_, err := enc.Write([]byte("within"))
		return errors.Join(err, retag("!")(enc))
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(l, "after"); err != nil {
		t.Fatal(err)
	}
	if err := l.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(b); string(got) != "<within<!after" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	var tag string
	look := func(enc io.WriteCloser) error {
		tag = enc.(*tagger).tag
		return nil
	}
	if err := l.Encoders(look); !errors.Is(err, duplex.ErrEnded) || tag != "<!" {
		t.Errorf("after the end: %q, %v", tag, err)
	}
	_ = l.Close()
	if err := l.Encoders(retag("?")); !errors.Is(err, duplex.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
}

func TestEncodersWaitsForAWriteUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := duplex.PairConfig{HighWaterMark: 1}.Pair()
		l := duplex.Layer(a, duplex.Codec{Encode: tagging("")})
		go l.Write([]byte("longer than the mark"))
		synctest.Wait()
		done := false
		go func() {
			_ = l.Encoders(retag("late"))
			done = true
		}()
		synctest.Wait()
		if done {
			t.Error("the encoder was reached within a write")
		}
		go io.Copy(io.Discard, b)
		synctest.Wait()
		if !done {
			t.Error("the write is over and the encoder was not reached")
		}
		_, _ = l.Close(), b.Close()
	})
}

func TestDecodersReachesTheDecodersOnceTheyWereRead(t *testing.T) {
	a, b := duplex.Pair()
	defer b.Close()
	l := duplex.Layer(a, duplex.Codec{Decode: duplex.Compose(skipping(1), tagging(""), skipping(2))})
	defer l.Close()
	var seen []int64
	visit := func(dec io.Reader) error {
		seen = append(seen, dec.(*skipper).n)
		return nil
	}
	if err := l.Decoders(visit); err != nil || len(seen) > 0 {
		t.Fatalf("before the first read: %d, %v", seen, err)
	}
	_, _ = b.Write([]byte("123456"))
	buf := make([]byte, 1)
	if _, err := io.ReadFull(l, buf); err != nil || buf[0] != '4' {
		t.Fatalf("read %q, %v", buf, err)
	}
	if err := l.Decoders(visit); err != nil || len(seen) != 2 {
		t.Fatalf("saw %d, %v", seen, err)
	}
	_ = l.Close()
	if err := l.Decoders(visit); !errors.Is(err, duplex.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
}

func TestWritersAndReadersOfATransformHaveEncodersAndDecoders(t *testing.T) {
	var b bytes.Buffer
	w := tagging("1").Writer(&b).(interface {
		io.WriteCloser
		Encoders(func(io.WriteCloser) error) error
	})
	if err := w.Encoders(retag("+")); err != nil {
		t.Fatal(err)
	}
	_, _ = w.Write([]byte("a"))
	r := skipping(1).Reader(&b).(interface {
		io.ReadCloser
		Decoders(func(io.Reader) error) error
	})
	p, err := io.ReadAll(r)
	if string(p) != "+a" || err != nil {
		t.Fatalf("%q, %v", p, err)
	}
	n := 0
	if err := r.Decoders(func(io.Reader) error { n++; return nil }); n != 1 || err != nil {
		t.Errorf("%d decoders, %v", n, err)
	}
}
