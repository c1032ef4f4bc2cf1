package codec

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"

	"github.com/duplex-go/duplex"
)

// ErrCharacter is matched by the failure of unbase64 and unhex at a character
// that cannot stand where it does.
var ErrCharacter = errors.New("invalid character")

var baseMakers = []maker{
	{"base64", "write bytes as base64 text", "unbase64", func(f *form) (do, undo func() duplex.Transform) {
		coding, pad, wrap := base64.StdEncoding, true, 0
		f.flag("url", "use - and _ in place of + and /", func(on bool) {
			if on {
				coding = base64.URLEncoding
			}
		})
		f.flag("pad", "end with = where the length asks for it (default true)", func(on bool) { pad = on })
		f.integer("wrap", 0, 1<<20, "characters in a line; 0 is one line (default 0)", func(n int) { wrap = n })
		return func() duplex.Transform {
				coding := coding
				if !pad {
					coding = coding.WithPadding(base64.NoPadding)
				}
				return toText(base64Text{coding, pad}, wrap)
			}, func() duplex.Transform {
				return fromText(func() decoding { return &unbase64{padded: pad} }).Named("unbase64")
			}
	}},
	{"unbase64", "read base64 text, either alphabet; spaces and line ends do not count", "base64", func(f *form) (do, undo func() duplex.Transform) {
		pad := true
		f.flag("pad", "the = at the end must be there (default true)", func(on bool) { pad = on })
		return func() duplex.Transform { return fromText(func() decoding { return &unbase64{padded: pad} }) },
			func() duplex.Transform { return toText(base64Text{base64.StdEncoding, true}, 0).Named("base64") }
	}},
	{"hex", "write bytes as hexadecimal text", "unhex", func(f *form) (do, undo func() duplex.Transform) {
		wrap := 0
		f.integer("wrap", 0, 1<<20, "characters in a line; 0 is one line (default 0)", func(n int) { wrap = n })
		return func() duplex.Transform { return toText(hexText{}, wrap) },
			func() duplex.Transform { return fromText(func() decoding { return &unhex{} }).Named("unhex") }
	}},
	{"unhex", "read hexadecimal text; spaces and line ends do not count", "hex", func(*form) (do, undo func() duplex.Transform) {
		return func() duplex.Transform { return fromText(func() decoding { return &unhex{} }) },
			func() duplex.Transform { return toText(hexText{}, 0).Named("hex") }
	}},
}

// encoding writes bytes as text, group by group.
type encoding interface {
	group() int // bytes
	ends() bool // the end of a text shows
	append(dst, src []byte) []byte
}

type base64Text struct {
	*base64.Encoding
	padded bool
}

func (base64Text) group() int                      { return 3 }
func (e base64Text) append(dst, src []byte) []byte { return e.AppendEncode(dst, src) }

type hexText struct{}

func (hexText) ends() bool { return true }

func (e base64Text) ends() bool               { return e.padded }
func (hexText) group() int                    { return 1 }
func (hexText) append(dst, src []byte) []byte { return hex.AppendEncode(dst, src) }

func toText(e encoding, wrap int) duplex.Transform {
	return duplex.Encoder(func(w io.Writer) *textWriter { return &textWriter{w: w, e: e, wrap: wrap} })
}

// textWriter writes text. A call writes whole groups; what remains waits.
type textWriter struct {
	w      io.Writer
	e      encoding
	wrap   int
	column int
	held   []byte // less than a group
	out    []byte
	lines  []byte
}

func (t *textWriter) Write(p []byte) (int, error) {
	t.out = t.out[:0]
	rest := p
	if len(t.held) > 0 {
		n := min(t.e.group()-len(t.held), len(p))
		t.held, rest = append(t.held, p[:n]...), p[n:]
		if len(t.held) < t.e.group() {
			return len(p), nil
		}
		t.out = t.e.append(t.out, t.held)
	}
	whole := len(rest) - len(rest)%t.e.group()
	t.out = t.e.append(t.out, rest[:whole])
	t.held = append(t.held[:0], rest[whole:]...)
	if err := t.put(); err != nil {
		return 0, err
	}
	return len(p), nil
}

// put writes out, cut into lines.
func (t *textWriter) put() error {
	if t.wrap == 0 {
		return put(t.w, t.out)
	}
	t.lines = t.lines[:0]
	for rest := t.out; len(rest) > 0; {
		n := min(t.wrap-t.column, len(rest))
		t.lines = append(t.lines, rest[:n]...)
		rest = rest[n:]
		if t.column += n; t.column == t.wrap {
			t.lines = append(t.lines, '\n')
			t.column = 0
		}
	}
	return put(t.w, t.lines)
}

