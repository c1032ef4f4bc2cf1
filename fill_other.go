//go:build !unix

package duplex

import "net"

// socketReader is not to be had on this platform: a read that waits holds its
// buffer.
type socketReader struct{}

func newSocketReader(any) *socketReader { return nil }

func (*socketReader) read(*chunk, readSize) (*chunk, error) { panic("unreachable") }

func (*socketReader) ready() bool { panic("unreachable") }

// writeState returns nil: only Unix can ask a socket without a write.
func writeState(net.Conn) error { return nil }
