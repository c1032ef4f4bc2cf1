//go:build !linux

package duplex

import (
	"errors"
	"time"
)

// epoll is not to be had on this platform: whoever waits for a socket there has
// a goroutine.
type epoll struct{}

func newEpoll() (*epoll, error) { return nil, errors.ErrUnsupported }

func (*epoll) arm(Stream, key, bool) error     { panic("unreachable") }
func (*epoll) wait([]key) ([]key, bool, error) { panic("unreachable") }
func (*epoll) setTick(time.Duration) error     { panic("unreachable") }
func (*epoll) close()                          { panic("unreachable") }
func (*epoll) free()                           { panic("unreachable") }
