package duplextest

import (
	"fmt"

	"github.com/duplex-go/duplex"
)

// Kind is a way for a call to go wrong.
type Kind uint8

const (
	// Error: the call fails and does nothing. A Close closes all the same.
	Error Kind = iota
	// Partial: the call does something and fails. A Read returns bytes and the
	// error together, a Write has written half, CloseWrite has ended the
	// direction.
	Partial
	// Short: a Write says without an error that it wrote half of what it was
	// given, which no writer may do, and a Read returns one byte. Other calls
	// have no such failure.
	Short
	// Stall: the call waits, as do all later ones of its kind, until a
	// deadline or Close ends it. A Close or a SetDeadline fails in place of
	// waiting.
	Stall
	// Reset: the stream below is aborted, and the call fails.
	Reset
)

var kindText = [...]string{"error", "partial", "short", "stall", "reset"}

// String returns the kind in a word.
func (k Kind) String() string {
	if int(k) < len(kindText) {
		return kindText[k]
	}
	return fmt.Sprintf("Kind(%d)", uint8(k))
}

// Fault is one failure of one call. The zero value does nothing.
//
// To see what a program does with every failure there is, run it with N from
// one up, until [Tampered.Injected] says that there was none.
type Fault struct {
	// Op is the kind of call that fails. Zero is any.
	Op Op
	// N says which call of this kind: 1 is the first. Zero or less is none.
	N int
	// Kind says how it fails. Zero is an error and nothing done.
	Kind Kind
	// Err is the error. Nil means [ErrInjected].
	Err error
}

// String describes the fault in a few words.
func (f Fault) String() string { return fmt.Sprintf("%v at %v %d", f.Kind, f.Op, f.N) }

// Stream returns s with the fault on it.
func (f Fault) Stream(s duplex.Stream) *Tampered {
	if f.Err == nil {
		f.Err = fmt.Errorf("%w: %v", ErrInjected, f)
	}
	return tamper(s, f)
}

func (f Fault) next(op Op, n, all int) step {
	switch f.Op {
	case AnyOp:
		n = all
	case op:
	default:
		return step{}
	}
	if f.N <= 0 || n != f.N && !(f.Kind == Stall && n > f.N) {
		return step{}
	}
	moves := op == OpRead || op == OpWrite
	switch f.Kind {
	case Error:
		return step{fail: refuse, err: f.Err}
	case Partial:
		return step{fail: partial, err: f.Err}
	case Short:
		if moves {
			return step{fail: short}
		}
	case Stall:
		if moves || op == OpCloseWrite {
			return step{stall: true, still: n > f.N}
		}
		if n == f.N {
			return step{fail: refuse, err: f.Err}
		}
	case Reset:
		return step{fail: reset, err: f.Err}
	}
	return step{}
}
