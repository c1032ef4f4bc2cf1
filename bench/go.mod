module github.com/duplex-go/duplex/bench

go 1.26.0

require github.com/duplex-go/duplex v0.0.0

replace github.com/duplex-go/duplex => ..
