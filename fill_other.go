//go:build !unix

package duplex

// socketReader is not to be had on this platform: a read that waits holds its
// buffer.
type socketReader struct{}

func newSocketReader(any) *socketReader { return nil }

func (*socketReader) read(readSize) (*chunk, error) { panic("unreachable") }

func (*socketReader) ready() bool { panic("unreachable") }
