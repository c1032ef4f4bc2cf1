// Package flow makes a [duplex.Stream] of a carrier of messages: of anything
// that takes messages to a peer and brings that peer's, such as a pair of NATS
// subjects. It brings what a carrier has not: credit, so that a slow reader
// stops its writer and nobody else; an end of one direction; an abort with its
// cause; and proof that nothing is missing.
//
// Both sides speak frames. Every place in a direction is its absolute offset,
// the number of bytes before it, so that whatever a carrier loses, repeats or
// brings late is seen:
//
//	DATA    offset, bytes   these bytes are at that offset
//	WINDOW  offset          bytes before it may be sent
//	ACK     offset          bytes before it have come
//	FIN     offset          the direction ends there
//	STOP    offset          nothing is read any more; so many bytes had come
//	RESET   offset, text    the stream is aborted, and why
//	PING    offset          bytes before it have been sent; answer with an ACK
//
// A frame is a byte for its kind, eight for the offset and, for DATA and RESET,
// four for the length and the payload, numbers in network order. A message is
// one or more frames.
//
// Every offset is checked before anything changes. What repeats is dropped. What
// is missing fails the stream with a [GapError]: a stream delivers all or ends
// with an error. WINDOW, FIN and PING are said again by the keep-alive, so that a
// loss of any frame is found, the last one too. What a peer may make this side
// hold is bounded by the window that it was given.
//
// With [Config.Retain] what was sent is kept until the peer acknowledges it, and
// [Stream.Rewind] sends it again: so a stream can outlive its carrier.
package flow
