package duplex_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"unicode/utf8"

	"github.com/duplex-go/duplex"
)

// The rest of group A: what is not bytes. Go's own forms do it.

// nodeUTF8 is what setEncoding('utf8') is: a transform that lets only whole
// characters out and makes U+FFFD of what is none.
var nodeUTF8 = duplex.Encoder(func(w io.Writer) *nodeWholeRunes { return &nodeWholeRunes{w: w} })

type nodeWholeRunes struct {
	w    io.Writer
	tail []byte // the beginning of a character
}

func (r *nodeWholeRunes) Write(p []byte) (int, error) {
	b := append(r.tail, p...)
	cut := len(b)
	for i := max(0, cut-utf8.UTFMax+1); i < cut; i++ {
		if utf8.RuneStart(b[i]) && !utf8.FullRune(b[i:]) {
			cut = i
			break
		}
	}
	r.tail = slices.Clone(b[cut:])
	_, err := r.w.Write(bytes.ToValidUTF8(b[:cut], []byte("\uFFFD")))
	return len(p), err
}

func (r *nodeWholeRunes) Close() error {
	_, err := r.w.Write(bytes.ToValidUTF8(r.tail, []byte("\uFFFD")))
	return err
}

func TestA8_CharacterSplitOverChunksIsJoined(t *testing.T) {
	for _, tt := range []struct {
		name  string
		in    []string
		want  string // by the transform
		runes string // by ReadRune, which counts every broken byte
	}{
		{"in three", []string{"\xe2", "\x82", "\xac"}, "€", "€"},
		{"between others", []string{"a\xe2\x82", "\xacb"}, "a€b", "a€b"},
		{"four bytes", []string{"\xf0\x9f", "\x98", "\x80!"}, "😀!", "😀!"},
		{"cut at the end", []string{"a\xe2", "\x82"}, "a\uFFFD", "a\uFFFD\uFFFD"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := nodeUTF8.Stream()
			go func() {
				for _, p := range tt.in {
					nodeSay(t, s, p)
				}
				if err := s.CloseWrite(); err != nil {
					t.Error(err)
				}
			}()
			var got []string
			for p, err := range duplex.Chunks(s) {
				if err != nil || !utf8.Valid(p) {
					t.Errorf("chunk %q, %v", p, err)
				}
				got = append(got, string(p))
			}
			if text := strings.Join(got, ""); text != tt.want {
				t.Errorf("the transform gave %q, want %q", text, tt.want)
			}

			plain := duplex.Transform{}.Stream()
			for _, p := range tt.in {
				nodeSay(t, plain, p)
			}
			if err := plain.CloseWrite(); err != nil {
				t.Error(err)
			}
			if text := nodeRunes(plain); text != tt.runes {
				t.Errorf("ReadRune gave %q, want %q", text, tt.runes)
			}
		})
	}
}

// nodeRunes reads character by character, as bufio does it.
func nodeRunes(r io.Reader) string {
	var text strings.Builder
	in := bufio.NewReader(r)
	for {
		c, _, err := in.ReadRune()
		if err != nil {
			return text.String()
		}
		text.WriteRune(c)
	}
}

// Object mode has two forms in Go: values in one process are a channel, whose
// capacity is the mark; values on a stream are an encoding of Go's.
func TestA9_FalsyValuesArriveInOrder(t *testing.T) {
	values := []any{0.0, "", false, nil, 1.0}
	synctest.Test(t, func(t *testing.T) {
		objects := make(chan any, 1)
		sent := 0
		go func() {
			defer close(objects)
			for _, v := range values {
				objects <- v
				sent++
			}
		}()
		synctest.Wait()
		if sent != 1 {
			t.Errorf("%d values were taken while nobody received, want 1", sent)
		}
		var got []any
		for v := range objects {
			got = append(got, v)
		}
		if !slices.Equal(got, values) {
			t.Errorf("the channel gave %v", got)
		}

		a, b := duplex.PairConfig{HighWaterMark: 1}.Pair()
		go func() {
			enc := json.NewEncoder(a)
			for _, v := range values {
				if err := enc.Encode(v); err != nil {
					t.Error(err)
				}
			}
			if err := a.CloseWrite(); err != nil {
				t.Error(err)
			}
		}()
		got = nil
		dec := json.NewDecoder(b)
		for dec.More() {
			var v any
			if err := dec.Decode(&v); err != nil {
				t.Fatal(err)
			}
			got = append(got, v)
		}
		if !slices.Equal(got, values) {
			t.Errorf("the stream gave %v", got)
		}
	})
}
