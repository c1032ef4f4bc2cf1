package codec

import (
	"io"
	"unicode"
	"unicode/utf8"

	"github.com/duplex-go/duplex"
)

var caseMakers = []maker{
	{"upper", "make letters upper case; the text is UTF-8", "", func(*form) (do, undo func() duplex.Transform) {
		return func() duplex.Transform { return mapLetters(unicode.ToUpper) }, nil
	}},
	{"lower", "make letters lower case; the text is UTF-8", "", func(*form) (do, undo func() duplex.Transform) {
		return func() duplex.Transform { return mapLetters(unicode.ToLower) }, nil
	}},
}

func mapLetters(f func(rune) rune) duplex.Transform {
	return duplex.Encoder(func(w io.Writer) *letters { return &letters{w: w, f: f} })
}

// letters maps the characters of a text. A character may come in pieces, and
// what is no UTF-8 passes as it is.
type letters struct {
	w    io.Writer
	f    func(rune) rune
	part []byte // the start of a character
	out  []byte
}

func (l *letters) Write(p []byte) (int, error) {
	l.out = l.out[:0]
	in := p
	if len(l.part) > 0 {
		in = append(l.part, p...)
		l.part = nil
	}
	for len(in) > 0 {
		r, n := rune(in[0]), 1
		if r >= utf8.RuneSelf {
			if !utf8.FullRune(in) {
				l.part = append([]byte(nil), in...)
				break
			}
			if r, n = utf8.DecodeRune(in); r == utf8.RuneError && n == 1 {
				l.out = append(l.out, in[0])
				in = in[1:]
				continue
			}
		}
		l.out = utf8.AppendRune(l.out, l.f(r))
		in = in[n:]
	}
	if err := put(l.w, l.out); err != nil {
		return 0, err
	}
	return len(p), nil
}

// Close lets out the start of a character that did not go on.
func (l *letters) Close() error { return put(l.w, l.part) }

// put writes p, if that is anything.
func put(w io.Writer, p []byte) error {
	if len(p) == 0 {
		return nil
	}
	_, err := w.Write(p)
	return err
}
