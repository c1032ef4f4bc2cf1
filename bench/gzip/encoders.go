package main

import (
	stdgzip "compress/gzip"
	"io"

	"github.com/duplex-go/duplex/deflate"
	kgzip "github.com/klauspost/compress/gzip"
	"github.com/klauspost/pgzip"
)

// encoders returns those that can be measured here, zlib first.
func encoders(t tools) (list []side) {
	if t.zlib != "" {
		list = append(list, side{"zlib", t.zlibEncodes})
	}
	list = append(list,
		side{"duplex", inOneWrite(ours(1))},
		side{"duplex, two cores", inOneWrite(ours(2))},
		side{"Go", inOneWrite(func(w io.Writer, level int) (io.WriteCloser, error) { return stdgzip.NewWriterLevel(w, level) })},
		side{"klauspost", inOneWrite(func(w io.Writer, level int) (io.WriteCloser, error) { return kgzip.NewWriterLevel(w, level) })},
		side{"pgzip, two cores", inOneWrite(onTwoCores)},
	)
	if t.node != "" {
		list = append(list, side{"Node", t.nodeEncodes})
	}
	if t.pigz != "" {
		list = append(list, side{"pigz, two cores", t.pigzEncodes})
	}
	return list
}

func ours(cores int) func(io.Writer, int) (io.WriteCloser, error) {
	return func(w io.Writer, level int) (io.WriteCloser, error) {
		return deflate.NewWriter(w, deflate.Options{Format: deflate.Gzip, Level: deflate.Level(level), Parallel: cores})
	}
}

// onTwoCores is pgzip with its default size of a block, of which two are encoded
// at once.
func onTwoCores(w io.Writer, level int) (io.WriteCloser, error) {
	z, err := pgzip.NewWriterLevel(w, level)
	if err != nil {
		return nil, err
	}
	return z, z.SetConcurrency(1<<20, 2)
}

// inOneWrite measures a Go encoder that is given all of its input at once.
func inOneWrite(open func(w io.Writer, level int) (io.WriteCloser, error)) func(int, []byte, string) (cost, error) {
	return func(level int, data []byte, _ string) (cost, error) {
		return timed(func(out io.Writer) error {
			w, err := open(out, level)
			if err != nil {
				return err
			}
			if _, err := w.Write(data); err != nil {
				return err
			}
			return w.Close()
		})
	}
}
