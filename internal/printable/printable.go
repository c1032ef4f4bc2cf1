// Package printable makes text that somebody else has a say in safe to show.
package printable

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Escape returns text with what is no printable text in it, control sequences
// and what is invisible or turns text around, escaped as in Go. The characters in
// keep stay as they are.
func Escape(text, keep string) string {
	escaped := func(r rune) bool { return !unicode.IsPrint(r) && !strings.ContainsRune(keep, r) }
	if utf8.ValidString(text) && strings.IndexFunc(text, escaped) < 0 {
		return text
	}
	var b strings.Builder
	for len(text) > 0 {
		r, size := utf8.DecodeRuneInString(text)
		piece := text[:size]
		if r == utf8.RuneError && size == 1 || escaped(r) {
			quoted := strconv.Quote(piece)
			piece = quoted[1 : len(quoted)-1]
		}
		b.WriteString(piece)
		text = text[size:]
	}
	return b.String()
}
