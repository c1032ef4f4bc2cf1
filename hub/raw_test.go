package hub_test

import (
	"bufio"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"
)

// raw is a peer that writes what it likes.
type raw struct {
	*testing.T
	conn  net.Conn
	lines *bufio.Scanner
}

func dialRaw(t *testing.T, addr string) *raw {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	_ = c.SetDeadline(time.Now().Add(patience))
	return &raw{t, c, bufio.NewScanner(c)}
}

// say writes; the hub may have cut the connection already.
func (r *raw) say(format string, v ...any) { _, _ = fmt.Fprintf(r.conn, format, v...) }

// hears reads up to a line that begins so.
func (r *raw) hears(want string) {
	r.Helper()
	for r.lines.Scan() {
		if strings.HasPrefix(r.lines.Text(), want) {
			return
		}
	}
	r.Errorf("%q has not come: %v", want, r.lines.Err())
}

// isCutOff reads until the connection is over.
func (r *raw) isCutOff() {
	r.Helper()
	for r.lines.Scan() {
	}
	if late, ok := r.lines.Err().(net.Error); ok && late.Timeout() {
		r.Error("the hub has not cut the connection")
	}
}
