package ws

import (
	"errors"
	"fmt"
	"unicode/utf8"
)

// runes cuts what is written into pieces that are UTF-8 each for itself: a
// message that is not is an error to its reader.
type runes struct {
	begun []byte // the first bytes of a character
}

// errHalf says that the last character is not complete.
var errHalf = errors.New("option text: what was written ends within a character")

// next returns the next message of p, of at most about limit bytes, and how
// many bytes of p that takes. The message is empty if p only begins a character.
func (r *runes) next(p []byte, limit int) (message []byte, n int, err error) {
	n = min(len(p), limit)
	message = p[:n]
	if len(r.begun) > 0 {
		n = min(n, utf8.UTFMax-len(r.begun)) // the rest of the character, and perhaps of others
		message = append(r.begun[:len(r.begun):len(r.begun)], p[:n]...)
	}
	whole := len(message)
	for back := 1; back < utf8.UTFMax && back <= len(message); back++ {
		if c := message[len(message)-back]; utf8.RuneStart(c) {
			if !utf8.FullRune(message[len(message)-back:]) {
				whole = len(message) - back
			}
			break
		}
	}
	if !utf8.Valid(message[:whole]) {
		return nil, 0, fmt.Errorf("option text: %w", errNotUTF8)
	}
	r.begun = append([]byte(nil), message[whole:]...)
	return message[:whole], n, nil
}

var errNotUTF8 = errors.New("what is written is not UTF-8")
