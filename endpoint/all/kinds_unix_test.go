//go:build unix

package all_test

import (
	"fmt"
	"syscall"
	"testing"

	"github.com/duplex-go/duplex"
)

// unixKinds are those that only Unix systems have, or whose tests do.
func unixKinds() []kind {
	return []kind{
		{"fd", true, true, true, true, func(t *testing.T, _ []byte) side {
			fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
			if err != nil {
				t.Fatal(err)
			}
			return side{near: dial(t, fmt.Sprint("fd:", fds[0])), far: dial(t, fmt.Sprint("fd:", fds[1]))}
		}},
		{"pipe", true, true, true, true, func(t *testing.T, _ []byte) side {
			x, y := shortDir(t)+"/x", shortDir(t)+"/y"
			opened := make(chan duplex.Stream, 1)
			go func() { opened <- dial(t, "pipe:"+x+",write="+y) }()
			near := dial(t, "pipe:"+y+",write="+x)
			return side{near: near, far: <-opened}
		}},
		{"exec", true, true, true, true, func(t *testing.T, _ []byte) side { return behind(t, "exec", "") }},
		{"pty", true, true, false, false, func(t *testing.T, _ []byte) side { return behind(t, "pty", ",raw") }},
	}
}
