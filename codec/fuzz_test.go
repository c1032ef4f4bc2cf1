package codec_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/duplex-go/duplex/codec"
)

// FuzzParse takes any text for a transform: it is one, or an error of one line
// says what is wrong.
func FuzzParse(f *testing.F) {
	for _, spec := range known {
		f.Add(spec)
	}
	f.Fuzz(func(t *testing.T, spec string) {
		tr, err := codec.Parse(spec)
		if _, _, ierr := codec.Inverse(spec); (ierr == nil) != (err == nil) {
			t.Fatalf("Parse says %v, Inverse %v", err, ierr)
		}
		if err == nil {
			if tr.String() != spec {
				t.Fatalf("%q is called %q", spec, tr)
			}
			return
		}
		if !errors.Is(err, codec.ErrUsage) || strings.Contains(strings.ReplaceAll(err.Error(), spec, ""), "\n") && !strings.Contains(spec, "\n") {
			t.Fatalf("%q", err)
		}
	})
}

// FuzzTransforms puts anything through the transforms of text: cut anywhere,
// they give the same, and what is undone is what it was.
func FuzzTransforms(f *testing.F) {
	specs := []string{"upper", "lower", "base64", "base64:url,pad=false", "base64:wrap=7", "hex", "hex:wrap=3", "unbase64", "unbase64:pad=false", "unhex"}
	for i := range specs {
		f.Add(uint8(i), "YWJj \xc3\xa4=", uint8(3))
	}
	f.Fuzz(func(t *testing.T, which uint8, in string, cut uint8) {
		spec := specs[int(which)%len(specs)]
		tr := parse(t, spec)
		whole, err := apply(tr, in)
		var pieces []string
		for rest := in; len(rest) > 0; {
			n := min(len(rest), int(cut%17)+1)
			pieces, rest = append(pieces, rest[:n]), rest[n:]
		}
		cutOut, cutErr := apply(tr, pieces...)
		if cutOut != whole || (cutErr == nil) != (err == nil) || err != nil && cutErr.Error() != err.Error() {
			t.Fatalf("%s of %q: %q, %v; in pieces %q, %v", spec, in, whole, err, cutOut, cutErr)
		}
		if inverse, ok, _ := codec.Inverse(spec); ok && !strings.HasPrefix(spec, "un") {
			if back, err := apply(inverse, whole); back != in || err != nil {
				t.Fatalf("%s of %q: %q back, %v", spec, in, back, err)
			}
		}
	})
}
