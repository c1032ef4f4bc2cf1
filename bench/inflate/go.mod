module github.com/duplex-go/duplex/bench/inflate

go 1.26.0

require (
	github.com/duplex-go/duplex v0.0.0
	github.com/klauspost/compress v1.20.3
)

replace github.com/duplex-go/duplex => ../..
