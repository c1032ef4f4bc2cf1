package duplex_test

import (
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"encoding/base64"
	"encoding/hex"
	"io"

	"github.com/duplex-go/duplex"
)

// The codecs of the standard library, as a program would name them.
var (
	stdGzip = duplex.Codec{
		Encode: duplex.Encoder(gzip.NewWriter).Named("gzip"),
		Decode: duplex.TryDecoder(gzip.NewReader).Named("gunzip"),
	}
	stdZlib = duplex.Codec{
		Encode: duplex.Encoder(zlib.NewWriter).Named("zlib"),
		Decode: duplex.TryDecoder(zlib.NewReader).Named("unzlib"),
	}
	stdFlate = duplex.Codec{
		Encode: duplex.TryEncoder(func(w io.Writer) (*flate.Writer, error) { return flate.NewWriter(w, 6) }).Named("deflate"),
		Decode: duplex.Decoder(flate.NewReader).Named("inflate"),
	}
	stdHex = duplex.Codec{
		Encode: duplex.Encoder(func(w io.Writer) hexWriter { return hexWriter{hex.NewEncoder(w)} }).Named("hex"),
		Decode: duplex.Decoder(hex.NewDecoder).Named("unhex"),
	}
	stdBase64 = duplex.Codec{
		Encode: duplex.Encoder(func(w io.Writer) io.WriteCloser { return base64.NewEncoder(base64.StdEncoding, w) }).Named("base64"),
		Decode: duplex.Decoder(func(r io.Reader) io.Reader { return base64.NewDecoder(base64.StdEncoding, r) }).Named("unbase64"),
	}
	stdXor = duplex.Codec{Encode: xorMap, Decode: xorMap}
)

// stdCodecs are all of them.
var stdCodecs = []duplex.Codec{stdGzip, stdZlib, stdFlate, stdHex, stdBase64, stdXor}

// hexWriter gives hex.NewEncoder the Close that it has not got.
type hexWriter struct{ io.Writer }

func (hexWriter) Close() error { return nil }

var xorMap = duplex.Map(func(p []byte) []byte {
	for i := range p {
		p[i] ^= 0x5a
	}
	return p
}).Named("xor")
