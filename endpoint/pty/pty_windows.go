package pty

import (
	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/endpoint"
)

func open(*endpoint.Spec) (duplex.Stream, error) {
	return nil, endpoint.Usagef("Windows has no such terminals; exec: runs a command without one")
}
