// Package peer holds what echo and idle have in common of the servers that they
// compare with.
package peer

import "github.com/cloudwego/netpoll"

// Reply sends back what there is to read of c, without a copy where netpoll can.
// It is for netpoll's OnRequest, which is called whenever there is something.
func Reply(c netpoll.Connection) error {
	r, w := c.Reader(), c.Writer()
	p, err := r.Next(r.Len())
	if err != nil {
		return err
	}
	if _, err := w.WriteBinary(p); err != nil {
		return err
	}
	if err := w.Flush(); err != nil { // p has gone then, or the connection
		return err
	}
	return r.Release()
}
