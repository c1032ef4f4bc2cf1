package quic

import "github.com/duplex-go/duplex"

// Used0RTT reports whether the connection of a stream has begun early.
func Used0RTT(s duplex.Stream) bool { return s.(*stream).conn.ConnectionState().Used0RTT }

// Established waits until the handshake of a stream's connection is done.
func Established(s duplex.Stream) { <-s.(*stream).conn.HandshakeComplete() }

// Delivered waits until the peer of a stream has said that it is done with it.
func Delivered(s duplex.Stream) { <-s.(*stream).delivered }

// Over returns a channel that is closed when the connection of a stream is over.
func Over(s duplex.Stream) <-chan struct{} { return s.(*stream).conn.Context().Done() }
