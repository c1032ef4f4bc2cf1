package nats

import (
	"errors"
	"sync"
)

// embedded is the server that nats://embedded stands for: one for the whole
// process, while something needs it.
var embedded struct {
	sync.Mutex
	start func() (server string, stop func(), err error)
	users int
	at    string
	stop  func()
}

// Embed says how the server of nats://embedded is started: start returns its
// host:port, and stop ends it. Package hub calls it, so that the weight of a
// server is only in programs that import that.
func Embed(start func() (server string, stop func(), err error)) {
	embedded.Lock()
	defer embedded.Unlock()
	embedded.start = start
}

// errNoServer says how to have an embedded server.
var errNoServer = errors.New("this program brings no server along: it would have to import github.com/duplex-go/duplex/hub")

// startEmbedded returns the address of the embedded server, and what gives it
// back.
func startEmbedded() (server string, release func(), err error) {
	embedded.Lock()
	defer embedded.Unlock()
	if embedded.start == nil {
		return "", nil, errNoServer
	}
	if embedded.users == 0 {
		if embedded.at, embedded.stop, err = embedded.start(); err != nil {
			return "", nil, err
		}
	}
	embedded.users++
	return embedded.at, sync.OnceFunc(releaseEmbedded), nil
}

func releaseEmbedded() {
	embedded.Lock()
	defer embedded.Unlock()
	if embedded.users--; embedded.users == 0 {
		embedded.stop()
		embedded.stop = nil
	}
}
