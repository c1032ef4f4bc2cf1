package quic

import "github.com/duplex-go/duplex"

// Used0RTT reports whether the connection of a stream has begun early.
func Used0RTT(s duplex.Stream) bool { return s.(*stream).conn.ConnectionState().Used0RTT }

// Established waits until the handshake of a stream's connection is done.
func Established(s duplex.Stream) { <-s.(*stream).conn.HandshakeComplete() }
