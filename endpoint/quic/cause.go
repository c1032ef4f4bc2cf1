package quic

import "github.com/duplex-go/duplex/internal/cause"

// MaxCause is how many bytes of the text of an abort's cause are passed on.
const MaxCause = 1 << 10

// CauseError is why the peer has aborted, in its own words: at most [MaxCause]
// bytes.
type CauseError = cause.Error

// causeText returns what a peer is told of why.
func causeText(why error) string { return cause.Text(why, MaxCause) }
