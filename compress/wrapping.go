package compress

import (
	"encoding/binary"
	"hash"
	"hash/adler32"
	"hash/crc32"
	"io"

	"github.com/duplex-go/duplex/deflate"
)

// wrapping is what stands around deflate data, for engines that are made of
// raw writers.
type wrapping struct {
	format deflate.Format
	sum    hash.Hash32 // nil for raw data
	total  uint32
}

func newWrapping(f deflate.Format) wrapping {
	p := wrapping{format: f}
	switch f {
	case deflate.Gzip:
		p.sum = crc32.NewIEEE()
	case deflate.Zlib:
		p.sum = adler32.New()
	}
	return p
}

func (p *wrapping) reset() {
	p.total = 0
	if p.sum != nil {
		p.sum.Reset()
	}
}

// begin writes the header that o asks for.
func (p *wrapping) begin(w io.Writer, o deflate.Options) error {
	if p.format == deflate.Raw {
		return nil
	}
	z, err := deflate.NewWriter(w, o)
	if err != nil {
		return err
	}
	_, err = z.Write(nil) // the first write of a stream writes its header
	z.Reset(io.Discard)   // gives the memory back
	return err
}

// add takes account of data.
func (p *wrapping) add(data []byte) {
	if p.sum != nil {
		_, _ = p.sum.Write(data)
	}
	p.total += uint32(len(data))
}

// end writes the trailer.
func (p *wrapping) end(w io.Writer) error {
	var b [8]byte
	var n int
	switch p.format {
	case deflate.Gzip:
		binary.LittleEndian.PutUint32(b[:], p.sum.Sum32())
		binary.LittleEndian.PutUint32(b[4:], p.total)
		n = 8
	case deflate.Zlib:
		binary.BigEndian.PutUint32(b[:], p.sum.Sum32())
		n = 4
	default:
		return nil
	}
	_, err := w.Write(b[:n])
	return err
}
