package duplex

import (
	"io"
	"sync/atomic"
)

// receivedMeter counts what a layer's decoders read from the stream below. A
// filler looks through it, so that a socket is still waited for without a
// buffer.
type receivedMeter struct {
	io.Reader
	n *atomic.Int64
}

func (m *receivedMeter) Read(p []byte) (int, error) {
	n, err := m.Reader.Read(p)
	m.n.Add(int64(max(n, 0)))
	return n, err
}

// sentMeter counts what a decoder that encodes writes to the stream below, past
// the layer's own buffer.
type sentMeter struct {
	Stream
	n *atomic.Int64
}

var _ passer = sentMeter{}

func (m sentMeter) Write(p []byte) (int, error) {
	n, err := m.Stream.Write(p)
	m.add(int64(max(n, 0)))
	return n, err
}

// Flush flushes a stream below that buffers.
func (m sentMeter) Flush() error {
	if f, ok := m.Stream.(flusher); ok {
		return f.Flush()
	}
	return nil
}

func (m sentMeter) passRead() (Stream, []byte, meter, bool) { return nil, nil, nil, false }

func (m sentMeter) passWrite() (Stream, writeMeter, bool) { return m.Stream, m, true }

func (m sentMeter) add(n int64)        { m.n.Add(n) }
func (sentMeter) carry(*transfer)      {}
func (sentMeter) over(err error) error { return err }
