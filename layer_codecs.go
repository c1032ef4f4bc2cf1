package duplex

import "io"

// Encoders calls f with each encoder of the writing side, in the order in
// which bytes pass them, and then sends on what f made them give. No other
// call writes meanwhile, so that f may set an encoder in a way that only its
// own type knows, such as to another level. Encoders are made now if nothing
// has been written yet; a transform made of a [Decoder] has none.
//
// Encoders stops at the first error of f and returns it. An error does not
// fail the stream. After CloseWrite f still gets them, to see what they have
// done, and Encoders returns ErrEnded.
func (l *Layered) Encoders(f func(enc io.WriteCloser) error) error {
	l.writing.lock()
	defer l.leave(l.writing, l.freeEncoder)
	ended := l.writable()
	if ended != nil && ended != ErrEnded {
		return ended
	}
	err := l.enc.Encoders(f)
	if serr := l.send(); err == nil {
		err = serr
	}
	if err == nil {
		err = ended
	}
	return err
}

// Decoders calls f with each decoder of the reading side, in the order in
// which bytes pass them, while no other call reads: it waits for a Read that is
// under way. A decoder is made by the first Read; before, f is not called. A
// transform made of an [Encoder] has no decoder.
//
// Decoders stops at the first error of f and returns it.
func (l *Layered) Decoders(f func(dec io.Reader) error) error {
	l.reading.lock()
	defer l.leave(l.reading, l.freeDecoder)
	if gone := l.gone.Load(); gone != nil {
		return *gone
	}
	return l.dec.Decoders(f)
}

// Encoders is [Layered.Encoders] for what [Transform.Writer] returns.
func (w *transformWriter) Encoders(f func(enc io.WriteCloser) error) error {
	var ended error
	for i := len(w.stages) - 1; i >= 0; i-- {
		s, ok := w.stages[i].(*pushWriter)
		if !ok {
			continue
		}
		if err := s.open(); err == ErrEnded && s.enc != nil {
			ended = err
		} else if err != nil {
			return err
		}
		s.sent = false // f may leave something to flush
		if err := f(s.enc); err != nil {
			return err
		}
	}
	return ended
}

// Decoders is [Layered.Decoders] for what [Transform.Reader] returns.
func (r *transformReader) Decoders(f func(dec io.Reader) error) error {
	for _, stage := range r.stages {
		s, ok := stage.(*pullReader)
		if !ok || s.dec == nil {
			continue
		}
		if err := f(s.dec); err != nil {
			return err
		}
	}
	return nil
}
