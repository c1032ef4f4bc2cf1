package deflate_test

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"github.com/duplex-go/duplex/deflate"
)

func TestDecoder_FinishWithOutputWaiting_ChangesNothing(t *testing.T) {
	plain := prose(200_500, 1)
	coded := goGzip(t, plain, 6)
	d, err := deflate.NewDecoder(deflate.DecoderOptions{Format: deflate.Gzip})
	if err != nil {
		t.Fatal(err)
	}
	var out []byte
	dst := make([]byte, 1000)
	early := 0
	for src := coded; ; {
		n, used, err := d.Decode(dst, src)
		out = append(out, dst[:n]...)
		src = src[used:]
		if err != nil {
			t.Fatal(err)
		}
		if n < len(dst) {
			break
		}
		if len(src) == 0 {
			if err := d.Finish(); err != io.ErrShortBuffer {
				t.Fatalf("Finish with %d of %d bytes out: %v", len(out), len(plain), err)
			}
			early++
		}
	}
	if err := d.Finish(); err != nil || !bytes.Equal(out, plain) || early == 0 {
		t.Errorf("%v, %d bytes, asked %d times too early", err, len(out), early)
	}
	if n, used, err := d.Decode(dst, coded); n != 0 || used != 0 || err != io.EOF {
		t.Errorf("Decode after the end: %d, %d, %v", n, used, err)
	}
}

func TestDecoder_NoRoom_TakesHeadersAndReportsTheEnd(t *testing.T) {
	coded := goGzip(t, nil, 6)
	d, err := deflate.NewDecoder(deflate.DecoderOptions{Format: deflate.Gzip, Trailing: deflate.TrailingReturn})
	if err != nil {
		t.Fatal(err)
	}
	if n, used, err := d.Decode(nil, coded); n != 0 || used != len(coded) || err != io.EOF {
		t.Errorf("%d, %d, %v", n, used, err)
	}
	d.Reset()
	coded = goGzip(t, []byte("abc"), 6)
	n, used, err := d.Decode(nil, coded)
	if n != 0 || err != nil {
		t.Errorf("%d, %d, %v", n, used, err)
	}
	dst := make([]byte, 3)
	if n, _, err := d.Decode(dst, coded[used:]); n != 3 || err != nil && err != io.EOF {
		t.Errorf("%q, %v", dst[:n], err)
	}
}

func TestReaderAndDecodeWriter_CutInput_IsAnErrorUnlessAllowed(t *testing.T) {
	plain := prose(3000, 1)
	coded := goZlib(t, plain, 6)
	for _, allowed := range []bool{false, true} {
		for _, n := range []int{0, 1, 2, len(coded) / 2, len(coded) - 1} {
			o := deflate.DecoderOptions{Format: deflate.Zlib, AllowTruncated: allowed}
			want := decodeAll(t, o, coded[:n], 0, 1<<16).out
			z, err := deflate.NewReader(bytes.NewReader(coded[:n]), o)
			if err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(z)
			if !bytes.Equal(got, want) || (err == nil) != allowed || err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("reader, %d bytes, allowed %v: %d bytes, %v", n, allowed, len(got), err)
			}
			var out bytes.Buffer
			w, err := deflate.NewDecodeWriter(&out, o)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := w.Write(coded[:n]); err != nil {
				t.Fatal(err)
			}
			err = w.Close()
			if !bytes.Equal(out.Bytes(), want) || (err == nil) != allowed || err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("writer, %d bytes, allowed %v: %d bytes, %v", n, allowed, out.Len(), err)
			}
		}
	}
}

func TestReaderAndDecodeWriter_Header_IsTheMembers(t *testing.T) {
	coded := withHeader(goGzip(t, []byte("abc"), 6), 0x08)
	o := deflate.DecoderOptions{Format: deflate.Auto}
	z, err := deflate.NewReader(bytes.NewReader(coded), o)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(z); err != nil {
		t.Fatal(err)
	}
	w, err := deflate.NewDecodeWriter(io.Discard, o)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(coded); err != nil {
		t.Fatal(err)
	}
	for _, get := range []func() (deflate.Header, bool){z.Header, w.Header} {
		if h, ok := get(); !ok || h.Name != "naïve.txt" {
			t.Errorf("header %+v, %v", h, ok)
		}
	}
	if w.Ended() || w.InputOffset() != int64(len(coded)) || w.OutputOffset() != 3 {
		t.Errorf("ended %v, offsets %d, %d", w.Ended(), w.InputOffset(), w.OutputOffset())
	}
}