// Flush writes what has been held back as the end of a text would be; what
// comes then is a text that follows it. unbase64 reads both as one. Without
// padding that end would not be seen, so that up to two bytes stay.
func (t *textWriter) Flush() error {
	if !t.e.ends() {
		return nil
	}
	return t.rest()
}

// rest writes what has been held back.
func (t *textWriter) rest() error {
	t.out = t.e.append(t.out[:0], t.held)
	t.held = t.held[:0]
	return t.put()
}

func (t *textWriter) Close() error {
	if err := t.rest(); err != nil {
		return err
	}
	if t.column > 0 {
		return put(t.w, []byte("\n"))
	}
	return nil
}

// decoding reads text, character by character.
type decoding interface {
	// next takes a character and appends the bytes that it completes. ok is
	// false if it cannot stand there.
	next(dst []byte, c byte) (_ []byte, ok bool)
	// end appends what the end of the text completes. ok is false if it
	// cannot end here.
	end(dst []byte) (_ []byte, ok bool)
}

func fromText(make func() decoding) duplex.Transform {
	return duplex.Encoder(func(w io.Writer) *textReader { return &textReader{w: w, d: make()} })
}

// textReader decodes the text that is written to it.
type textReader struct {
	w   io.Writer
	d   decoding
	at  int64 // characters taken
	out []byte
	err error
}

func (t *textReader) Write(p []byte) (int, error) {
	if t.err != nil {
		return 0, t.err
	}
	t.out = t.out[:0]
	for i, c := range p {
		switch c {
		case ' ', '\t', '\r', '\n', '\v', '\f':
			continue
		}
		var ok bool
		if t.out, ok = t.d.next(t.out, c); !ok {
			t.err = fmt.Errorf("%w %q at input byte %d", ErrCharacter, c, t.at+int64(i))
			break
		}
	}
	t.at += int64(len(p))
	if err := put(t.w, t.out); err != nil && t.err == nil {
		t.err = err
	}
	if t.err != nil {
		return 0, t.err
	}
	return len(p), nil
}

func (t *textReader) Close() error {
	if t.err != nil {
		return t.err
	}
	out, ok := t.d.end(t.out[:0])
	if !ok {
		return fmt.Errorf("%w after %d bytes", io.ErrUnexpectedEOF, t.at)
	}
	return put(t.w, out)
}

// unbase64 reads base64.
type unbase64 struct {
	padded bool
	bits   uint32
	n      int // characters of the current group
	pads   int // and how many of these are =
}

// base64Values holds what the characters of both alphabets stand for, plus one.
var base64Values = func() (v [256]byte) {
	for i := range 64 {
		v["ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"[i]] = byte(i + 1)
		v["ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"[i]] = byte(i + 1)
	}
	return v
}()

func (u *unbase64) next(dst []byte, c byte) ([]byte, bool) {
	v := base64Values[c]
	switch {
	case c == '=' && u.n >= 2:
		u.pads++
		v = 1
	case v == 0 || u.pads > 0:
		return dst, false
	}
	u.bits = u.bits<<6 | uint32(v-1)
	if u.n++; u.n < 4 {
		return dst, true
	}
	group := [3]byte{byte(u.bits >> 16), byte(u.bits >> 8), byte(u.bits)}
	dst = append(dst, group[:3-u.pads]...)
	*u = unbase64{padded: u.padded}
	return dst, true
}

func (u *unbase64) end(dst []byte) ([]byte, bool) {
	switch {
	case u.n == 0:
		return dst, true
	case u.padded || u.n < 2 || u.pads > 0:
		return dst, false
	}
	for range 4 - u.n {
		dst, _ = u.next(dst, '=')
	}
	return dst, true
}

// unhex reads hexadecimal digits.
type unhex struct {
	high byte
	odd  bool
}

func (u *unhex) next(dst []byte, c byte) ([]byte, bool) {
	var v byte
	switch {
	case '0' <= c && c <= '9':
		v = c - '0'
	case 'a' <= c|0x20 && c|0x20 <= 'f':
		v = c | 0x20 - 'a' + 10
	default:
		return dst, false
	}
	if u.odd = !u.odd; u.odd {
		u.high = v
		return dst, true
	}
	return append(dst, u.high<<4|v), true
}

func (u *unhex) end(dst []byte) ([]byte, bool) { return dst, !u.odd }
