package flow

import "time"

// The defaults of a Config.
const (
	DefaultWindow     = 256 << 10
	DefaultMaxPayload = 32 << 10
)

// largestBlock is the largest payload of a frame that this side sends.
const largestBlock = 64 << 10

// Config says how a stream buffers and looks after its peer. The zero value is
// ready to use.
type Config struct {
	// Window is how many bytes the peer may send ahead of what has been read.
	// Zero means DefaultWindow, 256 KiB.
	Window int
	// MaxWindow is what Window may grow to: it doubles when the reader has taken
	// all that has come and the peer has used most of what it was allowed. With
	// zero, or less than Window, it stays.
	MaxWindow int
	// HighWaterMark is how many bytes may wait to be sent, or, with Retain, for
	// the peer's acknowledgement. Zero means DefaultWindow.
	HighWaterMark int
	// MaxPayload is how many bytes of a message may be payload. Zero means
	// DefaultMaxPayload, 32 KiB; more than 64 KiB is 64 KiB.
	MaxPayload int
	// Ping is how often to ask the peer whether it is there. One from which
	// nothing comes twice as long is gone. Zero never asks.
	Ping time.Duration
	// Retain keeps what was sent until the peer has acknowledged it, for
	// Stream.Rewind. The peer then has to acknowledge all along, so both sides
	// must agree on it.
	Retain bool
}

func (c Config) withDefaults() Config {
	if c.Window <= 0 {
		c.Window = DefaultWindow
	}
	if c.HighWaterMark <= 0 {
		c.HighWaterMark = DefaultWindow
	}
	if c.MaxPayload <= 0 {
		c.MaxPayload = DefaultMaxPayload
	}
	c.MaxPayload = min(c.MaxPayload, largestBlock)
	return c
}
