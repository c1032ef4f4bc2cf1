package deflate

import "net"

// ErrClosed is what a Writer returns from Write, Flush and Params after Close
// or Flush(Finish). It matches net.ErrClosed, as every stream's does.
var ErrClosed error = closedError{}

// closedError is the one ErrClosed; net.ErrClosed's own text would speak of a
// network connection.
type closedError struct{}

func (closedError) Error() string        { return "deflate: writer is closed" }
func (closedError) Is(target error) bool { return target == net.ErrClosed }
