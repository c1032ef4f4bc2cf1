package quic

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxCause is how many bytes of the text of an abort's cause are passed on.
const MaxCause = 1 << 10

// CauseError is why the peer has aborted, in its own words.
type CauseError struct {
	Text string // as it came: at most MaxCause bytes of anything
}

// Error returns the text, quoted if it is not plain.
func (e *CauseError) Error() string {
	if utf8.ValidString(e.Text) && !strings.ContainsFunc(e.Text, func(c rune) bool { return !unicode.IsPrint(c) }) {
		return e.Text
	}
	return strconv.Quote(e.Text)
}

// causeText returns what a peer is told of a cause.
func causeText(cause error) string {
	text := cause.Error()
	if len(text) > MaxCause {
		text = text[:MaxCause]
		for !utf8.ValidString(text) && len(text) > MaxCause-utf8.UTFMax {
			text = text[:len(text)-1]
		}
	}
	return text
}
