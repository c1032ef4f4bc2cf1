package compress

import (
	"bytes"
	"io"

	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/deflate"
)

// Compress returns what t makes of all of p, for data that is at hand as a
// whole.
func Compress(t duplex.Transform, p []byte) ([]byte, error) {
	var b bytes.Buffer
	w := t.Writer(&b)
	if _, err := w.Write(p); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// Decompress returns what t makes of all of p, if that is not more than limit
// bytes; otherwise it fails with deflate.ErrTooLarge, having made no more than
// that. A limit of 0 or less allows nothing.
func Decompress(t duplex.Transform, p []byte, limit int64) ([]byte, error) {
	r := t.Reader(bytes.NewReader(p))
	defer r.Close()
	var b bytes.Buffer
	n, err := io.Copy(&b, io.LimitReader(r, limit))
	if err != nil {
		return nil, err
	}
	if n < limit {
		return b.Bytes(), nil
	}
	// One more byte tells a whole stream from one that is too large.
	switch _, err := io.ReadFull(r, make([]byte, 1)); err {
	case io.EOF:
		return b.Bytes(), nil
	case nil:
		return nil, deflate.ErrTooLarge
	default:
		return nil, err
	}
}
