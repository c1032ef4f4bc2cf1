package deflate

import "io"

// readerInput is the size of a Reader's input buffer.
const readerInput = 8 << 10

// Reader decodes what it reads from another reader.
//
// Making one reads nothing. Read returns as soon as there is one decoded byte
// to return, and reads from the source only when nothing more can be decoded
// from what it has: on a live connection everything the peer has flushed
// comes out without a wait. It may read beyond the end of the stream; Unused
// gives that back.
//
// Read returns io.EOF at the end. Data that is wrong is an [*Error], a source
// that ends too early one that wraps io.ErrUnexpectedEOF, and both are final.
// Any other error of the source is returned as it is, and the next Read tries
// again, so that a deadline loses nothing.
//
// It holds 61 KiB, starts no goroutine and needs no closing. It must not be
// used by two goroutines at once.
type Reader struct {
	source io.Reader
	dec    Decoder
	buf    []byte // input that was read and not taken: buf[off:]
	off    int
	store  []byte
	rerr   error // the source's, to be dealt with when buf is used up
}

// NewReader returns a Reader of r. It fails only for options out of range.
func NewReader(r io.Reader, o DecoderOptions) (*Reader, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	z := &Reader{dec: Decoder{options: o}}
	z.Reset(r)
	return z, nil
}

// Reset prepares to read from r with the same options. It keeps the memory.
func (z *Reader) Reset(r io.Reader) {
	z.dec.Reset()
	z.source, z.buf, z.off, z.rerr = r, nil, 0, nil
}

// Read decodes into p.
func (z *Reader) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for {
		n, used, err := z.dec.Decode(p, z.buf[z.off:])
		z.off += used
		if n > 0 {
			return n, nil
		}
		if err != nil {
			return 0, err
		}
		if err := z.fill(); err != nil {
			return 0, err
		}
	}
}

// WriteTo decodes into w until the end. It saves the copy that Read makes.
func (z *Reader) WriteTo(w io.Writer) (int64, error) {
	var total int64
	for {
		used, n, err := z.dec.decodeTo(w, z.buf[z.off:])
		z.off += used
		total += n
		switch {
		case err == io.EOF:
			return total, nil
		case err != nil:
			return total, err
		}
		if err := z.fill(); err == io.EOF {
			return total, nil
		} else if err != nil {
			return total, err
		}
	}
}

// fill reads more input, once all of it has been taken.
func (z *Reader) fill() error {
	if z.store == nil {
		z.store = make([]byte, readerInput)
	}
	for range 100 {
		if err := z.rerr; err == io.EOF {
			if err := z.dec.Finish(); err != nil {
				return err
			}
			return io.EOF
		} else if err != nil {
			z.rerr = nil
			return err
		}
		var n int
		n, z.rerr = z.source.Read(z.store)
		if n < 0 || n > len(z.store) {
			panic("deflate: reader: source returned an invalid count")
		}
		z.buf, z.off = z.store[:n], 0
		if n > 0 {
			return nil
		}
	}
	return io.ErrNoProgress
}

// Unused returns the input that was read from the source and lies beyond the
// end of the stream, once Read has returned io.EOF. The rest of the source
// follows it. It is valid until Reset.
func (z *Reader) Unused() []byte { return z.buf[z.off:] }

// Header returns the header of the gzip member that was begun last, and
// whether there was one.
func (z *Reader) Header() (Header, bool) { return z.dec.Header() }

// InputOffset returns how many bytes of the source's were decoded; Unused
// follows them.
func (z *Reader) InputOffset() int64 { return z.dec.InputOffset() }

// OutputOffset returns how many decoded bytes were returned.
func (z *Reader) OutputOffset() int64 { return z.dec.OutputOffset() }
