package deflate

import (
	"io"
	"net"
)

// DecodeWriter decodes what is written to it into another writer.
//
// Everything that can be decoded from a Write has reached the destination when
// the Write returns. After the end of the stream, writes succeed and vanish,
// except with TrailingReject (ErrTrailing) and TrailingReturn (io.EOF). Data
// that is wrong is an [*Error]; it is final, as is any error of the
// destination's. What was decoded before the fault has been written.
//
// Close says whether the stream was whole. It does not close the destination.
//
// A DecodeWriter holds 53 KiB and starts no goroutine. It must not be used by
// two goroutines at once.
type DecodeWriter struct {
	dest   io.Writer
	dec    Decoder
	unused []byte
	ended  bool
	closed bool
	err    error
}

// NewDecodeWriter returns a DecodeWriter to w. It fails only for options out
// of range.
func NewDecodeWriter(w io.Writer, o DecoderOptions) (*DecodeWriter, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	z := &DecodeWriter{dec: Decoder{options: o}}
	z.Reset(w)
	return z, nil
}

// Reset prepares to write to w with the same options. It keeps the memory.
func (z *DecodeWriter) Reset(w io.Writer) {
	z.dec.Reset()
	z.dest, z.unused, z.ended, z.closed, z.err = w, nil, false, false, nil
}

// Write decodes p. When the stream ends within p, Unused has the rest; with
// TrailingReturn Write also returns how much of p the stream took, and io.EOF.
func (z *DecodeWriter) Write(p []byte) (int, error) {
	switch {
	case z.closed:
		return 0, net.ErrClosed
	case z.err != nil:
		return 0, z.err
	case z.ended && z.dec.options.Trailing == TrailingReturn:
		return 0, io.EOF
	case z.ended:
		return len(p), nil
	}
	n, _, err := z.dec.decodeTo(z.dest, p)
	if err == io.EOF {
		z.ended = true
		z.unused = append([]byte(nil), p[n:]...)
		if z.dec.options.Trailing == TrailingReturn {
			return n, io.EOF
		}
		return len(p), nil
	}
	z.err = err
	return n, err
}

// Close says that the input has ended. It returns nil if the stream was whole,
// an [*Error] that wraps io.ErrUnexpectedEOF if it was cut, or the earlier
// failure. A second Close returns the same.
func (z *DecodeWriter) Close() error {
	if !z.closed {
		z.closed = true
		if z.err == nil {
			z.err = z.dec.Finish()
		}
	}
	return z.err
}

// Ended says whether the end of the stream has been reached. Where further
// gzip members may follow, only Close can tell.
func (z *DecodeWriter) Ended() bool { return z.ended }

// Unused returns what followed the end of the stream in the Write that reached
// it.
func (z *DecodeWriter) Unused() []byte { return z.unused }

// Header returns the header of the gzip member that was begun last, and
// whether there was one.
func (z *DecodeWriter) Header() (Header, bool) { return z.dec.Header() }

// InputOffset returns how many bytes the stream has taken.
func (z *DecodeWriter) InputOffset() int64 { return z.dec.InputOffset() }

// OutputOffset returns how many decoded bytes were written.
func (z *DecodeWriter) OutputOffset() int64 { return z.dec.OutputOffset() }

// decodeTo decodes all of src into w. It returns io.EOF at the end, and how
// much of src was taken and how much written.
func (d *Decoder) decodeTo(w io.Writer, src []byte) (used int, written int64, err error) {
	for {
		if p := d.waiting(); len(p) > 0 {
			n, err := w.Write(p)
			if n < 0 || n > len(p) {
				n, err = 0, errInvalidWrite
			}
			d.rd += n
			written += int64(n)
			if err == nil && n < len(p) {
				err = io.ErrShortWrite
			}
			if err != nil {
				return used, written, err
			}
			continue
		}
		if d.err != nil {
			return used, written, d.err
		}
		used += d.run(src[used:])
		if len(d.waiting()) == 0 && d.err == nil && !d.blocked {
			return used, written, nil
		}
	}
}
