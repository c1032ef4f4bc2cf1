// Package duplex works with full-duplex streams: one value that is both read
// and written, and whose two directions end separately.
//
// A [Stream] is the smallest interface that *net.TCPConn, *net.UnixConn and
// *tls.Conn satisfy as they are, so a program's own connections are streams
// already. On it stand
//
//   - [Pair], an in-memory stream with two ends;
//   - [Join], which connects two streams, carries the end of each direction to
//     the other side and leaves nothing running;
//   - [Transform], any Go encoder or decoder, used alone as a stream, as a
//     [Layer] on a connection, or as a stage of a [Pipeline];
//   - [Handle] and [Server], for programs written as callbacks.
//
// # The words
//
// The end is the orderly end of one direction: the writer calls CloseWrite and
// the reader gets io.EOF after the last byte. A stream is half-closed when one
// direction has ended and the other still flows. Close gives up both
// directions at once. Abort is a close with a cause, which the other side
// sees as an error and never as an end. The high-water mark is the number of
// bytes that may wait in a direction before its writer waits too.
//
// # The contract of a stream
//
//  1. Bytes arrive in order, whole and once. A reader sees io.EOF only after
//     every byte written before the end; a cut is an error, never io.EOF.
//  2. CloseWrite sends what is buffered, then ends that direction. Calling it
//     twice is harmless.
//  3. Close unblocks every pending call. Afterwards calls return an error for
//     which errors.Is(err, net.ErrClosed) is true.
//  4. One reader and one writer may run at once. Writers that run at once are
//     served one after the other; their bytes are never interleaved.
//  5. A slow reader stops its writer. Memory is bounded by configuration, never
//     by the peer.
//  6. The first error wins and is kept.
//  7. A stream that cannot half-close says so: see [CanCloseWrite].
//
// Package duplextest checks any implementation against this contract.
package duplex
