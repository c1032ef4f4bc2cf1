package duplex_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"

	"github.com/duplex-go/duplex"
)

// Decoders that stop at a mark of their own must not keep what is wrong behind
// it from showing: the outer codec's trailer is there.
func TestComposedDecodersCheckTheTrailersOfAll(t *testing.T) {
	text := pattern(5000)
	for _, tc := range []struct {
		name         string
		outer, inner duplex.Codec
	}{
		{"gzip around zlib", stdGzip, stdZlib},
		{"zlib around deflate", stdZlib, stdFlate},
		{"zlib around base64 around deflate", duplex.Codec{
			Encode: duplex.Compose(stdBase64.Encode, stdZlib.Encode),
			Decode: duplex.Compose(stdZlib.Decode, stdBase64.Decode),
		}, stdFlate},
	} {
		encode := duplex.Compose(tc.inner.Encode, tc.outer.Encode)
		decode := duplex.Compose(tc.outer.Decode, tc.inner.Decode)
		encoded, err := shapes[0].do(encode, text, 1000)
		noError(t, err)
		wrong := bytes.Clone(encoded)
		wrong[len(wrong)-1] ^= 1
		for _, shape := range shapes {
			t.Run(tc.name+"/"+shape.name, func(t *testing.T) {
				got, err := shape.do(decode, encoded, 1000)
				noError(t, err)
				if !bytes.Equal(got, text) {
					t.Fatalf("%d bytes come back, want %d", len(got), len(text))
				}
				got, err = shape.do(decode, encoded[:len(encoded)-1], 1000)
				wantError(t, err, io.ErrUnexpectedEOF)
				if !bytes.Equal(got, text) {
					t.Errorf("%d bytes come before the cut, want %d", len(got), len(text))
				}
				if _, err = shape.do(decode, wrong, 1000); err == nil {
					t.Error("a wrong checksum is taken for an end")
				}
			})
		}
	}
}

// A decoder that has its end neither keeps a writer waiting nor fails it.
func TestWhatFollowsADecodersEndIsDropped(t *testing.T) {
	encoded, err := shapes[0].do(stdZlib.Encode, []byte("text"), 10)
	noError(t, err)
	in := append(encoded, make([]byte, 3*duplex.DefaultHighWaterMark)...)
	for _, shape := range shapes {
		for _, piece := range []int{len(encoded), 1000, len(in)} {
			got, err := shape.do(stdZlib.Decode, in, piece)
			if err != nil || string(got) != "text" {
				t.Errorf("%s in pieces of %d: %q, %v", shape.name, piece, got, err)
			}
		}
	}
	w := stdZlib.Decode.Writer(io.Discard)
	for _, p := range [][]byte{encoded, nil, in, nil} {
		_, err := w.Write(p)
		noError(t, err)
	}
	noError(t, w.Close())
}

func TestADecodersEndDoesNotHideHowTheStageBeforeItEnds(t *testing.T) {
	encoded, err := shapes[0].do(stdZlib.Encode, []byte("text"), 10)
	noError(t, err)
	broken := errors.New("disk full")
	for name, result := range map[string]error{"success": nil, "failure": broken} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			done := background(func() error {
				return duplex.Pipeline(t.Context(), duplex.From(bytes.NewReader(encoded)),
					duplex.StageFunc(func(_ context.Context, r io.Reader, w io.Writer) error {
						_, err := io.Copy(w, r)
						noError(t, err)
						send(t, w, string(make([]byte, 3*duplex.DefaultHighWaterMark)))
						return result
					}),
					stdZlib.Decode, duplex.To(&out))
			})
			wantError(t, within(t, "the pipeline", done), result)
			if out.String() != "text" {
				t.Errorf("decoded %q", out.String())
			}
		})
	}
}

// What a decoder has made before an earlier one fails comes out, whichever way
// they are used.
func TestComposedDecodersGiveWhatCameBeforeAFailure(t *testing.T) {
	text := pattern(200_000)
	for range 20 {
		encode := duplex.Compose(stdFlate.Encode, stdGzip.Encode)
		decode := duplex.Compose(stdGzip.Decode, stdFlate.Decode)
		encoded, err := shapes[0].do(encode, text, 5000)
		noError(t, err)
		cut := encoded[:len(encoded)-4]
		for _, shape := range shapes {
			got, err := shape.do(decode, cut, len(cut))
			wantError(t, err, io.ErrUnexpectedEOF)
			if !bytes.Equal(got, text) {
				t.Errorf("%s: %d bytes come before the failure, want %d", shape.name, len(got), len(text))
			}
		}
	}
}
