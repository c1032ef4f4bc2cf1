package duplex

import (
	"context"
	"fmt"
	"io"
)

// Stage is a part of a [Pipeline]: a [Source] first, a [Sink] last, and
// between them transforms, streams ([Via]) and functions ([StageFunc]).
type Stage interface {
	stage() // only the types of this package
}

// Source is where a pipeline reads from.
type Source struct {
	io.Reader
	// KeepOpen leaves the reader open, whatever happens. Without it, the
	// pipeline closes an io.Closer in the end; a [Stream] it closes, by an
	// abort, only when it fails.
	KeepOpen bool
	// Live says that the source pauses and that its bytes are wanted at once:
	// whenever it has no more to read for the moment, the transforms after it
	// are flushed. Without it they come out as the codecs see fit.
	Live bool
}

// From returns r as the first stage of a pipeline.
func From(r io.Reader) Source { return Source{Reader: r} }

// Sink is where a pipeline writes to.
type Sink struct {
	io.Writer
	// KeepOpen neither ends nor closes the writer, whatever happens. Without
	// it, success ends a [Stream] with CloseWrite and closes any other
	// io.Closer; failure aborts the one and closes the other.
	KeepOpen bool
}

// To returns w as the last stage of a pipeline.
func To(w io.Writer) Sink { return Sink{Writer: w} }

// Through is a stream as a middle stage; see [Via].
type Through struct{ Stream }

// Via returns s as a middle stage: what comes from the left is written to it,
// and what is read from it goes on to the right. It is closed in the end.
func Via(s Stream) Through { return Through{s} }

// StageFunc is a function as a middle stage, or, with a nil w, as the last
// one: it reads from r what comes from the left and writes to w what goes on
// to the right. It runs in a goroutine of its own and must return when r or w
// fail. If it returns nil before it has read everything, what comes before it
// is stopped, and that is no failure.
type StageFunc func(ctx context.Context, r io.Reader, w io.Writer) error

func (Source) stage()    {}
func (Sink) stage()      {}
func (Through) stage()   {}
func (Transform) stage() {}
func (StageFunc) stage() {}

// StageError says which stage of a pipeline failed. It unwraps to the cause.
type StageError struct {
	Index int    // the stage's place, the source being 0
	Name  string // what it is: a transform's name or a type
	Err   error
}

func (e *StageError) Error() string {
	return fmt.Sprintf("duplex: pipeline stage %d (%s): %v", e.Index, e.Name, e.Err)
}

func (e *StageError) Unwrap() error { return e.Err }

// stageName returns what a StageError calls s.
func stageName(s Stage) string {
	switch s := s.(type) {
	case Transform:
		return s.String()
	case Source:
		return fmt.Sprintf("%T", s.Reader)
	case Sink:
		return fmt.Sprintf("%T", s.Writer)
	case Through:
		return fmt.Sprintf("%T", s.Stream)
	}
	return "function"
}
