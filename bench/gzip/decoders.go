package main

import (
	"bytes"
	stdgzip "compress/gzip"
	"io"

	"github.com/duplex-go/duplex/deflate"
	kgzip "github.com/klauspost/compress/gzip"
	"github.com/klauspost/pgzip"
)

// decoders returns those that can be measured here, zlib first.
func decoders(t tools) (list []side) {
	if t.zlib != "" {
		list = append(list, side{"zlib", t.zlibDecodes})
	}
	list = append(list,
		side{"duplex", inPieces(func(r io.Reader) (io.Reader, error) {
			return deflate.NewReader(r, deflate.DecoderOptions{Format: deflate.Gzip})
		})},
		side{"Go", inPieces(func(r io.Reader) (io.Reader, error) { return stdgzip.NewReader(r) })},
		side{"klauspost", inPieces(func(r io.Reader) (io.Reader, error) { return kgzip.NewReader(r) })},
		side{"pgzip, two cores", inPieces(func(r io.Reader) (io.Reader, error) { return pgzip.NewReader(r) })},
	)
	if t.node != "" {
		list = append(list, side{"Node", t.nodeDecodes})
	}
	return list
}

// inPieces measures a Go decoder that is read 32 KiB at a time.
func inPieces(open func(io.Reader) (io.Reader, error)) func(int, []byte, string) (cost, error) {
	return func(times int, data []byte, _ string) (cost, error) {
		buf := make([]byte, 32<<10)
		return timed(func(out io.Writer) error {
			for range times {
				r, err := open(bytes.NewReader(data))
				if err != nil {
					return err
				}
				if _, err := io.CopyBuffer(out, struct{ io.Reader }{r}, buf); err != nil { // by Read, whatever else it has
					return err
				}
			}
			return nil
		})
	}
}
