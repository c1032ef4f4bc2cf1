package duplex_test

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/duplex-go/duplex"
)

// FuzzTransform composes transforms as the first input says and gives them the
// second: the way back brings it back, however it was cut and flushed, a flush
// brings out what was written so far, and what is cut short is never an end.
//
// The plan's first byte says how many codecs, one byte each follows, and what is
// left is a list of how many bytes to write and whether to flush then.
func FuzzTransform(f *testing.F) {
	f.Fuzz(func(t *testing.T, plan, data []byte) {
		if len(plan) < 4 || len(data) > 8<<10 {
			return
		}
		n := 1 + int(plan[0])%3
		var codecs []duplex.Codec
		for _, c := range plan[1 : 1+n] {
			codecs = append(codecs, stdCodecs[int(c)%len(stdCodecs)])
		}
		steps := plan[1+n:]
		// Nothing here waits for anybody: what blocks is a bug, and a bubble says
		// so at once.
		synctest.Test(t, func(t *testing.T) {
			encode, decode := composed(codecs)
			encoded := fuzzWrite(t, encode, data, steps)
			for _, shape := range shapes {
				piece := max(1, int(plan[0])*len(encoded)/256)
				back, err := shape.do(decode, encoded, piece)
				if err != nil || !bytes.Equal(back, data) {
					t.Errorf("%s: %d bytes come back, want %d: %v", shape.name, len(back), len(data), err)
				}
			}
			back := fuzzWrite(t, decode, encoded, steps)
			if !bytes.Equal(back, data) {
				t.Errorf("Writer with flushes: %d bytes come back, want %d", len(back), len(data))
			}
			fuzzTalk(t, codecs, data, steps)
			fuzzCut(t, codecs, data, encoded[:int(plan[0])*len(encoded)/256])
		})
	})
}

// composed returns the transform that does all of codecs, and its inverse.
func composed(codecs []duplex.Codec) (encode, decode duplex.Transform) {
	var there, back []duplex.Transform
	for _, c := range codecs {
		there, back = append(there, c.Encode), append(back, c.Decode)
	}
	slices.Reverse(back)
	return duplex.Compose(there...), duplex.Compose(back...)
}

// fuzzSteps calls step with data in pieces, as steps say, and the rest.
func fuzzSteps(data, steps []byte, step func(p []byte, flush bool) error) error {
	for _, s := range steps[:min(len(steps), 30)] {
		p := data[:min(int(s>>1)*3, len(data))]
		data = data[len(p):]
		if err := step(p, s&1 == 1); err != nil {
			return err
		}
	}
	return step(data, false)
}

// fuzzWrite returns what tr makes of data as a writer.
func fuzzWrite(t *testing.T, tr duplex.Transform, data, steps []byte) []byte {
	var out bytes.Buffer
	w := tr.Writer(&out)
	err := fuzzSteps(data, steps, func(p []byte, flush bool) error {
		n, err := w.Write(p)
		if err == nil && n != len(p) {
			err = io.ErrShortWrite
		}
		if err == nil && flush {
			err = w.(interface{ Flush() error }).Flush()
		}
		return err
	})
	if err := errors.Join(err, w.Close()); err != nil {
		t.Error(err)
	}
	return out.Bytes()
}

// fuzzTalk writes data on one end of a layered pair: whatever was flushed can be
// read on the other before anything else is written.
func fuzzTalk(t *testing.T, codecs []duplex.Codec, data, steps []byte) {
	encode, decode := composed(codecs)
	a, b := duplex.Pair()
	out, in := duplex.Layer(a, duplex.Codec{Encode: encode}), duplex.Layer(b, duplex.Codec{Decode: decode})
	defer out.Close()
	defer in.Close()
	if slices.ContainsFunc(codecs, func(c duplex.Codec) bool { return c.Encode.String() == stdBase64.Encode.String() }) {
		steps = nil // holds up to two bytes back until its end
	}
	said, heard := 0, 0
	err := fuzzSteps(data, steps, func(p []byte, flush bool) error {
		said += len(p)
		if _, err := out.Write(p); err != nil || !flush {
			return err
		}
		if err := out.Flush(); err != nil {
			return err
		}
		got := make([]byte, said-heard)
		_, err := io.ReadFull(in, got)
		if !bytes.Equal(got, data[heard:said]) {
			t.Errorf("what is read after a flush, %d bytes behind %d, is not what was written", len(got), heard)
		}
		heard = said
		return err
	})
	rest, rerr := readAfter(out, in)
	if err != nil || rerr != nil || !bytes.Equal(rest, data[heard:]) {
		t.Errorf("%d bytes are left at the end, want %d: %v, %v", len(rest), len(data)-heard, err, rerr)
	}
}

// readAfter ends out and reads in to its end.
func readAfter(out, in duplex.Stream) ([]byte, error) {
	if err := out.CloseWrite(); err != nil {
		return nil, err
	}
	return io.ReadAll(in)
}

// fuzzCut decodes the beginning of what data was encoded to.
func fuzzCut(t *testing.T, codecs []duplex.Codec, data, cut []byte) {
	_, decode := composed(codecs)
	marked := slices.ContainsFunc(codecs, func(c duplex.Codec) bool {
		return slices.Contains([]string{"gzip", "zlib", "deflate"}, c.Encode.String())
	})
	for _, shape := range shapes {
		got, err := shape.do(decode, cut, len(cut)+1)
		if !bytes.HasPrefix(data, got) {
			t.Errorf("%s: a cut input gives what is no beginning of the whole", shape.name)
		}
		if marked && err == nil {
			t.Errorf("%s: %d bytes of a cut input are taken for all of %d", shape.name, len(got), len(data))
		}
	}
}
