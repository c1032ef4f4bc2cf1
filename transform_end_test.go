package duplex_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/duplex-go/duplex"
)

func TestTransformEncoderThatCannotBeMade(t *testing.T) {
	broken := errors.New("no such level")
	tr := duplex.TryEncoder(func(io.Writer) (*gzip.Writer, error) { return nil, broken })
	for _, shape := range shapes {
		_, err := shape.do(tr, []byte("x"), 1)
		wantError(t, err, broken)
	}
	w := tr.Writer(io.Discard)
	for range 2 {
		wantError(t, oneByteTo(w), broken)
		wantError(t, w.(interface{ Flush() error }).Flush(), broken)
		wantError(t, w.Close(), broken)
	}
}

func TestTransformDecoderThatCannotBeMade(t *testing.T) {
	broken := errors.New("bad header")
	for _, tc := range []struct{ given, want error }{{broken, broken}, {io.EOF, io.ErrUnexpectedEOF}} {
		tr := duplex.TryDecoder(func(io.Reader) (*gzip.Reader, error) { return nil, tc.given })
		for _, shape := range shapes {
			_, err := shape.do(tr, []byte("x"), 1)
			wantError(t, err, tc.want)
		}
		r := tr.Reader(strings.NewReader("x"))
		for range 2 {
			wantError(t, oneByte(r), tc.want)
		}
		noError(t, r.Close()) // and no nil decoder is closed
	}
}

func TestTransformFailuresOfTheDestinationStick(t *testing.T) {
	broken := errors.New("disk full")
	left := 3
	w := stdXor.Encode.Writer(writerFunc(func(p []byte) (int, error) {
		if left--; left < 0 {
			return 0, broken
		}
		return len(p), nil
	}))
	for range 3 {
		noError(t, oneByteTo(w))
	}
	for range 2 {
		wantError(t, oneByteTo(w), broken)
	}
	wantError(t, w.Close(), broken)
}

func TestTransformCloseAfterAFailureWritesNoTrailer(t *testing.T) {
	broken := errors.New("disk full")
	var out bytes.Buffer
	fail := false
	inner := duplex.Encoder(func(w io.Writer) io.WriteCloser {
		return &hookedCloser{w, func() error { return broken }, func() {}}
	})
	w := duplex.Compose(inner, stdGzip.Encode).Writer(writerFunc(func(p []byte) (int, error) {
		if fail {
			t.Errorf("%q was written after the failure", p)
		}
		return out.Write(p)
	}))
	send(t, w, "x")
	fail = true
	wantError(t, w.Close(), broken)
	wantError(t, w.Close(), broken)
}

// hookedCloser is an encoder that passes bytes on.
type hookedCloser struct {
	w       io.Writer
	close   func() error
	release func()
}

func (c *hookedCloser) Write(p []byte) (int, error) { return c.w.Write(p) }
func (c *hookedCloser) Close() error                { return c.close() }
func (c *hookedCloser) Release()                    { c.release() }

func TestTransformReleasesAnEncoderThatIsGivenUpExactlyOnce(t *testing.T) {
	var closed, released int
	tr := duplex.Encoder(func(w io.Writer) *hookedCloser {
		return &hookedCloser{w, func() error { closed++; return nil }, func() { released++ }}
	})
	a, _ := duplex.Pair()
	l := duplex.Layer(a, duplex.Codec{Encode: tr})
	send(t, l, "x")
	noError(t, l.Close())
	noError(t, l.Close())
	oneByteTo(l)
	l.Flush()
	l.CloseWrite()
	if closed != 0 || released != 1 {
		t.Errorf("closed %d times and released %d times, want 0 and 1", closed, released)
	}

	closed, released = 0, 0
	a, b := duplex.Pair()
	l = duplex.Layer(a, duplex.Codec{Encode: tr})
	send(t, l, "x")
	noError(t, l.CloseWrite())
	receiveEnd(t, b, "x")
	noError(t, l.Close())
	if closed != 1 || released != 0 {
		t.Errorf("closed %d times and released %d times, want 1 and 0", closed, released)
	}
}

func TestTransformReaderClosesItsDecoderOnce(t *testing.T) {
	closed := 0
	tr := duplex.Decoder(func(r io.Reader) io.ReadCloser {
		return struct {
			io.Reader
			io.Closer
		}{r, closerFunc(func() error { closed++; return nil })}
	})
	r := tr.Reader(strings.NewReader("abc"))
	receive(t, r, "a")
	noError(t, r.Close())
	noError(t, r.Close())
	if closed != 1 {
		t.Errorf("the decoder was closed %d times", closed)
	}
	wantError(t, oneByte(r), duplex.ErrClosed)
}

type closerFunc func() error

func (f closerFunc) Close() error { return f() }

func TestTransformEncoderAsReaderGoesOnAfterADeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := duplex.Pair()
		r := stdGzip.Encode.Reader(b)
		send(t, a, "before ")
		noError(t, b.SetReadDeadline(time.Now().Add(time.Second)))
		var got []byte
		buf := make([]byte, 512)
		for {
			n, err := r.Read(buf)
			got = append(got, buf[:n]...)
			if err != nil {
				break
			}
		}
		noError(t, b.SetReadDeadline(time.Time{}))
		send(t, a, "after")
		noError(t, a.CloseWrite())
		rest, err := io.ReadAll(r)
		noError(t, err)
		text, err := shapes[1].do(stdGzip.Decode, append(got, rest...), 1<<10)
		noError(t, err)
		if string(text) != "before after" {
			t.Errorf("decoded %q", text)
		}
	})
}

func TestTransformDecoderAsWriterEndsItsGoroutine(t *testing.T) {
	encoded, err := shapes[0].do(stdGzip.Encode, []byte("text"), 10)
	noError(t, err)
	t.Run("in order", func(t *testing.T) {
		var out bytes.Buffer
		w := stdGzip.Decode.Writer(&out)
		_, err := w.Write(encoded)
		noError(t, err)
		noError(t, w.Close())
		noError(t, w.Close())
		if out.String() != "text" {
			t.Errorf("decoded %q", out.String())
		}
	})
	t.Run("with bad input", func(t *testing.T) {
		w := stdGzip.Decode.Writer(io.Discard)
		send(t, w, "this is no gzip stream")
		wantError(t, w.Close(), gzip.ErrHeader)
		wantError(t, oneByteTo(w), gzip.ErrHeader)
	})
	t.Run("unused", func(t *testing.T) {
		wantError(t, stdGzip.Decode.Writer(io.Discard).Close(), io.ErrUnexpectedEOF)
	})
	t.Run("with a destination that fails", func(t *testing.T) {
		broken := errors.New("disk full")
		w := stdGzip.Decode.Writer(iotestWriter{broken})
		_, err := w.Write(encoded)
		if err != nil {
			wantError(t, err, broken)
		}
		wantError(t, w.Close(), broken)
	})
}

// iotestWriter fails every write.
type iotestWriter struct{ err error }

func (w iotestWriter) Write([]byte) (int, error) { return 0, w.err }

func TestTransformPassesOnTheErrorOfItsSource(t *testing.T) {
	broken := errors.New("cable cut")
	for _, codec := range stdCodecs {
		for _, tr := range []duplex.Transform{codec.Encode, codec.Decode} {
			r := tr.Reader(iotest.ErrReader(broken))
			for range 2 {
				wantError(t, oneByte(r), broken)
			}
		}
	}
}
