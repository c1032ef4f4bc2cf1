// Package compress puts compression on streams: gzip, zlib, raw deflate,
// Zstandard and Brotli as transforms of package duplex.
//
// A transform stands alone as a stream, is half of a layer on a connection, or
// is a stage of a pipeline:
//
//	s := compress.Gzip(compress.Options{}).Stream()
//	s := duplex.Layer(conn, compress.GzipCodec(compress.Options{}, compress.DecoderOptions{}))
//	err := duplex.Pipeline(ctx, duplex.From(in), compress.Gunzip(compress.DecoderOptions{}), duplex.To(out))
//
// Gzip, Deflate and RawDeflate write the bytes that zlib writes; see package
// deflate. The zero value of every options struct suits a stream for every
// connection.
//
// # Encoders
//
// What one call makes an encoder give reaches the writer below in one write, if
// it is not more than 32 KiB. A flush with nothing to flush writes nothing.
// Flush, Params and Reset do to a live stream what only its encoder can. The
// memory of an encoder comes from a pool at the first byte and goes back at the
// end.
//
// # Decoders
//
// A decoder reads nothing before it is read from, returns every byte as soon as
// it can be decoded, and returns io.EOF only where the format's end was whole:
// input that is cut, or that is missing altogether, is io.ErrUnexpectedEOF.
// Other failures match the kinds of package deflate, whatever the format:
// deflate.ErrHeader, ErrCorrupt, ErrChecksum, ErrTooLarge and so on. What was
// decoded before a failure is returned first. After a deadline they go on.
//
// Every decoder can be limited in what it gives (MaxOutput) and in how far its
// input may expand (MaxRatio), while it streams: the limits count decoded bytes.
package compress
