package ws

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/coder/websocket"
)

// CloseError is the error of a stream whose peer has closed the WebSocket in a
// way that is no end. It matches io.ErrUnexpectedEOF.
type CloseError struct {
	Code   int    // the status, of RFC 6455, section 7.4
	Reason string // in the peer's words
	Within bool   // it came within a message
}

func (e *CloseError) Error() string {
	text := fmt.Sprintf("the peer closed the WebSocket with status %d", e.Code)
	if e.Within {
		text += " within a message"
	}
	if e.Reason != "" {
		text += fmt.Sprintf(" (%q)", e.Reason)
	}
	return text
}

func (e *CloseError) Unwrap() error { return io.ErrUnexpectedEOF }

// isEnd reports whether the peer is done, and not in trouble.
func (e *CloseError) isEnd() bool {
	switch websocket.StatusCode(e.Code) {
	case websocket.StatusNormalClosure, websocket.StatusGoingAway, websocket.StatusNoStatusRcvd:
		return !e.Within
	}
	return false
}

// parseClose returns what a Close frame says.
func parseClose(payload []byte, within bool) error {
	e := &CloseError{Code: int(websocket.StatusNoStatusRcvd), Within: within}
	switch {
	case len(payload) == 1:
		return violates("a Close frame has half a status")
	case len(payload) > 0:
		e.Code, e.Reason = int(binary.BigEndian.Uint16(payload)), string(payload[2:])
		if !isStatus(e.Code) {
			return violates("a Close frame has the status %d", e.Code)
		}
	}
	return e
}

// isStatus reports whether a Close frame may have this status.
func isStatus(code int) bool {
	switch {
	case code < 1000, code == 1004, code == 1005, code == 1006, code >= 1015 && code < 3000, code >= 5000:
		return false
	}
	return true
}

// closePayload is what a Close frame says with a status.
func closePayload(code websocket.StatusCode, reason string) []byte {
	if code == websocket.StatusNoStatusRcvd {
		return nil
	}
	return append(binary.BigEndian.AppendUint16(nil, uint16(code)), reason[:min(len(reason), mostControl-2)]...)
}

// reply is the payload of the Close frame that answers why nothing more is
// read; ok is false if nobody would hear it.
func reply(why error) (payload []byte, ok bool) {
	var status *CloseError
	var broken *violation
	switch {
	case errors.As(why, &status):
		return closePayload(websocket.StatusCode(status.Code), status.Reason), true
	case errors.As(why, &broken):
		return closePayload(broken.code, broken.text), true
	case errors.Is(why, websocket.ErrMessageTooBig):
		return closePayload(websocket.StatusMessageTooBig, "the message is too long"), true
	}
	return nil, false
}
