package flow

import (
	"fmt"
	"io"

	"github.com/duplex-go/duplex/internal/cause"
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

// CauseError is why the peer has aborted, in its own words: at most [MaxCause]
// bytes.
type CauseError = cause.Error

// causeText returns what a peer is told of why.
func causeText(why error) string { return cause.Text(why, MaxCause) }
