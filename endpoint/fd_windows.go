package endpoint

import (
	"net"

	"github.com/duplex-go/duplex"
)

func activated(int) error { return usage("Windows passes no sockets as descriptors") }

func takeConn(fd int) (duplex.Stream, error) { return nil, activated(fd) }

func takeListener(fd int) (net.Listener, error) { return nil, activated(fd) }
