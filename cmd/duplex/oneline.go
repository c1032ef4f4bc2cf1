package main

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// reason returns err as what follows the command's name, or what failed, in a
// line: errors of the library begin with that name themselves.
func reason(err error) string {
	return oneLine(strings.TrimPrefix(err.Error(), "duplex: "))
}

// oneLine returns text as what is safe to print in a line of its own: a peer may
// have chosen parts of it, and must not be able to begin another line with them,
// or to speak to the terminal. What is no printable text is escaped as in Go.
func oneLine(text string) string {
	if utf8.ValidString(text) && strings.IndexFunc(text, unprintable) < 0 {
		return text
	}
	var b strings.Builder
	for len(text) > 0 {
		r, size := utf8.DecodeRuneInString(text)
		piece := text[:size]
		if r == utf8.RuneError && size == 1 || unprintable(r) {
			quoted := strconv.Quote(piece)
			piece = quoted[1 : len(quoted)-1]
		}
		b.WriteString(piece)
		text = text[size:]
	}
	return b.String()
}

func unprintable(r rune) bool { return !unicode.IsPrint(r) }
