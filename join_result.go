package duplex

import (
	"fmt"
	"sync/atomic"
)

// Reason says why a direction of a join stopped.
type Reason uint8

const (
	// Running: the direction has not stopped. No result shows it.
	Running Reason = iota
	// Ended: the source ended, and the end was passed on as far as the
	// destination can carry it.
	Ended
	// ReadFailed: reading from the source failed.
	ReadFailed
	// WriteFailed: writing to the destination failed.
	WriteFailed
	// Idle: no byte moved for as long as Joiner.Idle or Joiner.Linger allows.
	Idle
	// Canceled: the context ended.
	Canceled
	// Dropped: the opposite direction failed, or its end closed the join.
	Dropped
	// Stopped: Joiner.Stop ended. All that had been read was written, and the
	// end was passed on as far as the destination can carry it.
	Stopped
)

var reasonText = [...]string{"running", "ended", "read failed", "write failed", "idle", "canceled", "dropped", "stopped"}

// String returns the reason in words.
func (r Reason) String() string {
	if int(r) < len(reasonText) {
		return reasonText[r]
	}
	return fmt.Sprintf("Reason(%d)", uint8(r))
}

// Direction is what one direction of a join did.
type Direction struct {
	Bytes  int64  // how many bytes the destination took
	Reason Reason // why it stopped
	Err    error  // what went wrong; nil if it ended
}

// Result is what both directions of a join did. It is complete on failure too.
type Result struct {
	AB Direction // from the first stream to the second
	BA Direction // from the second to the first
}

// Traffic counts the bytes of a join while it runs. Its zero value is ready;
// any goroutine may read it.
type Traffic struct {
	ab, ba atomic.Pointer[transfer]
}

// AB returns how many bytes the second stream has taken so far.
func (t *Traffic) AB() int64 { return moved(&t.ab) }

// BA returns how many bytes the first stream has taken so far.
func (t *Traffic) BA() int64 { return moved(&t.ba) }

func moved(p *atomic.Pointer[transfer]) int64 {
	if t := p.Load(); t != nil {
		return t.moved.Load()
	}
	return 0
}
