package flow

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// ErrGone is matched by the failure of a stream whose peer does not answer any
// more. It matches io.ErrUnexpectedEOF.
var ErrGone = fmt.Errorf("the peer is gone: %w", io.ErrUnexpectedEOF)

// GapError is the failure of a stream of which the carrier has lost bytes. It
// matches io.ErrUnexpectedEOF.
type GapError struct {
	Have uint64 // how many bytes had come without a gap
	Sent uint64 // how many the peer has sent at least, more than Have
}

func (e *GapError) Error() string {
	return fmt.Sprintf("bytes were lost on the way: the peer has sent %d, and %d have come", e.Sent, e.Have)
}

// Is makes it match io.ErrUnexpectedEOF.
func (e *GapError) Is(target error) bool { return target == io.ErrUnexpectedEOF }

// ProtocolError is the failure of a stream whose peer does not keep the
// protocol: garbage, offsets that cannot be, more bytes than it had credit for.
type ProtocolError struct{ text string }

func (e *ProtocolError) Error() string { return e.text }

func protocolError(format string, args ...any) error {
	return &ProtocolError{fmt.Sprintf(format, args...)}
}

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
