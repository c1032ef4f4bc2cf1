// Package cause is the text of an abort's cause on its way to the peer.
package cause

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Error is why the peer has aborted, in its own words.
type Error struct {
	Text string // as it came: of anything
}

// Error returns the text, quoted if it is not plain.
func (e *Error) Error() string {
	if utf8.ValidString(e.Text) && !strings.ContainsFunc(e.Text, func(c rune) bool { return !unicode.IsPrint(c) }) {
		return e.Text
	}
	return strconv.Quote(e.Text)
}

// Text returns what a peer is told of a cause: most bytes of it at most, and no
// part of a character.
func Text(cause error, most int) string {
	text := cause.Error()
	if len(text) > most {
		text = text[:most]
		for !utf8.ValidString(text) && len(text) > most-utf8.UTFMax {
			text = text[:len(text)-1]
		}
	}
	return text
}
