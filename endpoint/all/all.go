// Package all brings every kind of endpoint there is: importing it for its
// effect adds to package endpoint what needs other modules.
package all

import (
	_ "github.com/duplex-go/duplex/endpoint/nats"  // nats://, without nats://embedded, which is package hub
	_ "github.com/duplex-go/duplex/endpoint/proxy" // the option proxy
	_ "github.com/duplex-go/duplex/endpoint/pty"   // pty:
	_ "github.com/duplex-go/duplex/endpoint/quic"  // quic://
	_ "github.com/duplex-go/duplex/endpoint/ws"    // ws://, wss://
)
